#include "media/processing/workspace.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace millrace::media {
namespace {

constexpr std::size_t kCopyBytes = 1 << 20;
constexpr std::size_t kPieceBytes = 256 << 10;
// Left free for the store and everyone else.
constexpr std::uint64_t kRoomLeftBytes = 256ull << 20;

std::unexpected<rt::Error> io_error(const char* what) {
  const auto code = errno == ENOSPC ? rt::Code::kFull : rt::Code::kIo;
  return rt::fail(code, std::string(what) + " a job's file: " + std::strerror(errno));
}

std::unexpected<rt::Error> stopped() { return rt::fail(rt::Code::kCancelled, "the job was stopped"); }

rt::Result<JobFile> create(const std::filesystem::path& path, std::uint64_t bytes) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor < 0) return io_error("create");
  JobFile file(descriptor);
  if (::ftruncate(descriptor, static_cast<off_t>(bytes)) != 0) return io_error("create");
  return file;
}

rt::Status write_at(int file, std::uint64_t offset, const rt::Slices& slices) {
  for (const rt::Slice& slice : slices) {
    for (std::size_t written = 0; written < slice.size();) {
      const ssize_t done =
          ::pwrite(file, slice.data() + written, slice.size() - written, static_cast<off_t>(offset + written));
      if (done < 0 && errno == EINTR) continue;
      if (done <= 0) return io_error("write");
      written += static_cast<std::size_t>(done);
    }
    offset += slice.size();
  }
  return {};
}

rt::Status check_room(const std::filesystem::path& directory, std::uint64_t bytes) {
  struct statvfs disk = {};
  if (::statvfs(directory.c_str(), &disk) != 0) return io_error("make room for");
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  if (free >= kRoomLeftBytes && free - kRoomLeftBytes >= bytes) return {};
  return rt::fail(rt::Code::kFull, "the disk has no room to process it now");
}

// Bytes on their way from a result to the store; they count against the budget.
class Piece final : public rt::Owner {
 public:
  explicit Piece(rt::Budget& budget) : budget_(budget), bytes_(new std::byte[kPieceBytes]) {
    budget_.charge(kPieceBytes);
  }
  std::byte* data() noexcept { return bytes_.get(); }

 private:
  ~Piece() override { budget_.refund(kPieceBytes); }
  void dispose() noexcept override { delete this; }

  rt::Budget& budget_;
  std::unique_ptr<std::byte[]> bytes_;
};

std::size_t read_into(int file, std::uint64_t offset, char* to, std::size_t length) {
  std::size_t got = 0;
  while (got < length) {
    const ssize_t done = ::pread(file, to + got, length - got, static_cast<off_t>(offset + got));
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) break;
    got += static_cast<std::size_t>(done);
  }
  return got;
}

rt::Result<rt::Slice> read_piece(int file, std::uint64_t offset, std::size_t length, rt::Budget& budget) {
  auto piece = rt::Ref<Piece>::adopt(new Piece(budget));
  if (read_into(file, offset, reinterpret_cast<char*>(piece->data()), length) < length) return io_error("read");
  const std::byte* const data = piece->data();
  return rt::Slice(rt::Ref<rt::Owner>::share(piece.get()), data, length);
}

}  // namespace

JobFile::~JobFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

rt::Result<std::pair<JobFile, std::uint64_t>> open_result(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (descriptor < 0) return io_error("open");
  JobFile file(descriptor);
  struct stat found = {};
  if (::fstat(descriptor, &found) != 0) return io_error("open");
  if (!S_ISREG(found.st_mode)) return rt::fail(rt::Code::kIo, "a job's result is no plain file");
  return std::pair(std::move(file), static_cast<std::uint64_t>(found.st_size));
}

std::string read_at(int file, std::uint64_t offset, std::size_t length) {
  std::string bytes(length, '\0');
  bytes.resize(read_into(file, offset, bytes.data(), length));
  return bytes;
}

