#include "media/jobs/jobs.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

#include "media/jobs/job_queue.h"
#include "media/jobs/job_records.h"
#include "media/jobs/job_recovery.h"
#include "media/jobs/job_run.h"
#include "media/jobs/turns.h"
#include "media/records/id.h"
#include "media/records/keys_jobs.h"
#include "media/records/records.h"
#include "server/rt/event.h"
#include "server/rt/loop.h"
#include "server/rt/timer.h"

namespace millrace::media {
namespace {

using rt::Code;
using std::chrono::milliseconds;

constexpr Priority kPriorities[] = {Priority::kHigh, Priority::kNormal, Priority::kLow};
// What cannot be read or written now (full disk) is tried again this often.
constexpr std::int64_t kTroubleMs = 1'000;
// Even without a wake-up the queue looks again after this long.
constexpr std::int64_t kIdleLookMs = 60'000;
constexpr std::int64_t kNever = INT64_MAX;
constexpr int kRounds = 16;  // lost races in a row

const rt::Error kCancelledError{Code::kCancelled, "cancelled"};

}  // namespace

struct Jobs::Core : std::enable_shared_from_this<Core> {
  Core(store::Store& s, Clock c) : store(s), clock(c), queue(s, c) {}

  store::Store& store;
  const Clock clock;
  std::map<std::string, JobKind, std::less<>> kinds;  // fixed once run() has begun

  std::mutex mutex;
  rt::Loop* loop = nullptr;  // guarded by mutex; set while run() runs
  std::atomic<bool> stop_asked = false;

  // The queue's loop only.
  JobQueue queue;
  rt::Event woken;
  rt::Scope running;
  // By job id, from before the lease is written, so that a cancel finds its run whenever it comes.
  std::map<std::string, Attempt*, std::less<>> runs;
  std::map<std::string, Turns, std::less<>> turns;  // of each kind

