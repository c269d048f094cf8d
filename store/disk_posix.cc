// The disk of a Linux machine. Every function is one system call and the translation of its errno.
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <vector>

#include "store/disk.h"

namespace millrace::store {
namespace {

rt::Error system_error(const char* what, const std::string& path, int number = errno) {
  const bool full = number == ENOSPC || number == EDQUOT;
  const rt::Code code = full ? rt::Code::kFull : number == ENOENT ? rt::Code::kNotFound : rt::Code::kIo;
  return {code, fmt::format("{} {}: {}", what, path, std::strerror(number))};
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int get() const { return number_; }

 private:
  int number_;
};

std::uint64_t page_floor(std::uint64_t offset) { return offset / kDiskBlockBytes * kDiskBlockBytes; }

class PosixMapping final : public Mapping {
 public:
  PosixMapping(std::byte* data, std::size_t size, std::string path) : path_(std::move(path)) {
    data_ = data;
    size_ = size;
  }

  bool resident(std::uint64_t offset, std::size_t length) const override {
    constexpr std::size_t kPagesPerCall = 4096;
    std::array<unsigned char, kPagesPerCall> pages;
    const std::uint64_t end = offset + length;
    for (std::uint64_t at = page_floor(offset); at < end;) {
      const std::uint64_t stop = std::min<std::uint64_t>(end, at + kPagesPerCall * kDiskBlockBytes);
      if (::mincore(address(at), stop - at, pages.data()) != 0) return false;
      const std::size_t count = (stop - at + kDiskBlockBytes - 1) / kDiskBlockBytes;
      if (std::any_of(pages.begin(), pages.begin() + count, [](unsigned char page) { return (page & 1) == 0; })) {
        return false;
      }
      at = stop;
    }
    return true;
  }

  rt::Status populate(std::uint64_t offset, std::size_t length) const override {
    const std::uint64_t start = page_floor(offset);
    while (::madvise(address(start), offset + length - start, MADV_POPULATE_READ) != 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      if (errno == EINVAL) return {};  // a kernel without it: the read itself will fault the pages in
      return std::unexpected(system_error("read", path_));
    }
    return {};
  }

  void will_need(std::uint64_t offset, std::size_t length) const override {
    const std::uint64_t start = page_floor(offset);
    if (start >= size_) return;
    ::madvise(address(start), std::min<std::uint64_t>(offset + length, size_) - start, MADV_WILLNEED);
  }

 private:
  void* address(std::uint64_t offset) const { return const_cast<std::byte*>(data_) + offset; }
  void dispose() noexcept override {
    ::munmap(const_cast<std::byte*>(data_), size_);
    delete this;
  }
  std::string path_;
};

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, std::string path) : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  rt::Status write(std::uint64_t offset, Pieces pieces) override {
    std::vector<iovec> vectors;
    vectors.reserve(pieces.size());
    for (auto piece : pieces) vectors.push_back({const_cast<std::byte*>(piece.data()), piece.size()});
    for (std::size_t first = 0; first < vectors.size();) {
      const auto count = static_cast<int>(std::min<std::size_t>(vectors.size() - first, IOV_MAX));
      const ssize_t written = ::pwritev(fd(), vectors.data() + first, count, static_cast<off_t>(offset));
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return std::unexpected(system_error("write", path_));
      offset += static_cast<std::uint64_t>(written);
      first = skip(vectors, first, static_cast<std::size_t>(written));
    }
    return {};
  }

