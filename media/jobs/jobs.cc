#include "media/jobs/jobs.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "media/jobs/job_records.h"
#include "media/jobs/job_run.h"
#include "media/records/codec.h"
#include "media/records/id.h"
#include "media/records/keys.h"
#include "media/records/records.h"
#include "server/rt/event.h"
#include "server/rt/loop.h"
#include "server/rt/timer.h"

namespace millrace::media {
namespace {

using rt::Code;
using std::chrono::milliseconds;

constexpr Priority kPriorities[] = {Priority::kHigh, Priority::kNormal, Priority::kLow};
// A job's end that cannot be written (full disk) is tried again this often.
constexpr std::int64_t kCommitRetryMs = 1'000;
// Even without a wake-up the queue looks again after this long.
constexpr std::int64_t kIdleLookMs = 60'000;
constexpr std::int64_t kNever = INT64_MAX;

const rt::Error kCancelledError{Code::kCancelled, "cancelled"};

}  // namespace

struct Jobs::Core : std::enable_shared_from_this<Core> {
  Core(store::Store& s, Clock c) : store(s), clock(c) {}

  store::Store& store;
  const Clock clock;
  std::map<std::string, JobKind, std::less<>> kinds;  // fixed once run() has begun

  std::mutex mutex;
  rt::Loop* loop = nullptr;  // guarded by mutex; set while run() runs
  std::atomic<bool> stop_asked = false;

  // The queue's loop only.
  rt::Event woken;
  rt::Scope running;
  // By job id, from before the lease is written, so that a cancel finds its run whenever it comes.
  std::map<std::string, Attempt*, std::less<>> runs;
  std::map<std::string, std::uint32_t, std::less<>> active;

