#include "handlers/v2/webhook_views.h"

#include "handlers/time_text.h"
#include "server/http/json.h"

namespace millrace::handlers::v2 {
namespace {

using http::JsonWriter;

void write_webhook(JsonWriter& json, const media::Webhook& webhook) {
  json.member("id", webhook.id).member("url", webhook.url).member("events", webhook.events);
  json.member("enabled", webhook.enabled);
  if (!webhook.disabled_because.empty()) json.member("disabledBecause", webhook.disabled_because);
  json.member("createdAt", time_text(webhook.created_ms)).member("updatedAt", time_text(webhook.updated_ms));
}

}  // namespace

std::string view(const media::Webhook& webhook) {
  JsonWriter json;
  json.begin_object();
  write_webhook(json, webhook);
  json.end_object();
  return json.take();
}

std::string view_with_secret(const media::Webhook& webhook) {
  JsonWriter json;
  json.begin_object();
  write_webhook(json, webhook);
  json.member("secret", webhook.secret).end_object();
  return json.take();
}

std::string view(const media::Delivery& delivery) {
  JsonWriter json;
  json.begin_object().member("id", delivery.id).member("messageId", message_id(delivery));
  json.member("type", delivery.type).member("subject", delivery.subject);
  json.member("status", word(delivery.status)).member("attempts", delivery.attempts);
  if (delivery.response_status != 0) json.member("responseStatus", delivery.response_status);
  if (!delivery.response_excerpt.empty()) json.member("responseBody", delivery.response_excerpt);
  if (!delivery.error.empty()) json.member("error", delivery.error);
  json.member("createdAt", time_text(delivery.created_ms));
  if (delivery.attempted_ms != 0) json.member("attemptedAt", time_text(delivery.attempted_ms));
  const bool pending = delivery.status == media::DeliveryStatus::kPending;
  if (pending) json.member("nextAttemptAt", time_text(delivery.due_ms));
  json.end_object();
  return json.take();
}

}  // namespace millrace::handlers::v2
