// Jobs: a durable queue of work in the store's records. A kind is registered with its handler; a job of it is picked
// when due, runs as a coroutine on the queue's loop under a lease, and is retried with growing delay until it succeeds,
// is refused for good, or runs out of attempts. A restart queues again what was running.
//
// Of one kind, higher priorities go first; within one, tenants take turns (turns.h), so that nobody waits for all that
// another has queued.
//
// run() belongs to one loop; add_to(), submit(), get(), cancel() and wake() may come from any.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/records/clock.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

enum class JobState : std::uint8_t { kQueued, kRunning, kDone, kFailed, kCancelled };
enum class Priority : std::uint8_t { kHigh, kNormal, kLow };

// "queued", "running", "done", "failed", "cancelled".
std::string_view word(JobState state);

struct Job {
  std::string id;
  std::string kind;
  std::string tenant;
  std::string subject;  // what it works on, usually a media id
  std::string payload;  // the kind's own business
  Priority priority = Priority::kNormal;
  JobState state = JobState::kQueued;
  std::uint32_t attempt = 0;  // of the current or last run, counted from 1
  std::uint32_t progress_percent = 0;
  bool cancel_asked = false;
  std::string error = {};  // of the last attempt
  std::int64_t created_ms = 0;
  std::int64_t due_ms = 0;
  std::int64_t lease_until_ms = 0;  // running: when it counts as stuck and is stopped
  std::int64_t ended_ms = 0;
  store::Revision revision = 0;
};

struct NewJob {
  std::string kind = {};
  std::string tenant = {};
  std::string subject = {};
  std::string payload = {};
  Priority priority = Priority::kNormal;
  std::int64_t delay_ms = 0;
};

// A running attempt, as its handler sees it.
class JobRun {
 public:
  virtual const Job& job() const noexcept = 0;
  // 0 to 100; written when it grew and the last write is a second old.
  virtual rt::Task<void> progress(std::uint32_t percent) = 0;
  // Cancelled, the lease ran out, or the server stops.
  virtual bool stopping() const noexcept = 0;
  // Called once, on this loop, when stopping() turns true (at once when it is); empty takes it back.
  virtual void on_stop(std::function<void()> call) = 0;

 protected:
  ~JobRun() = default;
};

struct JobKind {
  // Errors kInvalid, kUnprocessable and kNotFound are final; any other is retried.
  std::function<rt::Task<rt::Status>(JobRun&)> run;
  // The job failed for good (or was cancelled): say so where its subject lives. May run again after a crash.
  std::function<rt::Task<rt::Status>(const Job&, const rt::Error&)> gave_up;
  std::uint32_t concurrency = 1;
  std::uint32_t attempts_max = 5;
  std::int64_t backoff_first_ms = 2'000;  // doubles with each attempt
  std::int64_t backoff_max_ms = 600'000;
  std::int64_t lease_ms = 600'000;
};

class Jobs {
 public:
  explicit Jobs(store::Store& store, Clock clock = system_clock_ms);
  ~Jobs();

  // Before run().
  void add_kind(std::string name, JobKind kind);

  // Queues what a crash left running, then works until stop() and until what runs has ended. On its own loop.
  rt::Task<rt::Status> run();
  // Any loop. Running attempts are told to stop and are queued again, the attempt not counted.
  void stop();
  // Any loop: there may be new work. Call it after committing a transaction that add_to() wrote to.
  void wake();

  // Writes a new job into the caller's transaction; returns its id.
  std::string add_to(store::Transaction& transaction, NewJob job) const;
  rt::Task<rt::Result<std::string>> submit(NewJob job);
  rt::Task<rt::Result<Job>> get(std::string id);
  // A queued job ends at once, a running one when its handler has stopped. Ended ones stay as they are.
  rt::Task<rt::Result<Job>> cancel(std::string id);
  // Forgets jobs that ended before; returns how many.
  rt::Task<rt::Result<std::size_t>> forget_ended_before(std::int64_t unix_ms);

 private:
  struct Core;
  std::shared_ptr<Core> core_;
};

}  // namespace millrace::media
