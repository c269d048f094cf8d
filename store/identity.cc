// The file is written aside, synced and renamed, so that it is there whole or not at all.
#include "store/identity.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <cstring>

#include "store/crc.h"

namespace millrace::store {
namespace {

constexpr std::string_view kMagic = "MILLSEC1";
constexpr std::size_t kBodyBytes = kMagic.size() + sizeof(StoreId) + sizeof(HashSecret);
constexpr std::size_t kFileBytes = kBodyBytes + sizeof(std::uint32_t);
using FileBytes = std::array<std::byte, kFileBytes>;

FileBytes encode(const Identity& identity) {
  FileBytes bytes;
  std::byte* at = bytes.data();
  const auto append = [&at](const void* from, std::size_t count) {
    std::memcpy(at, from, count);
    at += count;
  };
  append(kMagic.data(), kMagic.size());
  append(&identity.id, sizeof(identity.id));
  append(identity.secret.data(), identity.secret.size());
  const std::uint32_t crc = crc32_update(0, std::span(bytes).first(kBodyBytes));
  append(&crc, sizeof(crc));
  return bytes;
}

bool decode(const FileBytes& bytes, Identity& identity) {
  std::uint32_t crc;
  std::memcpy(&crc, bytes.data() + kBodyBytes, sizeof(crc));
  if (std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0) return false;
  if (crc != crc32_update(0, std::span(bytes).first(kBodyBytes))) return false;
  std::memcpy(&identity.id, bytes.data() + kMagic.size(), sizeof(identity.id));
  std::memcpy(identity.secret.data(), bytes.data() + kMagic.size() + sizeof(StoreId), sizeof(identity.secret));
  return true;
}

constexpr const char* kFileName = "store.secret";

}  // namespace

rt::Result<Identity> read_identity(Disk& disk, const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kFileName;
  if (!disk.exists(path)) return rt::fail(rt::Code::kNotFound, path.string() + " is missing");
  auto file = disk.open(path, Access::kRead, Caching::kCached);
  if (!file) return pass(file);
  FileBytes bytes;
  auto got = (*file)->read(0, bytes);
  if (!got) return pass(got);
  Identity identity;
  if (*got == bytes.size() && decode(bytes, identity)) return identity;
  return rt::fail(
      rt::Code::kDamaged,
      fmt::format("{} is damaged; with a new one only deduplication against what is stored is lost", path.string()));
}

rt::Result<Identity> draw_identity(std::optional<StoreId> known) {
  Identity identity;
  const bool drawn =
      ::getrandom(&identity.id, sizeof(identity.id), 0) == sizeof(identity.id) &&
      ::getrandom(identity.secret.data(), identity.secret.size(), 0) == static_cast<ssize_t>(identity.secret.size());
  if (!drawn) return rt::fail(rt::Code::kIo, "the kernel gives no random numbers");
  if (known) identity.id = *known;
  return identity;
}

rt::Status write_identity(Disk& disk, const std::filesystem::path& directory, const Identity& identity) {
  const std::filesystem::path path = directory / kFileName;
  const std::filesystem::path aside = path.string() + ".new";
  auto file = disk.open(aside, Access::kCreate, Caching::kCached);
  if (!file) return pass(file);
  const FileBytes bytes = encode(identity);
  const std::span<const std::byte> piece(bytes);
  rt::Status done = (*file)->write(0, {&piece, 1});
  if (done) done = (*file)->sync();
  if (done && disk.exists(path)) done = disk.rename(path, path.string() + ".damaged");
  if (done) done = disk.rename(aside, path);
  if (done) done = disk.sync_directory(directory);
  return done;
}

}  // namespace millrace::store