  void on_loop(std::function<void(Core&)> call);
  rt::Task<rt::Status> requeue_interrupted();
  rt::Task<rt::Result<std::int64_t>> start_due();
  rt::Task<rt::Result<std::int64_t>> start_due_of(const std::string& name, const JobKind& kind);
  rt::Task<rt::Result<bool>> start_one(const std::string& queue_key, const JobKind& kind);
  rt::Task<rt::Result<Job>> lease(Job job, const JobKind& kind);
  rt::Task<void> wait_until(std::int64_t due_ms);
  rt::Task<rt::Result<bool>> drop_stale(std::string queue_key);
  rt::Task<void> execute(std::unique_ptr<Attempt> run, const JobKind& kind);
  rt::Task<Job> outcome(Job job, rt::Status status, StopReason reason, const JobKind& kind);
  rt::Task<Job> give_up(Job job, rt::Error error, bool cancelled, const JobKind& kind);
  rt::Task<void> write_end(Job ended);
  rt::Task<rt::Result<Job>> read(std::string id);
  rt::Task<rt::Result<Job>> try_cancel(Job job);
};

Jobs::Jobs(store::Store& store, Clock clock) : core_(std::make_shared<Core>(store, clock)) {}
Jobs::~Jobs() = default;

void Jobs::add_kind(std::string name, JobKind kind) { core_->kinds.insert_or_assign(std::move(name), std::move(kind)); }

// --- from any loop ---

void Jobs::Core::on_loop(std::function<void(Core&)> call) {
  std::lock_guard lock(mutex);
  if (!loop) return;
  loop->post([self = shared_from_this(), call = std::move(call)] { call(*self); });
}

void Jobs::wake() {
  core_->on_loop([](Core& core) { core.woken.set(); });
}

void Jobs::stop() {
  core_->stop_asked = true;
  core_->on_loop([](Core& core) {
    for (const auto& [id, run] : core.runs) run->stop(StopReason::kShutdown);
    core.woken.set();
  });
}

std::string Jobs::add_to(store::Transaction& transaction, NewJob wanted) const {
  const std::int64_t now_ms = core_->clock();
  Job job{.id = new_uuid(),
          .kind = std::move(wanted.kind),
          .tenant = std::move(wanted.tenant),
          .subject = std::move(wanted.subject),
          .payload = std::move(wanted.payload),
          .priority = wanted.priority,
          .created_ms = now_ms,
          .due_ms = now_ms + wanted.delay_ms};
  put_new_job(transaction, job);
  return job.id;
}

rt::Task<rt::Result<std::string>> Jobs::submit(NewJob job) {
  store::Transaction transaction;
  std::string id = add_to(transaction, std::move(job));
  auto committed = co_await core_->store.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  wake();
  co_return id;
}

rt::Task<rt::Result<Job>> Jobs::get(std::string id) { co_return co_await core_->read(std::move(id)); }

rt::Task<rt::Result<Job>> Jobs::Core::read(std::string id) {
  auto record = co_await get_record(store, keys::job(id), "job");
  if (!record) co_return rt::pass(record);
  co_return decode_job(*record);
}

rt::Task<rt::Result<Job>> Jobs::cancel(std::string id) {
  for (;;) {
    auto job = co_await core_->read(id);
    if (!job || has_ended(*job)) co_return job;
    auto changed = co_await core_->try_cancel(*job);
    if (!changed && changed.error().code == Code::kConflict) continue;
    if (changed) {
      core_->on_loop([id](Core& core) {
        if (const auto run = core.runs.find(id); run != core.runs.end()) run->second->stop(StopReason::kCancel);
      });
    }
    co_return changed;
  }
}

rt::Task<rt::Result<Job>> Jobs::Core::try_cancel(Job job) {
  Job after = job;
  after.cancel_asked = true;
  if (job.state == JobState::kQueued) {
    if (const auto kind = kinds.find(job.kind); kind != kinds.end() && kind->second.gave_up) {
      auto told = co_await kind->second.gave_up(job, kCancelledError);
      if (!told) co_return rt::pass(told);
    }
    after = after_final_failure(after, kCancelledError, true, clock());
  }
  store::Transaction transaction;
  put_changed_job(transaction, job, after);
  auto committed = co_await store.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  after.revision = *committed;
  co_return after;
}

rt::Task<rt::Result<std::size_t>> Jobs::forget_ended_before(std::int64_t unix_ms) {
  auto index = co_await scan_all(core_->store, keys::ended_jobs());
  if (!index) co_return rt::pass(index);
  std::size_t forgotten = 0;
  for (const auto& entry : *index) {
    if (due_of_queue_key(entry.key) >= unix_ms) break;
    auto job = co_await core_->read(keys::last_part(entry.key));
    if (!job && !is_lost(job.error())) co_return rt::pass(job);
    store::Transaction transaction;
    if (job) {
      erase_ended_job(transaction, *job);
    } else {
      transaction.erase(entry.key);
    }
    auto committed = co_await core_->store.commit(std::move(transaction));
    if (!committed) co_return rt::pass(committed);
    ++forgotten;
  }
  co_return forgotten;
}

// --- on the queue's loop ---

rt::Task<rt::Status> Jobs::run() {
  Core& core = *core_;
  {
    std::lock_guard lock(core.mutex);
    core.loop = &rt::Loop::current();
  }
  while (!co_await core.requeue_interrupted() && !core.stop_asked) {
    co_await core.wait_until(core.clock() + kCommitRetryMs);
  }
  while (!core.stop_asked) {
    auto next_due_ms = co_await core.start_due();
    co_await core.wait_until(next_due_ms ? *next_due_ms : core.clock() + kCommitRetryMs);
  }
  for (const auto& [id, run] : core.runs) run->stop(StopReason::kShutdown);
  co_await core.running.join();
  std::lock_guard lock(core.mutex);
  core.loop = nullptr;
  co_return rt::Status();
}

// The store is held by one process only, so whatever is marked running at the start was cut off by a crash. That counts
// as an attempt: a job that takes the server down must not do so for ever.
rt::Task<rt::Status> Jobs::Core::requeue_interrupted() {
  auto index = co_await scan_all(store, keys::running_jobs());
  if (!index) co_return rt::pass(index);
  for (const auto& entry : *index) {
    auto job = co_await read(keys::last_part(entry.key));
    if (!job && is_lost(job.error())) {
      co_await drop_stale(entry.key);
      continue;
    }
    if (!job) co_return rt::pass(job);
    Job after = *job;
    after.state = JobState::kQueued;
    after.due_ms = clock();
    after.error = "the server stopped while it ran";
    store::Transaction transaction;
    put_changed_job(transaction, *job, after);
    auto committed = co_await store.commit(std::move(transaction));
    if (!committed) co_return rt::pass(committed);
  }
  co_return rt::Status{};
}

rt::Task<void> Jobs::Core::wait_until(std::int64_t due_ms) {
  if (stop_asked) co_return;
  const std::int64_t wait_ms = std::clamp<std::int64_t>(due_ms == kNever ? kNever : due_ms - clock(), 0, kIdleLookMs);
  rt::Timer timer([this] { woken.set(); });
  timer.set(milliseconds(wait_ms));
  co_await woken.wait();
}

// Starts what is due and has room; returns when the next one will be.
rt::Task<rt::Result<std::int64_t>> Jobs::Core::start_due() {
  std::int64_t next_due_ms = kNever;
  for (const auto& [name, kind] : kinds) {
    auto due_ms = co_await start_due_of(name, kind);
    if (!due_ms) co_return due_ms;
    next_due_ms = std::min(next_due_ms, *due_ms);
  }
  co_return next_due_ms;
}

rt::Task<rt::Result<std::int64_t>> Jobs::Core::start_due_of(const std::string& name, const JobKind& kind) {
  std::int64_t next_due_ms = kNever;
  for (Priority priority : kPriorities) {
    while (active[name] < kind.concurrency && !stop_asked) {
      store::Scan scan{.prefix = keys::job_queue(name, static_cast<unsigned>(priority)), .after = {}, .limit = 1};
      auto first = co_await store.scan(std::move(scan));
      if (!first) co_return rt::pass(first);
      if (first->empty()) break;
      const std::int64_t due_ms = due_of_queue_key(first->front().key);
      if (due_ms > clock()) {
        next_due_ms = std::min(next_due_ms, due_ms);
        break;
      }
      auto started = co_await start_one(first->front().key, kind);
      if (!started) co_return rt::pass(started);
    }
  }
  co_return next_due_ms;
}

// False when another change of the job came first.
rt::Task<rt::Result<bool>> Jobs::Core::start_one(const std::string& queue_key, const JobKind& kind) {
  auto job = co_await read(keys::last_part(queue_key));
  if (!job && is_lost(job.error())) co_return co_await drop_stale(queue_key);
  if (!job) co_return rt::pass(job);
  auto run = std::make_unique<Attempt>(store);
  runs[job->id] = run.get();
  auto leased = co_await lease(*job, kind);
  if (!leased) {
    runs.erase(job->id);
    if (leased.error().code == Code::kConflict) co_return false;
    co_return rt::pass(leased);
  }
  ++active[leased->kind];
  run->start(std::move(*leased), kind.lease_ms);
  running.spawn(execute(std::move(run), kind));
  co_return true;
}

rt::Task<rt::Result<bool>> Jobs::Core::drop_stale(std::string queue_key) {
  store::Transaction transaction;
  transaction.erase(std::move(queue_key));
  auto committed = co_await store.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return false;
}

rt::Task<rt::Result<Job>> Jobs::Core::lease(Job job, const JobKind& kind) {
  Job after = job;
  after.state = JobState::kRunning;
  ++after.attempt;
  after.lease_until_ms = clock() + kind.lease_ms;
  store::Transaction transaction;
  put_changed_job(transaction, job, after);
  auto committed = co_await store.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  after.revision = *committed;
  co_return after;
}

rt::Task<void> Jobs::Core::execute(std::unique_ptr<Attempt> run, const JobKind& kind) {
  const Job job = run->job();
  rt::Status status;
  if (run->stopping()) {
    status = rt::fail(Code::kCancelled, "stopped before it began");
  } else if (job.attempt > kind.attempts_max) {
    status = rt::fail(Code::kUnprocessable, job.error);  // crashes used the attempts up
  } else {
    status = co_await kind.run(*run);
  }
  const StopReason reason = run->reason();
  runs.erase(job.id);
  run.reset();
  Job ended = co_await outcome(job, std::move(status), reason, kind);
  co_await write_end(std::move(ended));
  --active[job.kind];
  woken.set();
}

rt::Task<Job> Jobs::Core::outcome(Job job, rt::Status status, StopReason reason, const JobKind& kind) {
  if (status) co_return after_success(std::move(job), clock());
  if (reason == StopReason::kShutdown) co_return after_interruption(std::move(job), clock());
  if (reason == StopReason::kCancel) co_return co_await give_up(std::move(job), kCancelledError, true, kind);
  rt::Error error = std::move(status.error());
  if (reason == StopReason::kLease) error = {Code::kTimeout, "it took too long and was stopped"};
  if (!worth_retrying(job, error, kind)) co_return co_await give_up(std::move(job), std::move(error), false, kind);
  co_return after_failed_attempt(std::move(job), error, kind, clock());
}

// When the subject cannot be told, the job stays in the queue until it can.
rt::Task<Job> Jobs::Core::give_up(Job job, rt::Error error, bool cancelled, const JobKind& kind) {
  if (kind.gave_up) {
    auto told = co_await kind.gave_up(job, error);
    if (!told) co_return after_failed_attempt(std::move(job), error, kind, clock());
  }
  co_return after_final_failure(std::move(job), error, cancelled, clock());
}

// Writes over what changed while it ran (progress, a cancel that came too late). When the server stops before this
// succeeds, the record still says running, and the next start queues it again.
rt::Task<void> Jobs::Core::write_end(Job ended) {
  for (;;) {
    auto before = co_await read(ended.id);
    if (before) {
      ended.cancel_asked = before->cancel_asked;
      store::Transaction transaction;
      put_changed_job(transaction, *before, ended);
      auto committed = co_await store.commit(std::move(transaction));
      if (committed) co_return;
      if (committed.error().code == Code::kConflict) continue;
    }
    if (stop_asked || (!before && is_lost(before.error()))) co_return;
    co_await rt::sleep(milliseconds(kCommitRetryMs));
  }
}

}  // namespace millrace::media