  void on_loop(std::function<void(Core&)> call);
  rt::Task<std::int64_t> start_due();
  rt::Task<rt::Result<std::int64_t>> start_due_of(const std::string& name, const JobKind& kind, Priority priority);
  rt::Task<rt::Status> start_one(std::string queue_key, const JobKind& kind);
  rt::Task<rt::Result<Job>> lease(Job job, const JobKind& kind);
  rt::Task<void> wait_until(std::int64_t due_ms);
  rt::Task<void> execute(std::unique_ptr<Attempt> run, const JobKind& kind);
  rt::Task<Job> outcome(Job job, rt::Status status, StopReason reason, const JobKind& kind);
  rt::Task<Job> give_up(Job job, rt::Error error, bool cancelled, const JobKind& kind);
  rt::Task<bool> write_end(Job ended);
  rt::Task<rt::Result<Job>> try_cancel(Job job);
  rt::Task<rt::Result<bool>> forget(std::string entry);
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

rt::Task<rt::Result<Job>> Jobs::get(std::string id) { co_return co_await read_job(core_->store, std::move(id)); }

rt::Task<rt::Result<Job>> Jobs::cancel(std::string id) {
  for (int round = 0; round < kRounds; ++round) {
    auto job = co_await read_job(core_->store, id);
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
  co_return rt::fail(Code::kUnavailable, "the job is changed too often");
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
  const auto forget_one = [this](std::string entry) { return core_->forget(std::move(entry)); };
  co_return co_await sweep_index(core_->store, keys::ended_jobs(), keys::ended_jobs_until(unix_ms), forget_one);
}

rt::Task<rt::Result<bool>> Jobs::Core::forget(std::string entry) {
  const std::string id = keys::last_part(entry);
  auto job = co_await read_job(store, id);
  if (!job && !is_lost(job.error())) co_return rt::pass(job);
  store::Transaction transaction;
  transaction.erase(std::move(entry));
  if (job) transaction.require(keys::job(id), job->revision);
  if (!job || has_ended(*job)) transaction.erase(keys::job(id));
  auto committed = co_await store.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return true;
}

// --- on the queue's loop ---

rt::Task<rt::Status> Jobs::run() {
  Core& core = *core_;
  {
    std::lock_guard lock(core.mutex);
    core.loop = &rt::Loop::current();
  }
  JobRecovery recovery(core.store, core.clock);
  for (bool found = false; !found && !core.stop_asked;) {
    auto status = co_await recovery.find_interrupted();
    found = status.has_value();
    if (!found) co_await core.wait_until(core.clock() + kTroubleMs);
  }
  bool recovered = false;
  for (std::int64_t next_try_ms = 0; !core.stop_asked;) {
    if (!recovered && rt::Loop::current().now_ms() >= next_try_ms) {
      recovered = co_await recovery.go_on();
      next_try_ms = rt::Loop::current().now_ms() + kTroubleMs;
    }
    const std::int64_t next_due_ms = co_await core.start_due();
    co_await core.wait_until(recovered ? next_due_ms : std::min(next_due_ms, core.clock() + kTroubleMs));
  }
  for (const auto& [id, run] : core.runs) run->stop(StopReason::kShutdown);
  co_await core.running.join();
  std::lock_guard lock(core.mutex);
  core.loop = nullptr;
  co_return rt::Status();
}

rt::Task<void> Jobs::Core::wait_until(std::int64_t due_ms) {
  if (stop_asked) co_return;
  const std::int64_t wait_ms = std::clamp<std::int64_t>(due_ms == kNever ? kNever : due_ms - clock(), 0, kIdleLookMs);
  rt::Timer timer([this] { woken.set(); });
  timer.set(milliseconds(wait_ms));
  co_await woken.wait();
}

// Starts what is due and has room; returns when to look again. What goes wrong with one kind is no other's trouble.
rt::Task<std::int64_t> Jobs::Core::start_due() {
  std::int64_t next_ms = kNever;
  for (const auto& [name, kind] : kinds) {
    for (Priority priority : kPriorities) {
      auto due_ms = co_await start_due_of(name, kind, priority);
      next_ms = std::min(next_ms, due_ms ? *due_ms : clock() + kTroubleMs);
    }
  }
  co_return queue.has_set_aside() ? std::min(next_ms, clock() + kTroubleMs) : next_ms;
}

rt::Task<rt::Result<std::int64_t>> Jobs::Core::start_due_of(const std::string& name, const JobKind& kind,
                                                            Priority priority) {
  const Turns& turn = turns[name];
  while (turn.running() < kind.concurrency && !stop_asked) {
    auto waiting = co_await queue.first_of_each_tenant(name, priority);
    if (!waiting) co_return rt::pass(waiting);
    const Waiting* next = turn.next(*waiting, clock());
    if (!next) co_return earliest_due_ms(*waiting);
    auto started = co_await start_one(next->key, kind);
    if (!started) co_return rt::pass(started);
  }
  co_return kNever;
}

// Or not, when another change of the job came first.
rt::Task<rt::Status> Jobs::Core::start_one(std::string queue_key, const JobKind& kind) {
  auto job = co_await queue.job_of(std::move(queue_key), kTroubleMs);
  if (!job) co_return rt::pass(job);
  if (!*job) co_return rt::Status();
  const std::string id = (*job)->id;
  auto run = std::make_unique<Attempt>(store);
  runs[id] = run.get();
  auto leased = co_await lease(std::move(**job), kind);
  if (!leased) {
    runs.erase(id);
    if (leased.error().code == Code::kConflict) co_return rt::Status();
    co_return rt::pass(leased);
  }
  turns[leased->kind].begin(leased->tenant);
  run->start(std::move(*leased), kind.lease_ms);
  running.spawn(execute(std::move(run), kind));
  co_return rt::Status();
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
  bool written = co_await write_end(ended);
  turns[job.kind].end(job.tenant);
  woken.set();
  while (!written && !stop_asked) {
    co_await rt::sleep(milliseconds(kTroubleMs));
    written = co_await write_end(ended);
  }
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

// Writes over what changed while it ran (progress, a cancel that came too late). False when it cannot be written now.
// When the server stops before it is, the record still says running, and the next start queues it again.
rt::Task<bool> Jobs::Core::write_end(Job ended) {
  for (int round = 0; round < kRounds; ++round) {
    auto before = co_await read_job(store, ended.id);
    if (!before) co_return is_lost(before.error());
    ended.cancel_asked = before->cancel_asked;
    store::Transaction transaction;
    put_changed_job(transaction, *before, ended);
    auto committed = co_await store.commit(std::move(transaction));
    if (committed) co_return true;
    if (committed.error().code != Code::kConflict) co_return false;
  }
  co_return false;
}

}  // namespace millrace::media
