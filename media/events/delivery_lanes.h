// DeliveryLanes: puts deliveries into the queues of their subjects, in a transaction of the caller. A lane's record
// changes with its queue, and whoever changes either requires it, so that one who adds to a queue and one who takes the
// last out of it do not miss one another.
#pragma once

#include <cstdint>
#include <set>
#include <string>

#include "media/events/delivery.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class DeliveryLanes {
 public:
  // Both outlive it. `now_ms` is when the first of a queue is due that was empty.
  DeliveryLanes(store::Store& store, store::Transaction& transaction, std::int64_t now_ms)
      : store_(store), transaction_(transaction), now_ms_(now_ms) {}

  enum class When : std::uint8_t { kInTurn, kNow };

  // A delivery, new or again: when the queue has come to it, or the queue goes on at once.
  rt::Task<rt::Status> add(Delivery delivery, When when = When::kInTurn);

 private:
  rt::Task<rt::Status> touch(const Delivery& delivery, When when);

  store::Store& store_;
  store::Transaction& transaction_;
  const std::int64_t now_ms_;
  std::set<std::string, std::less<>> touched_;  // lanes that the transaction changes already
};

}  // namespace millrace::media
