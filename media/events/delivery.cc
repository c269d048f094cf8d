#include "media/events/delivery.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/http/crypto.h"
#include "server/http/date.h"
#include "server/http/json.h"

namespace millrace::media {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::int64_t kRetryDelayMaxMs = 3'600'000;
constexpr std::uint32_t kDoublingsMax = 30;

}  // namespace

std::string_view word(DeliveryStatus status) {
  switch (status) {
    case DeliveryStatus::kPending:
      return "pending";
    case DeliveryStatus::kDelivered:
      return "delivered";
    case DeliveryStatus::kFailed:
      return "failed";
  }
  return "";
}

Delivery delivery_of(const Event& event, const Webhook& webhook, std::int64_t now_ms, std::int64_t retry_ms) {
  return {.id = fmt::format("{:016x}", event.position),
          .tenant = event.tenant,
          .webhook = webhook.id,
          .position = event.position,
          .event_id = event.id,
          .type = event.type,
          .subject = event.subject,
          .response_excerpt = {},
          .error = {},
          .created_ms = now_ms,
          .due_ms = now_ms,
          .give_up_ms = now_ms + retry_ms};
}

Delivery asset_delivery_of(const Event& event, const Webhook& webhook, std::string type, std::int64_t now_ms,
                           std::int64_t retry_ms) {
  Delivery delivery = delivery_of(event, webhook, now_ms, retry_ms);
  delivery.id += "a";
  delivery.type = std::move(type);
  delivery.as_asset = true;
  return delivery;
}

std::string event_body(const Event& event) {
  http::JsonWriter json;
  json.begin_object().member("type", event.type).member("timestamp", http::iso_time(event.at_ms));
  json.key("data").raw(event.data).end_object();
  return json.take();
}

std::string body_of(const Delivery& delivery, const Event& event) {
  if (!delivery.as_asset) return event_body(event);
  http::JsonWriter json;
  json.begin_object().member("id", message_id(delivery)).member("created_on", http::iso_time(event.at_ms));
  json.member("event", delivery.type).key("payload").raw(event.data);
  json.member("performed_by", nullptr).end_object();
  return json.take();
}

std::string message_id(const Delivery& delivery) { return delivery.event_id + (delivery.as_asset ? "-asset" : ""); }

std::string signature(std::string_view secret, std::string_view id, std::int64_t unix_seconds, std::string_view body) {
  if (secret.starts_with(kSecretPrefix)) secret.remove_prefix(kSecretPrefix.size());
  const std::string key = http::base64_decode(secret).value_or("");
  const std::string said = fmt::format("{}.{}.{}", id, unix_seconds, body);
  return "v1," + http::base64(http::hmac_sha256(http::bytes_of(key), http::bytes_of(said)));
}

std::int64_t retry_delay_ms(std::uint32_t attempts, std::int64_t first_ms) {
  const std::uint32_t doublings = std::min(attempts > 0 ? attempts - 1 : 0, kDoublingsMax);
  return std::min(first_ms << doublings, std::max(first_ms, kRetryDelayMaxMs));
}

}  // namespace millrace::media
