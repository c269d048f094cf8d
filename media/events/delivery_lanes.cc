#include "media/events/delivery_lanes.h"

#include "media/records/codec_event.h"
#include "media/records/keys_events.h"

namespace millrace::media {

rt::Task<rt::Status> DeliveryLanes::add(Delivery delivery, When when) {
  auto touched = co_await touch(delivery, when);
  if (!touched) co_return touched;
  transaction_.put(keys::queued_delivery(delivery.webhook, delivery.subject, delivery.id), {});
  transaction_.put(keys::delivery(delivery.webhook, delivery.id), encode(delivery));
  co_return rt::Status();
}

rt::Task<rt::Status> DeliveryLanes::touch(const Delivery& delivery, When when) {
  const std::string key = keys::delivery_lane(delivery.webhook, delivery.subject);
  if (!touched_.insert(key).second) co_return rt::Status();
  auto record = co_await store_.get(key);
  if (!record) co_return rt::pass(record);
  DeliveryLane lane{.tenant = delivery.tenant, .due_ms = now_ms_};
  if (*record) {
    // One that cannot be read begins anew; the dispatcher finds what it leaves in the index.
    auto existing = decode_delivery_lane(**record);
    lane.revision = (*record)->revision;
    if (existing && when == When::kInTurn) lane.due_ms = existing->due_ms;
    if (existing && existing->due_ms != lane.due_ms) {
      transaction_.erase(keys::due_delivery(delivery.webhook, existing->due_ms, delivery.subject));
    }
  }
  transaction_.require(key, lane.revision);
  transaction_.put(keys::due_delivery(delivery.webhook, lane.due_ms, delivery.subject), {});
  transaction_.put(key, encode(lane));
  co_return rt::Status();
}

}  // namespace millrace::media
