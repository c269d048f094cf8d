// The disk behind one seam, so that a power cut is a unit test: PosixDisk (disk_posix.cc) is the real one, the tests'
// fake forgets whatever was not synced. Thread-safe. ENOSPC is kFull, a memory error or EIO is kIo; nothing retries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/rt/bytes.h"
#include "server/rt/error.h"

namespace millrace::store {

inline constexpr std::size_t kDiskBlockBytes = 4096;

// File bytes seen through the page cache. Bytes behind the end of the file may be mapped but must not be touched.
class Mapping : public rt::Owner {
 public:
  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  // Whether reading these bytes now waits for no disk.
  virtual bool resident(std::uint64_t offset, std::size_t length) const = 0;
  // Brings them into memory; blocks. An unreadable sector is an error here instead of a signal later.
  virtual rt::Status populate(std::uint64_t offset, std::size_t length) const = 0;
  // Starts reading ahead; does not block.
  virtual void will_need(std::uint64_t offset, std::size_t length) const = 0;

 protected:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

class File {
 public:
  using Pieces = std::span<const std::span<const std::byte>>;
  virtual ~File() = default;
  // All of the pieces in a row, or an error. A direct file wants offset, addresses and lengths in whole blocks.
  virtual rt::Status write(std::uint64_t offset, Pieces pieces) = 0;
  // Returns how many bytes there were; fewer than asked only at the end of the file.
  virtual rt::Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const = 0;
  // Contents and size are on stable storage when this returns. After an error nothing is known about them.
  virtual rt::Status sync() = 0;
  // Reserves space without changing the size.
  virtual rt::Status allocate(std::uint64_t offset, std::uint64_t length) = 0;
  // Sets the size and gives back what was reserved behind it.
  virtual rt::Status truncate(std::uint64_t size) = 0;
  virtual rt::Status punch(std::uint64_t offset, std::uint64_t length) = 0;
  virtual rt::Result<std::uint64_t> size() const = 0;
  virtual std::uint64_t allocated_bytes() const = 0;
  virtual rt::Result<rt::Ref<Mapping>> map(std::uint64_t length) const = 0;
};

enum class Access : std::uint8_t { kRead, kReadWrite, kCreate };  // kCreate: makes it, or empties what is there
enum class Caching : std::uint8_t { kCached, kDirect };

// Held by one process at a time until destroyed.
class DiskLock {
 public:
  virtual ~DiskLock() = default;
};

class Disk {
 public:
  virtual ~Disk() = default;
  virtual rt::Result<std::unique_ptr<File>> open(const std::filesystem::path& path, Access access, Caching caching) = 0;
  virtual rt::Status rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  virtual rt::Status unlink(const std::filesystem::path& path) = 0;
  virtual rt::Status make_directory(const std::filesystem::path& path) = 0;
  // Names created, renamed or removed in the directory are on stable storage when this returns.
  virtual rt::Status sync_directory(const std::filesystem::path& path) = 0;
  virtual rt::Result<std::vector<std::string>> list(const std::filesystem::path& directory) const = 0;
  virtual bool exists(const std::filesystem::path& path) const = 0;
  virtual rt::Result<std::uint64_t> free_bytes(const std::filesystem::path& directory) const = 0;
  // Whether writing around the page cache works and pays here; not on a file system that lives in memory.
  virtual bool prefers_direct(const std::filesystem::path& directory) const = 0;
  // kConflict when another process holds it.
  virtual rt::Result<std::unique_ptr<DiskLock>> lock(const std::filesystem::path& path) = 0;
};

// Keeps no state; several may exist.
std::unique_ptr<Disk> posix_disk();

}  // namespace millrace::store
