// The keys of events and of what tells them, made as those in keys.h.
//
//   m/event.new/STAMP                          Event, until it has its place in the log; STAMP grows (event.h)
//   m/event.last/TENANT                        the position of the tenant's newest event
//   m/event/TENANT/POSITION                    Event; positions count up by one
//   m/webhook/TENANT/WEBHOOK                   Webhook
//   m/webhook.gone/WEBHOOK                     removed, but its deliveries are still to go
//   m/delivery/WEBHOOK/DELIVERY                Delivery; newest first when scanned in reverse
//   m/delivery.queue/WEBHOOK/SUBJECT/DELIVERY  pending, in the order in which they are to arrive
//   m/delivery.lane/WEBHOOK/SUBJECT            DeliveryLane, while there is one in that queue; changes with the queue
//   m/delivery.due/WEBHOOK/DUE/SUBJECT         when the first of that queue is to be sent
#pragma once

#include "media/records/keys.h"

namespace millrace::media::keys {

inline std::string new_events() { return "m/event.new/"; }
inline std::string new_event(std::uint64_t stamp) { return fmt::format("m/event.new/{:016x}", stamp); }
inline std::string last_event(std::string_view owner) { return fmt::format("m/event.last/{}", owner); }
inline std::string all_events() { return "m/event/"; }
inline std::string events(std::string_view owner) { return fmt::format("m/event/{}/", owner); }
inline std::string event(std::string_view owner, std::uint64_t position) {
  return fmt::format("m/event/{}/{:016x}", owner, position);
}

inline std::string webhooks(std::string_view owner) { return fmt::format("m/webhook/{}/", owner); }
inline std::string webhook(std::string_view owner, std::string_view id) {
  return fmt::format("m/webhook/{}/{}", owner, id);
}
inline std::string all_webhooks() { return "m/webhook/"; }
inline std::string gone_webhooks() { return "m/webhook.gone/"; }
inline std::string gone_webhook(std::string_view id) { return fmt::format("m/webhook.gone/{}", id); }

inline std::string deliveries(std::string_view webhook) { return fmt::format("m/delivery/{}/", webhook); }
inline std::string delivery(std::string_view webhook, std::string_view id) {
  return fmt::format("m/delivery/{}/{}", webhook, id);
}
inline std::string delivery_queues(std::string_view webhook) { return fmt::format("m/delivery.queue/{}/", webhook); }
inline std::string delivery_queue(std::string_view webhook, std::string_view subject) {
  return fmt::format("m/delivery.queue/{}/{}/", webhook, subject);
}
inline std::string queued_delivery(std::string_view webhook, std::string_view subject, std::string_view id) {
  return fmt::format("m/delivery.queue/{}/{}/{}", webhook, subject, id);
}
inline std::string all_delivery_lanes() { return "m/delivery.lane/"; }
inline std::string delivery_lanes(std::string_view webhook) { return fmt::format("m/delivery.lane/{}/", webhook); }
inline std::string delivery_lane(std::string_view webhook, std::string_view subject) {
  return fmt::format("m/delivery.lane/{}/{}", webhook, subject);
}
inline std::string all_due_deliveries() { return "m/delivery.due/"; }
inline std::string due_deliveries(std::string_view webhook) { return fmt::format("m/delivery.due/{}/", webhook); }
inline std::string due_delivery(std::string_view webhook, std::int64_t due_ms, std::string_view subject) {
  return fmt::format("m/delivery.due/{}/{}/{}", webhook, ordered(due_ms), subject);
}

}  // namespace millrace::media::keys