  rt::Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = ::pread(fd(), into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return std::unexpected(system_error("read", path_));
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
      if (done % kDiskBlockBytes != 0) break;  // the end; a direct read must not go on from an odd offset
    }
    return done;
  }

  rt::Status sync() override { return check(::fdatasync(fd()), "sync"); }

  rt::Status allocate(std::uint64_t offset, std::uint64_t length) override {
    const int result = ::fallocate(fd(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(length));
    if (result != 0 && errno == EOPNOTSUPP) return {};
    return check(result, "allocate");
  }

  rt::Status truncate(std::uint64_t size) override {
    return check(::ftruncate(fd(), static_cast<off_t>(size)), "truncate");
  }

  rt::Status punch(std::uint64_t offset, std::uint64_t length) override {
    const int result = ::fallocate(fd(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                                   static_cast<off_t>(length));
    if (result != 0 && errno == EOPNOTSUPP) return {};
    return check(result, "punch a hole into");
  }

  rt::Result<std::uint64_t> size() const override {
    struct stat status;
    if (::fstat(fd(), &status) != 0) return std::unexpected(system_error("stat", path_));
    return static_cast<std::uint64_t>(status.st_size);
  }

  std::uint64_t allocated_bytes() const override {
    struct stat status;
    return ::fstat(fd(), &status) == 0 ? static_cast<std::uint64_t>(status.st_blocks) * 512 : 0;
  }

  rt::Result<rt::Ref<Mapping>> map(std::uint64_t length) const override {
    void* memory = ::mmap(nullptr, length, PROT_READ, MAP_SHARED, fd(), 0);
    if (memory == MAP_FAILED) return std::unexpected(system_error("map", path_));
    return rt::Ref<Mapping>::adopt(new PosixMapping(static_cast<std::byte*>(memory), length, path_));
  }

 private:
  int fd() const { return descriptor_.get(); }
  rt::Status check(int result, const char* what) const {
    if (result != 0) return std::unexpected(system_error(what, path_));
    return {};
  }
  static std::size_t skip(std::vector<iovec>& vectors, std::size_t first, std::size_t written) {
    while (first < vectors.size() && written >= vectors[first].iov_len) written -= vectors[first++].iov_len;
    if (written > 0) {
      vectors[first].iov_base = static_cast<std::byte*>(vectors[first].iov_base) + written;
      vectors[first].iov_len -= written;
    }
    return first;
  }

  Descriptor descriptor_;
  std::string path_;
};

class PosixLock final : public DiskLock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

int open_flags(Access access, Caching caching) {
  int flags = O_CLOEXEC | (access == Access::kRead ? O_RDONLY : O_RDWR);
  if (access == Access::kCreate) flags |= O_CREAT | O_TRUNC;
  if (caching == Caching::kDirect) flags |= O_DIRECT;
  return flags;
}

class PosixDisk final : public Disk {
 public:
  rt::Result<std::unique_ptr<File>> open(const std::filesystem::path& path, Access access, Caching caching) override {
    Descriptor descriptor(::open(path.c_str(), open_flags(access, caching), 0600));
    if (descriptor.get() < 0) return std::unexpected(system_error("open", path));
    return std::make_unique<PosixFile>(std::move(descriptor), path);
  }

  rt::Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return std::unexpected(system_error("rename", from));
    return {};
  }

  rt::Status unlink(const std::filesystem::path& path) override {
    if (::unlink(path.c_str()) != 0) return std::unexpected(system_error("remove", path));
    return {};
  }

  rt::Status make_directory(const std::filesystem::path& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return std::unexpected(system_error("make directory", path, error.value()));
    return {};
  }

  rt::Status sync_directory(const std::filesystem::path& path) override {
    Descriptor descriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (descriptor.get() < 0 || ::fsync(descriptor.get()) != 0) return std::unexpected(system_error("sync", path));
    return {};
  }

  rt::Result<std::vector<std::string>> list(const std::filesystem::path& directory) const override {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entries(directory, error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
      names.push_back(entries->path().filename());
    }
    if (error) return std::unexpected(system_error("list", directory, error.value()));
    std::ranges::sort(names);
    return names;
  }

  bool exists(const std::filesystem::path& path) const override { return ::access(path.c_str(), F_OK) == 0; }

  rt::Result<std::uint64_t> free_bytes(const std::filesystem::path& directory) const override {
    struct statvfs status;
    if (::statvfs(directory.c_str(), &status) != 0) return std::unexpected(system_error("stat", directory));
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
  }

  bool prefers_direct(const std::filesystem::path& directory) const override {
    struct statfs status;
    if (::statfs(directory.c_str(), &status) != 0 || status.f_type == TMPFS_MAGIC) return false;
    const auto probe = directory / "direct.probe";
    Descriptor descriptor(::open(probe.c_str(), O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600));
    ::unlink(probe.c_str());
    return descriptor.get() >= 0;
  }

  rt::Result<std::unique_ptr<DiskLock>> lock(const std::filesystem::path& path) override {
    Descriptor descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (descriptor.get() < 0) return std::unexpected(system_error("open", path));
    if (::flock(descriptor.get(), LOCK_EX | LOCK_NB) != 0) {
      return rt::fail(rt::Code::kConflict, fmt::format("{} is held by another process", path.string()));
    }
    return std::make_unique<PosixLock>(std::move(descriptor));
  }
};

}  // namespace

std::unique_ptr<Disk> posix_disk() { return std::make_unique<PosixDisk>(); }

}  // namespace millrace::store
