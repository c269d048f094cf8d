#include "media/processing/probe.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace millrace::media {
namespace {

constexpr std::size_t kCopyBytes = 1 << 20;
constexpr std::string_view kPdfMagic = "%PDF-";

// The file that the jail sees; closes itself.
class JobFile {
 public:
  explicit JobFile(int descriptor) : descriptor_(descriptor) {}
  JobFile(JobFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  JobFile& operator=(JobFile&&) = delete;
  ~JobFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<rt::Error> io_error(const char* what) {
  const auto code = errno == ENOSPC ? rt::Code::kFull : rt::Code::kIo;
  return rt::fail(code, std::string(what) + " the probe's copy: " + std::strerror(errno));
}

// `bytes` long and full of holes until it is written.
rt::Result<JobFile> make_file(const std::filesystem::path& path, std::uint64_t bytes) {
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

bool is_pdf(int file) {
  std::array<char, kPdfMagic.size()> head = {};
  return ::pread(file, head.data(), head.size(), 0) == static_cast<ssize_t>(head.size()) &&
         std::string_view(head.data(), head.size()) == kPdfMagic;
}

// A media that was deleted while its job ran stays deleted; the outcome is what recover() brings back.
void set_status(Media& media, MediaStatus status) {
  (media.status == MediaStatus::kSoftDeleted ? media.status_before_delete : media.status) = status;
}

bool is_preparing(const Media& media) {
  const bool deleted = media.status == MediaStatus::kSoftDeleted;
  return (deleted ? media.status_before_delete : media.status) == MediaStatus::kPreparing;
}

std::string first_line(const std::string& text) { return text.substr(0, std::min<std::size_t>(text.find('\n'), 300)); }

}  // namespace

Probe::Probe(store::Store& store, Catalog& catalog, Jail& jail, rt::Pool& io, std::filesystem::path directory,
             std::string ffprobe)
    : store_(store),
      catalog_(catalog),
      jail_(jail),
      io_(io),
      directory_(std::filesystem::absolute(directory)),
      ffprobe_(std::move(ffprobe)) {
  std::error_code ignored;  // what cannot be removed is met again, and named, when a job needs the place
  std::filesystem::remove_all(directory_, ignored);
  std::filesystem::create_directories(directory_, ignored);
}

JobKind Probe::kind() {
  JobKind kind;
  kind.run = [this](JobRun& job) { return run(job); };
  kind.gave_up = [this](const Job& job, const rt::Error& error) { return mark_errored(job, error.message); };
  kind.concurrency = 2;
  return kind;
}

rt::Task<rt::Status> Probe::run(JobRun& run) {
  const std::string tenant = run.job().tenant;
  const std::string id = run.job().subject;
  auto media = co_await catalog_.get(tenant, id);
  if (!media) co_return rt::pass(media);
  if (!is_preparing(*media)) co_return rt::Status();

  const std::filesystem::path directory = directory_ / run.job().id;
  rt::Status made = co_await io_.run([&] { return jail_.make_directory(directory); });
  if (!made) co_return made;
  auto probed = co_await examine(*media, directory, run);
  co_await io_.run([&] {
    std::error_code ignored;  // removed at the next start
    return std::filesystem::remove_all(directory, ignored);
  });
  if (!probed) co_return rt::pass(probed);

  auto updated = co_await catalog_.update(tenant, id, [&](Media& current) -> rt::Status {
    if (!is_preparing(current)) return {};
    current.type = probed->type;
    current.probe = probed->result;
    current.error.clear();
    set_status(current, MediaStatus::kReady);
    return {};
  });
  if (!updated) co_return rt::pass(updated);
  co_return rt::Status();
}

rt::Task<rt::Result<Probed>> Probe::examine(const Media& media, const std::filesystem::path& directory, JobRun& run) {
  const std::uint64_t size = media.size_bytes;
  auto file = co_await io_.run([&] { return make_file(directory / "input", size); });
  if (!file) co_return rt::pass(file);

  const std::uint64_t end_bytes = size <= kProbeWholeBytes ? size : kProbeWholeBytes / 2;
  rt::Status copied = co_await copy_range(media.object, 0, end_bytes, file->descriptor(), run);
  if (!copied) co_return rt::pass(copied);
  const bool pdf = co_await io_.run([&] { return is_pdf(file->descriptor()); });
  if (pdf) {
    Probed document;
    document.type = MediaType::kDocument;
    document.result.container = "pdf";
    co_return document;
  }
  if (size <= kProbeWholeBytes) co_return co_await ffprobe(directory, run);

  copied = co_await copy_range(media.object, size - end_bytes, end_bytes, file->descriptor(), run);
  if (!copied) co_return rt::pass(copied);
  auto probed = co_await ffprobe(directory, run);
  if (probed || probed.error().code != rt::Code::kUnprocessable) co_return probed;

  copied = co_await copy_range(media.object, end_bytes, size - 2 * end_bytes, file->descriptor(), run);
  if (!copied) co_return rt::pass(copied);
  co_return co_await ffprobe(directory, run);
}

rt::Task<rt::Result<Probed>> Probe::ffprobe(const std::filesystem::path& directory, JobRun& run) {
  ProcessStop stop;
  run.on_stop([&stop] { stop.ask(); });
  std::vector<std::string> command = {ffprobe_,
                                      "-v",
                                      "error",
                                      "-protocol_whitelist",
                                      "file",
                                      "-print_format",
                                      "json=compact=1",
                                      "-show_entries",
                                      "format=format_name,duration,bit_rate:stream=index,codec_type,codec_name,profile,"
                                      "duration,bit_rate,width,height,avg_frame_rate,pix_fmt,channels,sample_rate:"
                                      "stream_tags=language,rotate:stream_disposition=attached_pic:"
                                      "stream_side_data=rotation",
                                      "input"};
  auto ran = co_await jail_.run(directory, std::move(command), {}, stop);
  run.on_stop({});
  if (!ran) co_return rt::pass(ran);
  if (ran->stopped) co_return rt::fail(rt::Code::kCancelled, "the probe was stopped");
  if (ran->timed_out) co_return rt::fail(rt::Code::kTimeout, "the probe took too long");
  if (ran->output_truncated) co_return rt::fail(rt::Code::kUnprocessable, "the file has more streams than can be read");
  if (ran->succeeded()) co_return parse_probe(ran->stdout_text);
  const std::string reason = first_line(ran->stderr_text);
  co_return rt::fail(rt::Code::kUnprocessable, "not a media file" + (reason.empty() ? "" : ": " + reason));
}

rt::Task<rt::Status> Probe::copy_range(store::ObjectId object, std::uint64_t offset, std::uint64_t length, int file,
                                       JobRun& run) {
  auto reader = co_await store_.read(object, offset, length);
  if (!reader) co_return rt::pass(reader);
  while ((*reader)->remaining_bytes() > 0) {
    if (run.stopping()) co_return rt::fail(rt::Code::kCancelled, "the probe was stopped");
    auto slices = co_await (*reader)->next(kCopyBytes);
    if (!slices) co_return rt::pass(slices);
    rt::Status written = co_await io_.run([&] { return write_at(file, offset, *slices); });
    if (!written) co_return written;
    offset += rt::total_bytes(*slices);
  }
  co_return rt::Status();
}

rt::Task<rt::Status> Probe::mark_errored(const Job& job, std::string reason) {
  const std::string tenant = job.tenant;
  const std::string id = job.subject;
  auto updated = co_await catalog_.update(tenant, id, [&](Media& media) -> rt::Status {
    if (!is_preparing(media)) return {};
    media.error = reason;
    set_status(media, MediaStatus::kErrored);
    return {};
  });
  if (!updated && updated.error().code != rt::Code::kNotFound) co_return rt::pass(updated);
  co_return rt::Status();
}

}  // namespace millrace::media