Workspace::Workspace(store::Store& store, const Jail& jail, rt::Pool& io, rt::Budget& budget, Path directory)
    : store_(store), jail_(jail), io_(io), budget_(budget), directory_(std::filesystem::absolute(directory)) {
  std::error_code ignored;  // what cannot be removed is met again, and named, when a job needs the place
  std::filesystem::remove_all(directory_, ignored);
  std::filesystem::create_directories(directory_, ignored);
}

rt::Task<rt::Result<Workspace::Path>> Workspace::open(std::string job_id, std::uint64_t bytes) {
  Path directory = directory_ / job_id;
  rt::Status made = co_await io_.run([&] { return jail_.make_directory(directory); });
  if (made) made = co_await io_.run([&] { return check_room(directory, bytes); });
  if (made) co_return directory;
  co_await close(directory);
  co_return rt::pass(made);
}

rt::Task<rt::Status> Workspace::has_room(Path directory) {
  co_return co_await io_.run([&] { return check_room(directory, 0); });
}

rt::Task<void> Workspace::close(Path directory) {
  co_await io_.run([&] {
    std::error_code ignored;  // removed at the next start
    return std::filesystem::remove_all(directory, ignored);
  });
}

rt::Task<rt::Result<JobFile>> Workspace::make_file(Path path, std::uint64_t bytes) {
  co_return co_await io_.run([&] { return create(path, bytes); });
}

rt::Task<rt::Status> Workspace::lay(store::ObjectId object, std::uint64_t offset, std::uint64_t length, int file,
                                    JobRun& run) {
  auto reader = co_await store_.read(object, offset, length);
  if (!reader) co_return rt::pass(reader);
  while ((*reader)->remaining_bytes() > 0) {
    if (run.stopping()) co_return stopped();
    auto slices = co_await (*reader)->next(kCopyBytes);
    if (!slices) co_return rt::pass(slices);
    rt::Status written = co_await io_.run([&] { return write_at(file, offset, *slices); });
    if (!written) co_return written;
    offset += rt::total_bytes(*slices);
  }
  co_return rt::Status();
}

rt::Task<rt::Status> Workspace::lay_whole(store::ObjectId object, std::uint64_t bytes, Path path, JobRun& run) {
  auto file = co_await make_file(std::move(path), bytes);
  if (!file) co_return rt::pass(file);
  co_return co_await lay(object, 0, bytes, file->descriptor(), run);
}

rt::Task<bool> Workspace::holds(Path path) {
  co_return co_await io_.run([&] {
    const auto opened = open_result(path);
    return opened && opened->second > 0;
  });
}

rt::Task<rt::Result<Kept>> Workspace::keep(Path path, std::string tenant, JobRun& run) {
  auto opened = co_await io_.run([&] { return open_result(path); });
  if (!opened) co_return rt::pass(opened);
  const int file = opened->first.descriptor();
  const std::uint64_t size = opened->second;
  const auto writer = store_.writer(std::move(tenant));
  for (std::uint64_t offset = 0; offset < size; offset += kPieceBytes) {
    if (run.stopping()) co_return stopped();
    const std::size_t length = std::min<std::uint64_t>(kPieceBytes, size - offset);
    auto slice = co_await io_.run([&] { return read_piece(file, offset, length, budget_); });
    if (!slice) co_return rt::pass(slice);
    rt::Status appended = co_await writer->append(std::move(*slice));
    if (!appended) co_return rt::pass(appended);
  }
  auto draft = co_await writer->finish();
  if (!draft) co_return rt::pass(draft);
  co_return Kept{std::move(*draft), size};
}

rt::Task<rt::Result<std::string>> Workspace::read_start(Path path, std::size_t bytes_max) {
  auto opened = co_await io_.run([&] { return open_result(path); });
  if (!opened) co_return rt::pass(opened);
  const std::size_t length = std::min<std::uint64_t>(opened->second, bytes_max);
  co_return co_await io_.run([&] { return read_at(opened->first.descriptor(), 0, length); });
}

}  // namespace millrace::media
