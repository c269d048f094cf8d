#include "media/jobs/job_recovery.h"

#include <set>
#include <utility>

#include "media/jobs/job_records.h"
#include "media/records/keys_jobs.h"
#include "media/records/records.h"

namespace millrace::media {
namespace {

constexpr std::size_t kBatchEntries = 256;

}  // namespace

// The store is held by one process only, so whatever is marked running at the start was cut off by a crash.
rt::Task<rt::Status> JobRecovery::find_interrupted() {
  auto index = co_await scan_all(store_, keys::running_jobs());
  if (!index) co_return rt::pass(index);
  for (const auto& entry : *index) interrupted_.push_back(keys::last_part(entry.key));
  co_return rt::Status();
}

rt::Task<bool> JobRecovery::go_on() {
  std::vector<std::string> left;
  for (std::string& id : std::exchange(interrupted_, {})) {
    auto done = co_await requeue(id);
    if (!done) left.push_back(std::move(id));
  }
  interrupted_ = std::move(left);
  if (!turns_given_) {
    auto given = co_await give_turns();
    turns_given_ = given && *given;
  }
  co_return interrupted_.empty() && turns_given_;
}

// It counts as an attempt: a job that takes the server down must not do so for ever.
rt::Task<rt::Status> JobRecovery::requeue(std::string id) {
  auto job = co_await read_job(store_, id);
  if (!job && !is_lost(job.error())) co_return rt::pass(job);
  store::Transaction transaction;
  if (job && job->state == JobState::kRunning) {
    Job after = *job;
    after.state = JobState::kQueued;
    after.due_ms = clock_();
    after.error = "the server stopped while it ran";
    put_changed_job(transaction, *job, after);
  } else {
    transaction.erase(keys::running_job(id));
  }
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return rt::Status();
}

// Batch by batch, each entry moved at once: what a crash leaves is moved by the next start. A job that changes
// meanwhile leaves an entry that does not fit it, which the queue mends when it meets it.
rt::Task<rt::Result<bool>> JobRecovery::give_turns() {
  bool all = true;
  for (std::string after;;) {
    store::Scan scan{.prefix = keys::jobs_without_turns(), .after = after, .limit = kBatchEntries};
    auto entries = co_await store_.scan(std::move(scan));
    if (!entries) co_return rt::pass(entries);
    if (entries->empty()) co_return all;
    after = entries->back().key;
    store::Transaction transaction;
    std::set<std::string> turns;
    for (store::Record& entry : *entries) {
      auto job = co_await read_job(store_, keys::last_part(entry.key));
      const bool unreadable = !job && !is_lost(job.error());
      if (unreadable) all = false;
      if (unreadable) continue;
      transaction.erase(std::move(entry.key));
      if (job && job->state == JobState::kQueued) turns.insert(index_key(*job));
    }
    for (const std::string& turn : turns) transaction.put(turn, {});
    if (transaction.empty()) continue;
    auto committed = co_await store_.commit(std::move(transaction));
    if (!committed) co_return rt::pass(committed);
  }
}

}  // namespace millrace::media
