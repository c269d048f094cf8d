#include "media/tenants/secret.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <span>
#include <utility>

#include "server/http/crypto.h"

namespace millrace::media {
namespace {

class File {
 public:
  File(const std::filesystem::path& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<rt::Error> io_error(const std::filesystem::path& file) {
  return rt::fail(rt::Code::kIo, file.string() + ": " + std::strerror(errno));
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

rt::Status write_private_file(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path fresh = file.string() + ".new";
  {
    File out(fresh, O_WRONLY | O_CREAT | O_TRUNC);
    if (out.get() < 0 || ::fchmod(out.get(), 0600) != 0) return io_error(fresh);
    if (!write_all(out.get(), text) || ::fsync(out.get()) != 0) return io_error(fresh);
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) return io_error(file);
  File folder(file.has_parent_path() ? file.parent_path() : ".", O_RDONLY | O_DIRECTORY);
  if (folder.get() < 0 || ::fsync(folder.get()) != 0) return io_error(file.parent_path());
  return {};
}

rt::Result<ServerSecret> load_server_secret(const std::filesystem::path& file) {
  ServerSecret secret;
  File in(file, O_RDONLY);
  if (in.get() < 0) {
    if (errno != ENOENT) return io_error(file);
    http::random_bytes(secret);
    const std::string_view text(reinterpret_cast<const char*>(secret.data()), secret.size());
    if (auto written = write_private_file(file, text); !written) return rt::pass(written);
    return secret;
  }
  char bytes[sizeof(secret) + 1];
  const auto length = ::read(in.get(), bytes, sizeof(bytes));
  if (length < 0) return io_error(file);
  if (length != static_cast<ssize_t>(secret.size())) {
    return rt::fail(rt::Code::kDamaged, file.string() + " does not hold 32 bytes; restore it from a backup");
  }
  std::memcpy(secret.data(), bytes, secret.size());
  return secret;
}

}  // namespace millrace::media
