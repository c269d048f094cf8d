// How webhooks and deliveries look through the v2 door.
#pragma once

#include <string>

#include "media/events/delivery.h"
#include "media/events/webhook.h"

namespace millrace::handlers::v2 {

std::string view(const media::Webhook& webhook);
// With the secret, which is shown once.
std::string view_with_secret(const media::Webhook& webhook);
std::string view(const media::Delivery& delivery);

}  // namespace millrace::handlers::v2
