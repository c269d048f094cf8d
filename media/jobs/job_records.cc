#include "media/jobs/job_records.h"

#include <algorithm>

#include "media/records/codec.h"
#include "media/records/keys_jobs.h"
#include "media/records/records.h"

namespace millrace::media {
namespace {

constexpr std::size_t kErrorMaxBytes = 4096;
constexpr std::uint32_t kBackoffDoublingsMax = 20;

std::int64_t backoff_ms(const Job& job, const JobKind& kind) {
  const std::uint32_t doublings = std::min(job.attempt > 0 ? job.attempt - 1 : 0, kBackoffDoublingsMax);
  return std::min(kind.backoff_first_ms << doublings, kind.backoff_max_ms);
}

}  // namespace

void put_new_job(store::Transaction& transaction, const Job& job) {
  transaction.require(keys::job(job.id), 0);
  transaction.put(keys::job(job.id), encode(job));
  transaction.put(index_key(job), {});
}

void put_changed_job(store::Transaction& transaction, const Job& before, const Job& after) {
  transaction.require(keys::job(before.id), before.revision);
  transaction.put(keys::job(after.id), encode(after));
  std::string old_key = index_key(before);
  std::string new_key = index_key(after);
  if (old_key == new_key) return;
  transaction.erase(std::move(old_key));
  transaction.put(std::move(new_key), {});
}

std::string index_key(const Job& job) {
  if (job.state == JobState::kQueued) {
    return keys::waiting_job(job.kind, static_cast<unsigned>(job.priority), job.tenant, job.due_ms, job.id);
  }
  if (job.state == JobState::kRunning) return keys::running_job(job.id);
  return keys::ended_job(job.ended_ms, job.id);
}

rt::Task<rt::Result<Job>> read_job(store::Store& store, std::string id) {
  auto record = co_await get_record(store, keys::job(id), "job");
  if (!record && record.error().code == rt::Code::kDamaged) record.error().code = rt::Code::kIo;
  if (!record) co_return rt::pass(record);
  co_return decode_job(*record);
}

Job after_success(Job job, std::int64_t now_ms) {
  job.state = JobState::kDone;
  job.progress_percent = 100;
  job.error.clear();
  job.ended_ms = now_ms;
  return job;
}

Job after_final_failure(Job job, const rt::Error& error, bool cancelled, std::int64_t now_ms) {
  job.state = cancelled ? JobState::kCancelled : JobState::kFailed;
  job.error = error.message.substr(0, kErrorMaxBytes);
  job.ended_ms = now_ms;
  return job;
}

Job after_failed_attempt(Job job, const rt::Error& error, const JobKind& kind, std::int64_t now_ms) {
  job.state = JobState::kQueued;
  job.error = error.message.substr(0, kErrorMaxBytes);
  job.due_ms = now_ms + backoff_ms(job, kind);
  job.progress_percent = 0;
  return job;
}

Job after_interruption(Job job, std::int64_t now_ms) {
  job.state = JobState::kQueued;
  job.attempt -= std::min(job.attempt, 1u);
  job.due_ms = now_ms;
  job.progress_percent = 0;
  return job;
}

bool worth_retrying(const Job& job, const rt::Error& error, const JobKind& kind) {
  using rt::Code;
  const bool final =
      error.code == Code::kInvalid || error.code == Code::kUnprocessable || error.code == Code::kNotFound;
  return !final && job.attempt < kind.attempts_max;
}

}  // namespace millrace::media
