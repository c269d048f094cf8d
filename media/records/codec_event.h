// The records of events, webhooks and deliveries to bytes and back (media.proto), as codec.h does it for the others.
// Any thread.
#pragma once

#include <string>

#include "media/events/delivery.h"
#include "media/events/event.h"
#include "media/events/webhook.h"
#include "server/rt/error.h"
#include "store/store.h"

namespace millrace::media {

std::string encode(const Event& event);
std::string encode(const Webhook& webhook);
std::string encode(const Delivery& delivery);
std::string encode(const DeliveryLane& lane);

// With the position of its key, when that is in the log.
rt::Result<Event> decode_event(const store::Record& record);
// These carry the record's revision.
rt::Result<Webhook> decode_webhook(const store::Record& record);
rt::Result<Delivery> decode_delivery(const store::Record& record);
rt::Result<DeliveryLane> decode_delivery_lane(const store::Record& record);

}  // namespace millrace::media
