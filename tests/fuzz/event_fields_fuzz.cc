// What callers say of events: positions to begin behind, and names. The first byte picks. What is accepted means what
// it says.
#include <cstdint>
#include <string>
#include <string_view>

#include "handlers/v2/event_text.h"
#include "media/events/webhook.h"

namespace {

using namespace millrace;

void hold(bool fact) {
  if (!fact) __builtin_trap();
}

void position(std::string_view text) {
  const auto parsed = handlers::v2::parse_position(text, "lastEventId");
  if (!parsed) return;
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
  hold(std::to_string(*parsed) == text);
}

void names(std::string_view text) {
  media::Webhook webhook;
  webhook.events = {std::string(text)};
  const bool known = media::check_event_names(webhook.events).has_value();
  const bool heard = media::wants(webhook, "media.ready") || media::wanted_as_asset(webhook, "media.ready");
  hold(known || !heard);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  if (bytes == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, bytes - 1);
  if (data[0] % 2 == 0) {
    position(text);
  } else {
    names(text);
  }
  return 0;
}
