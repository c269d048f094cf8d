#include "media/imports/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "media/jail/jail.h"
#include "media/records/keys.h"
#include "media/records/limits.h"
#include "media/uploads/uploads.h"
#include "server/outbound/url.h"

namespace millrace::media {
namespace {

using rt::Code;

constexpr std::size_t kErrorsKept = 5;
// An attempt that brought less has brought nothing: a server that cuts after each byte must not be asked for ever.
constexpr std::uint64_t kBytesBrought = 64 << 10;
constexpr std::string_view kPageType = "text/html";
// A resolver asks the network and runs an interpreter; it writes no files to speak of.
constexpr JailLimits kResolverLimits{.memory_bytes = 1ull << 30,
                                     .cpu_seconds = 60,
                                     .file_bytes = 64 << 20,
                                     .deadline_ms = 60'000,
                                     .stdout_max_bytes = outbound::kUrlBytesMax};

// What another attempt cannot cure.
bool is_final(Code code) {
  switch (code) {
    case Code::kInvalid:
    case Code::kForbidden:
    case Code::kNotFound:
    case Code::kUnprocessable:
    case Code::kTooLarge:
    case Code::kQuotaExceeded:
      return true;
    default:
      return false;
  }
}

std::optional<std::size_t> index_of(const Job& job) {
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(job.payload.data(), job.payload.data() + job.payload.size(), index);
  return error == std::errc() ? std::optional(index) : std::nullopt;
}

void add_error(ImportFile& file, const std::string& words) {
  if (words.empty() || (!file.errors.empty() && file.errors.back() == words)) return;
  if (file.errors.size() == kErrorsKept) file.errors.erase(file.errors.begin());
  file.errors.push_back(words);
}

std::string too_large(std::uint64_t bytes_max) { return fmt::format("the file has more than {} bytes", bytes_max); }

std::string first_line(const std::string& text) { return text.substr(0, text.find_first_of("\r\n")); }

}  // namespace

Importer::Importer(Imports& imports, Uploads& uploads, outbound::Client& client, ImporterLimits limits)
    : imports_(imports), uploads_(uploads), client_(client), limits_(std::move(limits)) {}

JobKind Importer::kind() {
  JobKind kind;
  kind.run = [this](JobRun& job) { return run(job); };
  kind.gave_up = [this](const Job& job, const rt::Error& error) { return gave_up(job, error); };
  kind.concurrency = limits_.files_at_once;
  kind.attempts_max = limits_.attempts_max;
  kind.backoff_first_ms = limits_.retry_first_ms;
  kind.backoff_max_ms = limits_.retry_max_ms;
  // Its own limits come first.
  kind.lease_ms = limits_.total_ms + 10 * kResolverLimits.deadline_ms;
  return kind;
}

rt::Task<rt::Status> Importer::run(JobRun& run) {
  auto work = co_await begin(run.job());
  if (!work) co_return rt::pass(work);
  if (!*work) co_return rt::Status();
  Outcome outcome = co_await fetch(**work, run);
  run.on_stop({});
  if (run.stopping() && outcome.end != End::kDone) co_return rt::fail(Code::kCancelled, "it was stopped");
  co_return co_await write(std::move(**work), std::move(outcome));
}

// Nothing when there is nothing to fetch (any more).
rt::Task<rt::Result<std::optional<Importer::Work>>> Importer::begin(const Job& job) {
  Work work{.tenant = job.tenant, .import = job.subject, .index = index_of(job).value_or(SIZE_MAX), .job = job.id};
  bool wanted = false;
  const Imports::Edit mark = [&](Import& import, store::Transaction&) {
    wanted = work.index < import.files.size() && import.files[work.index].job_id == work.job &&
             !has_ended(import.files[work.index].status);
    if (work.index < import.files.size()) work.file = import.files[work.index];
    if (!wanted || work.file.status == ImportStatus::kRunning) return false;
    import.files[work.index].status = work.file.status = ImportStatus::kRunning;
    return true;
  };
  auto import = co_await imports_.change(work.tenant, work.import, mark);
  if (!import && import.error().code == Code::kNotFound) co_return std::nullopt;
  if (!import) co_return rt::pass(import);
  // Whoever cancelled it may have crashed before its bytes were freed.
  if (work.file.status == ImportStatus::kCancelled) co_await uploads_.cancel(work.tenant, work.file.upload_id);
  if (!wanted) co_return std::nullopt;
  co_return work;
}

rt::Task<Importer::Outcome> Importer::fetch(Work work, JobRun& run) {
  auto upload = co_await uploads_.settle(work.tenant, work.file.upload_id);
  if (!upload) co_return failed(upload.error());
  if (upload->whole || !is_open(*upload)) co_return co_await complete(work, work.file.content_type);
  std::string url = work.file.url;
  if (work.file.is_page) {
    auto resolved = co_await resolve(std::move(url), run);
    if (!resolved) co_return failed(resolved.error());
    url = std::move(*resolved);
  }
  co_return co_await ask(work, std::move(*upload), std::move(url), run);
}

rt::Task<rt::Result<std::string>> Importer::resolve(std::string url, JobRun& run) {
  ProcessStop stop;
  run.on_stop([&stop] { stop.ask(); });
  // Without the jail's walls, because it must reach the network; its limits and its empty environment stay.
  Jail limits_only(false);
  auto result = co_await limits_only.run(limits_.directory, {limits_.resolver, std::move(url)}, kResolverLimits, stop);
  run.on_stop({});
  if (!result) co_return rt::fail(Code::kIo, "the resolver did not run");
  if (!result->succeeded()) co_return rt::fail(Code::kUnprocessable, "the resolver found no media at this page");
  std::string found = first_line(result->stdout_text);
  auto parts = outbound::parse_url(found);
  if (!parts) co_return rt::fail(Code::kUnprocessable, "the resolver found no media at this page");
  co_return found;
}

rt::Task<Importer::Outcome> Importer::ask(const Work& work, Upload upload, std::string url, JobRun& run) {
  const std::uint64_t offset = work.file.validator.empty() ? 0 : upload.bytes_received;
  outbound::Request request{.url = std::move(url),
                            .connect_ms = limits_.connect_ms,
                            .total_ms = limits_.total_ms,
                            .idle_ms = limits_.idle_ms,
                            .redirects_max = limits_.redirects_max};
  if (offset > 0) {
    request.fields = {{"Range", fmt::format("bytes={}-", offset)}, {"If-Range", work.file.validator}};
  }
  const auto transfer = client_.open(std::move(request));
  run.on_stop([&transfer] { transfer->stop(); });
  auto head = co_await transfer->head();
  Outcome outcome = head ? Outcome{} : failed(head.error());
  if (head) {
    Answer answer = judge(*head, offset);
    const bool other_version =
        answer.kind == AnswerKind::kRest && !answer.validator.empty() && answer.validator != work.file.validator;
    if (other_version) answer.kind = AnswerKind::kAnew;
    outcome = co_await take(work, std::move(upload), std::move(answer), *transfer);
  }
  run.on_stop({});
  co_return outcome;
}

rt::Task<Importer::Outcome> Importer::take(const Work& work, Upload upload, Answer answer,
                                           outbound::Transfer& transfer) {
  Outcome outcome{.words = answer.words, .bytes_received = upload.bytes_received, .wait_ms = answer.wait_ms};
  outcome.anew = answer.kind == AnswerKind::kAnew;
  if (answer.kind == AnswerKind::kNever) outcome.end = End::kNever;
  if (answer.kind == AnswerKind::kAllHere) {
    auto whole = co_await uploads_.declare_whole(work.tenant, upload.id, upload.bytes_received);
    if (!whole) co_return failed(whole.error());
    co_return co_await complete(work, work.file.content_type);
  }
  if (answer.kind != AnswerKind::kWhole && answer.kind != AnswerKind::kRest) co_return outcome;
  if (answer.content_type == kPageType && !work.file.is_page && !limits_.resolver.empty()) {
    outcome.end = End::kResolve;
    co_return outcome;
  }
  if (answer.total_bytes.value_or(0) > limits_.size_bytes_max) {
    co_return Outcome{.end = End::kNever, .words = too_large(limits_.size_bytes_max), .discard = true};
  }
  const std::uint64_t start = answer.kind == AnswerKind::kRest ? upload.bytes_received : 0;
  // Of bytes that will be replaced, the validator of the new ones must not be kept yet.
  auto remembered = co_await remember(work, answer, start > 0 || upload.bytes_received == 0);
  if (!remembered) co_return failed(remembered.error());
  auto stop = [&transfer] { transfer.stop(); };
  auto receiver = co_await uploads_.open_receiver(work.tenant, upload.id, start, stop, answer.total_bytes);
  if (!receiver) {
    outcome = failed(receiver.error());
    outcome.anew = receiver.error().code == Code::kConflict && start > 0;
    outcome.discard = receiver.error().code == Code::kTooLarge;
    co_return outcome;
  }
  co_return co_await pour(work, std::move(upload), std::move(answer), transfer, std::move(*receiver));
}

rt::Task<Importer::Outcome> Importer::pour(const Work& work, Upload upload, Answer answer, outbound::Transfer& transfer,
                                           std::unique_ptr<Receiver> receiver) {
  rt::Status poured;
  bool replacing = answer.kind == AnswerKind::kWhole && upload.bytes_received > 0;
  while (poured) {
    auto piece = co_await transfer.next();
    if (!piece) poured = rt::pass(piece);
    if (!piece || piece->empty()) break;
    const bool over = piece->size() > limits_.size_bytes_max - std::min(receiver->position(), limits_.size_bytes_max);
    if (over) poured = rt::fail(Code::kTooLarge, too_large(limits_.size_bytes_max));
    if (poured) poured = co_await receiver->append(std::move(*piece));
    const bool replaced = replacing && receiver->kept_bytes() != upload.bytes_received;
    if (poured && replaced) {
      replacing = false;
      poured = co_await remember(work, answer, true);
    }
  }
  const std::uint64_t position = receiver->position();
  const bool complete_here = poured && position == answer.total_bytes.value_or(position);
  auto finished = co_await receiver->finish(complete_here);
  if (!finished && poured) poured = rt::pass(finished);
  if (complete_here && poured) co_return co_await complete(work, std::move(answer.content_type));
  if (poured) poured = rt::fail(Code::kClosed, "the server sent less than it announced");
  Outcome outcome = failed(poured.error());
  outcome.discard = poured.error().code == Code::kTooLarge;
  if (finished) outcome.bytes_received = finished->bytes_received;
  if (finished && replacing && position > 0) outcome.new_validator = std::move(answer.validator);
  co_return outcome;
}

// Idempotent: after a crash it finds what it did.
rt::Task<Importer::Outcome> Importer::complete(const Work& work, std::string content_type) {
  auto completion =
      co_await uploads_.complete(work.tenant, work.file.upload_id, {.content_type = std::move(content_type)});
  if (!completion && completion.error().code == Code::kConflict) {
    co_return Outcome{.end = End::kNever, .words = std::move(completion.error().message)};
  }
  if (!completion) co_return failed(completion.error());
  if (!completion->duplicate_of.empty()) {
    co_return Outcome{.end = End::kNever,
                      .words = fmt::format("media {} has the same bytes already", completion->duplicate_of)};
  }
  co_return Outcome{
      .end = End::kDone, .media_id = completion->upload.media_id, .bytes_received = completion->upload.bytes_received};
}

// What the server said of the file, before its bytes.
rt::Task<rt::Status> Importer::remember(const Work& work, Answer answer, bool with_validator) {
  const Imports::Edit keep = [&](Import& import, store::Transaction&) {
    ImportFile& file = import.files[work.index];
    if (file.job_id != work.job || has_ended(file.status)) return false;
    const ImportFile before = file;
    if (answer.total_bytes) file.size_bytes = answer.total_bytes;
    if (!answer.content_type.empty()) file.content_type = answer.content_type;
    if (!file.is_named && !answer.file_name.empty()) file.file_name = answer.file_name;
    // Of the rest, what was kept with the beginning stays.
    const bool is_rest = answer.kind == AnswerKind::kRest;
    if (!is_rest) file.validator = with_validator ? answer.validator : std::string();
    return file.size_bytes != before.size_bytes || file.content_type != before.content_type ||
           file.file_name != before.file_name || file.validator != before.validator;
  };
  auto import = co_await imports_.change(work.tenant, work.import, keep);
  if (!import) co_return rt::pass(import);
  const std::string& name = import->files[work.index].file_name;
  if (name == work.file.file_name) co_return rt::Status();
  auto renamed = co_await uploads_.rename(work.tenant, work.file.upload_id, name);
  if (!renamed) co_return rt::pass(renamed);
  co_return rt::Status();
}

Importer::Outcome Importer::failed(const rt::Error& error) {
  const bool ours = error.code == Code::kInternal || error.code == Code::kDamaged;
  return {.end = is_final(error.code) ? End::kNever : End::kLater, .words = ours ? "an error of ours" : error.message};
}

std::int64_t Importer::delay_ms(const Outcome& outcome, std::uint32_t attempt) const {
  const std::uint32_t doublings = std::min(attempt > 0 ? attempt - 1 : 0, 20u);
  const std::int64_t backoff = std::min(limits_.retry_first_ms << doublings, limits_.retry_max_ms);
  return std::max(backoff, std::min(outcome.wait_ms.value_or(0), limits_.retry_max_ms));
}

// False when the file is not this attempt's any more.
bool Importer::apply(const Work& work, const Outcome& outcome, Import& import, store::Transaction& transaction) const {
  ImportFile& file = import.files[work.index];
  if (file.job_id != work.job) return false;
  if (outcome.end == End::kDone) {  // a cancel that came too late changes nothing
    file.status = ImportStatus::kSuccess;
    file.errors.clear();
    file.media_id = outcome.media_id;
    file.bytes_received = outcome.bytes_received;
    file.size_bytes = outcome.bytes_received;
    transaction.erase(keys::import_upload(import.tenant, file.upload_id));
    return true;
  }
  if (has_ended(file.status)) return false;
  if (outcome.end == End::kResolve) {
    file.is_page = true;
    file.status = ImportStatus::kPending;
    imports_.queue(transaction, import, work.index);
    return true;
  }
  const bool brought = outcome.bytes_received >= file.bytes_received + kBytesBrought;
  file.bytes_received = std::max(file.bytes_received, outcome.bytes_received);
  file.attempt = brought ? 1 : file.attempt + 1;
  if (outcome.new_validator) file.validator = *outcome.new_validator;
  if (outcome.anew || outcome.discard) file.validator.clear();
  add_error(file, outcome.words);
  const bool again = outcome.end == End::kLater && file.attempt < limits_.attempts_max;
  file.status = again ? ImportStatus::kPending : ImportStatus::kFailed;
  if (again) imports_.queue(transaction, import, work.index, delay_ms(outcome, file.attempt));
  return true;
}

rt::Task<rt::Status> Importer::write(Work work, Outcome outcome) {
  const Imports::Edit edit = [&](Import& import, store::Transaction& transaction) {
    return apply(work, outcome, import, transaction);
  };
  auto import = co_await imports_.change(work.tenant, work.import, edit);
  if (!import && import.error().code == Code::kNotFound) co_return rt::Status();  // removed meanwhile
  if (!import) co_return rt::pass(import);
  if (outcome.discard) co_await uploads_.cancel(work.tenant, work.file.upload_id);
  imports_.jobs().wake();
  co_return rt::Status();
}

rt::Task<rt::Status> Importer::gave_up(Job job, rt::Error error) {
  const std::size_t index = index_of(job).value_or(SIZE_MAX);
  const bool cancelled = error.code == Code::kCancelled;
  const Imports::Edit end = [&](Import& import, store::Transaction&) {
    if (index >= import.files.size()) return false;
    ImportFile& file = import.files[index];
    if (file.job_id != job.id || has_ended(file.status)) return false;
    file.status = cancelled ? ImportStatus::kCancelled : ImportStatus::kFailed;
    add_error(file, cancelled ? "" : error.message);
    return true;
  };
  auto import = co_await imports_.change(job.tenant, job.subject, end);
  if (!import && import.error().code != Code::kNotFound) co_return rt::pass(import);
  co_return rt::Status();
}

}  // namespace millrace::media
