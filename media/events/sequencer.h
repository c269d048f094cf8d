// Sequencer: gives new events their places in their tenants' logs and plans the deliveries they cause, both in one
// commit, so that no crash loses or doubles either. The only one that writes the logs. run() belongs to one loop.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "media/events/delivery_lanes.h"
#include "media/events/event.h"
#include "media/events/webhooks.h"
#include "media/records/clock.h"
#include "server/rt/error.h"
#include "server/rt/event.h"
#include "server/rt/loop.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class Sequencer {
 public:
  // All outlive it.
  Sequencer(store::Store& store, Webhooks& webhooks, Clock clock = system_clock_ms)
      : store_(store), webhooks_(webhooks), clock_(clock) {}

  // Until stop(). What an earlier process left comes first.
  rt::Task<void> run();
  // Any thread.
  void stop();
  // Any thread: there may be new events.
  void wake();

  // Moves the oldest new events; how many. kConflict when a webhook was changed meanwhile: do it again.
  rt::Task<rt::Result<std::size_t>> move_batch();

 private:
  struct Batch;
  rt::Task<rt::Status> place(Batch& batch, const store::Record& record);
  rt::Task<rt::Status> plan_deliveries(Batch& batch, const Event& event);
  rt::Task<rt::Status> plan(Batch& batch, const Webhook& webhook, Delivery delivery);
  rt::Task<rt::Result<bool>> is_full(std::string webhook, std::size_t planned);
  rt::Task<void> wait(std::int64_t ms);

  store::Store& store_;
  Webhooks& webhooks_;
  const Clock clock_;
  rt::Event woken_;  // on the loop of run()
  // How many deliveries wait for a webhook: as last counted, and those added since; those sent since are not known.
  struct Waiting {
    std::size_t counted = 0;
    std::size_t added = 0;
    std::int64_t counted_ms = 0;  // 0: never
  };
  std::map<std::string, Waiting> waiting_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  rt::Loop* loop_ = nullptr;  // guarded by mutex_; set while run() runs
};

}  // namespace millrace::media
