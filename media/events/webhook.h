// A webhook as a value: an address of a tenant that wants to be told of events, and which.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/rt/error.h"
#include "store/store.h"

namespace millrace::media {

inline constexpr std::size_t kWebhookUrlMaxBytes = 2048;
inline constexpr std::size_t kWebhookNamesMax = 64;
inline constexpr std::string_view kPingEvent = "ping";

struct Webhook {
  std::string id;
  std::string tenant;
  std::string url;
  std::vector<std::string> events;  // "media.created", "media.*", "*", "asset.changed"
  // "whsec_" and base64. Kept readable, not as a hash: every delivery is signed with it, also days later and after a
  // restart. It signs nothing but what this webhook is sent, so who could read it here could read that as well.
  std::string secret;
  bool enabled = true;
  std::string disabled_because;  // in words, when not its owner did it
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  store::Revision revision = 0;
};

// kInvalid, the field "events", unless each is an event's name, all of one kind ("media.*"), or "*".
rt::Status check_event_names(const std::vector<std::string>& names);

// Whether an event of this type is among those named, by its name or by its kind.
bool names_event(const std::vector<std::string>& names, std::string_view type);

// Whether it is to be told of events of this type in the shape of v2. "*" is all of those.
bool wants(const Webhook& webhook, std::string_view type);
// As what the assets door knows it, when the webhook asked for that by name: "asset.changed" for "media.updated".
std::optional<std::string> wanted_as_asset(const Webhook& webhook, std::string_view type);

}  // namespace millrace::media
