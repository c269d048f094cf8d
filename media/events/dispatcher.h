// Dispatcher: sends the deliveries that the sequencer planned. Deliveries of one subject to one webhook go one after
// the other, each until it has succeeded or is given up; others go beside them, a few to each webhook and a bounded
// number in all. What happened is committed before the next one of its lane goes, so a crash repeats at most the one
// that was on its way. run() belongs to one loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "media/events/delivery.h"
#include "media/events/delivery_slots.h"
#include "media/records/clock.h"
#include "server/outbound/client.h"
#include "server/rt/error.h"
#include "server/rt/event.h"
#include "server/rt/loop.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

struct DispatcherSettings {
  std::int64_t retry_first_ms = 5'000;  // doubles with each attempt, up to an hour
};

class Dispatcher {
 public:
  // kCancelled: it was stopped, the attempt does not count.
  using Send = std::function<rt::Task<rt::Result<outbound::Response>>(outbound::Request request)>;

  // The store outlives it.
  Dispatcher(store::Store& store, Send send, DispatcherSettings settings = {}, Clock clock = system_clock_ms)
      : store_(store), send_(std::move(send)), settings_(settings), clock_(clock) {}

  // Until stop() and until what is on its way has ended: its owner stops that too. What an earlier process left comes
  // first.
  rt::Task<void> run();
  // Any thread.
  void stop();
  // Any thread: this webhook may have something to send.
  void wake(const std::string& webhook);

 private:
  // Of one webhook.
  struct Lanes {
    std::set<std::string, std::less<>> running;                // subjects
    std::map<std::string, std::int64_t, std::less<>> resting;  // subjects after trouble of their own; until when
    std::int64_t look_ms = 0;                                  // when to look for what is due
  };
  // An entry of the index of what is due: a subject's lane, and when it is to go on.
  struct Due {
    std::int64_t ms = 0;
    std::string subject;
  };
  enum class Lane : std::uint8_t { kStays, kEnds };
  struct DeliveryPlace {
    std::string tenant;
    std::string webhook;
    std::string subject;
    std::string id;
  };
  // What became of an attempt: how the delivery now is, and whether its webhook wants no more.
  struct Outcome {
    Delivery delivery;
    bool gone = false;
  };

  void on_loop(std::function<void()> call);
  rt::Task<rt::Status> find_webhooks();
  rt::Task<std::int64_t> start_due();
  rt::Task<rt::Status> start_due_of(const std::string& webhook, Lanes& lanes);
  static Due parse_due(std::string_view key, std::size_t prefix_bytes);
  rt::Task<void> run_lane(std::string webhook, Due due);
  rt::Task<rt::Status> deliver_due(std::string webhook, Due due);
  rt::Task<rt::Status> deliver_first(std::string webhook, Due due, store::Revision lane_revision);
  rt::Task<rt::Status> drop_due(std::string webhook, Due due, store::Revision lane_revision, Lane lane);
  rt::Task<rt::Status> drop_first(std::string webhook, std::string subject, std::string id);
  rt::Task<rt::Result<Outcome>> attempt(Delivery delivery, store::Record webhook_record);
  Outcome judge(Delivery delivery, rt::Result<outbound::Response> answer) const;
  void settle_or_postpone(Delivery& delivery) const;
  rt::Task<rt::Status> write(Outcome outcome);
  rt::Task<rt::Result<store::Revision>> try_write(const Outcome& outcome, store::Record lane_record);
  rt::Task<rt::Status> move_on(store::Transaction& transaction, DeliveryPlace place, const store::Record& lane_record,
                               std::optional<std::int64_t> again_ms);
  rt::Task<rt::Status> disable(store::Transaction& transaction, const Delivery& delivery);
  rt::Task<void> wait_until(std::int64_t due_ms);

  store::Store& store_;
  const Send send_;
  const DispatcherSettings settings_;
  const Clock clock_;

  std::map<std::string, Lanes, std::less<>> webhooks_;  // of those that have something to send
  rt::Event woken_;
  rt::Scope scope_;
  DeliverySlots slots_;

  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  rt::Loop* loop_ = nullptr;  // guarded by mutex_; set while run() runs
};

}  // namespace millrace::media
