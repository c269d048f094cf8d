// A delivery as a value: one event on its way to one webhook, with what became of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "media/events/event.h"
#include "media/events/webhook.h"
#include "store/store.h"

namespace millrace::media {

enum class DeliveryStatus : std::uint8_t { kPending, kDelivered, kFailed };

// "pending", "delivered", "failed".
std::string_view word(DeliveryStatus status);

inline constexpr std::size_t kResponseExcerptBytes = 1024;

struct Delivery {
  std::string id;  // sorts as the events of the tenant's log do
  std::string tenant;
  std::string webhook;
  std::uint64_t position = 0;  // of the event in the log
  std::string event_id;
  std::string type;  // as it is told: "asset.changed"
  std::string subject;
  bool as_asset = false;  // in the shape of the assets door
  DeliveryStatus status = DeliveryStatus::kPending;
  std::uint32_t attempts = 0;
  int response_status = 0;  // of the last attempt; 0: there was no answer
  std::string response_excerpt;
  std::string error;  // of the last attempt, in words
  std::int64_t created_ms = 0;
  std::int64_t attempted_ms = 0;  // 0: not yet
  std::int64_t due_ms = 0;        // pending: not before this
  std::int64_t give_up_ms = 0;    // no attempt begins after it but a first one
  store::Revision revision = 0;
};

// The deliveries of one subject to one webhook: one after the other, the first of them at `due_ms`.
struct DeliveryLane {
  std::string tenant;
  std::int64_t due_ms = 0;
  store::Revision revision = 0;
};

Delivery delivery_of(const Event& event, const Webhook& webhook, std::int64_t now_ms, std::int64_t retry_ms);
// The same as the asset event `type`.
Delivery asset_delivery_of(const Event& event, const Webhook& webhook, std::string type, std::int64_t now_ms,
                           std::int64_t retry_ms);

// {"type", "timestamp", "data"}: what Standard Webhooks recommends, and what GET /v2/events tells.
std::string event_body(const Event& event);
// What the webhook is sent: that, or {"id", "created_on", "event", "payload", "performed_by"}.
std::string body_of(const Delivery& delivery, const Event& event);

// What the receiver takes for the same message when it comes again.
std::string message_id(const Delivery& delivery);
// The webhook-signature field: "v1," and the HMAC-SHA256 over id, time and body (Standard Webhooks, Signature scheme).
std::string signature(std::string_view secret, std::string_view id, std::int64_t unix_seconds, std::string_view body);

// From the end of the attempt with this number (from 1) to the next one.
std::int64_t retry_delay_ms(std::uint32_t attempts, std::int64_t first_ms);

}  // namespace millrace::media
