#include "media/records/codec_event.h"

#include <charconv>

#include "media/media.pb.h"
#include "media/records/codec_wire.h"
#include "media/records/keys_events.h"

namespace millrace::media {

using namespace wire;

std::string encode(const Event& event) {
  record::Event out;
  out.set_id(event.id);
  out.set_tenant(event.tenant);
  out.set_type(event.type);
  out.set_subject(event.subject);
  out.set_data(event.data);
  out.set_at_ms(event.at_ms);
  return bytes_of(out);
}

rt::Result<Event> decode_event(const store::Record& record) {
  auto in = parse<record::Event>(record.value, "event");
  if (!in) return rt::pass(in);
  Event event{.id = in->id(),
              .tenant = in->tenant(),
              .type = in->type(),
              .subject = in->subject(),
              .data = in->data(),
              .at_ms = in->at_ms()};
  if (record.key.starts_with(keys::all_events())) {
    const std::string digits = keys::last_part(record.key);
    std::from_chars(digits.data(), digits.data() + digits.size(), event.position, 16);
  }
  return event;
}

std::string encode(const Webhook& webhook) {
  record::Webhook out;
  out.set_id(webhook.id);
  out.set_tenant(webhook.tenant);
  out.set_url(webhook.url);
  for (const std::string& name : webhook.events) out.add_events(name);
  out.set_secret(webhook.secret);
  out.set_enabled(webhook.enabled);
  out.set_disabled_because(webhook.disabled_because);
  out.set_created_ms(webhook.created_ms);
  out.set_updated_ms(webhook.updated_ms);
  return bytes_of(out);
}

rt::Result<Webhook> decode_webhook(const store::Record& record) {
  auto in = parse<record::Webhook>(record.value, "webhook");
  if (!in) return rt::pass(in);
  return Webhook{.id = in->id(),
                 .tenant = in->tenant(),
                 .url = in->url(),
                 .events = {in->events().begin(), in->events().end()},
                 .secret = in->secret(),
                 .enabled = in->enabled(),
                 .disabled_because = in->disabled_because(),
                 .created_ms = in->created_ms(),
                 .updated_ms = in->updated_ms(),
                 .revision = record.revision};
}

std::string encode(const Delivery& delivery) {
  record::Delivery out;
  out.set_id(delivery.id);
  out.set_tenant(delivery.tenant);
  out.set_webhook(delivery.webhook);
  out.set_position(delivery.position);
  out.set_event_id(delivery.event_id);
  out.set_type(delivery.type);
  out.set_subject(delivery.subject);
  out.set_as_asset(delivery.as_asset);
  out.set_status(number_of(delivery.status));
  out.set_attempts(delivery.attempts);
  out.set_response_status(delivery.response_status);
  out.set_response_excerpt(delivery.response_excerpt);
  out.set_error(delivery.error);
  out.set_created_ms(delivery.created_ms);
  out.set_attempted_ms(delivery.attempted_ms);
  out.set_due_ms(delivery.due_ms);
  out.set_give_up_ms(delivery.give_up_ms);
  return bytes_of(out);
}

rt::Result<Delivery> decode_delivery(const store::Record& record) {
  auto in = parse<record::Delivery>(record.value, "delivery");
  if (!in) return rt::pass(in);
  Delivery delivery{.id = in->id(),
                    .tenant = in->tenant(),
                    .webhook = in->webhook(),
                    .position = in->position(),
                    .event_id = in->event_id(),
                    .type = in->type(),
                    .subject = in->subject(),
                    .as_asset = in->as_asset(),
                    .attempts = in->attempts(),
                    .response_status = in->response_status(),
                    .response_excerpt = in->response_excerpt(),
                    .error = in->error(),
                    .created_ms = in->created_ms(),
                    .attempted_ms = in->attempted_ms(),
                    .due_ms = in->due_ms(),
                    .give_up_ms = in->give_up_ms(),
                    .revision = record.revision};
  if (!read_enum(in->status(), DeliveryStatus::kFailed, delivery.status)) return unknown_enum("status of delivery");
  return delivery;
}

std::string encode(const DeliveryLane& lane) {
  record::DeliveryLane out;
  out.set_tenant(lane.tenant);
  out.set_due_ms(lane.due_ms);
  return bytes_of(out);
}

rt::Result<DeliveryLane> decode_delivery_lane(const store::Record& record) {
  auto in = parse<record::DeliveryLane>(record.value, "lane of deliveries");
  if (!in) return rt::pass(in);
  return DeliveryLane{.tenant = in->tenant(), .due_ms = in->due_ms(), .revision = record.revision};
}

}  // namespace millrace::media
