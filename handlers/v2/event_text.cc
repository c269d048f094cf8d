#include "handlers/v2/event_text.h"

#include <fmt/format.h>

#include "media/events/delivery.h"
#include "server/http/json.h"
#include "server/rt/text.h"

namespace millrace::handlers::v2 {
namespace {

constexpr int kComeBackMs = 2'000;

// A line end would end the field; JSON has none outside of its texts, and those are escaped.
std::string one_line(std::string json) {
  for (char& c : json) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return json;
}

}  // namespace

std::string event_text(const media::Event& event) {
  return fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event.position, event.type, one_line(media::event_body(event)));
}

std::string progress_text(const media::Media& media) {
  http::JsonWriter json;
  json.begin_object().member("type", "media.progress").key("data").begin_object().member("id", media.id);
  json.member("status", word(media.status)).member("progress", media.progress_percent).end_object().end_object();
  return fmt::format("event: media.progress\ndata: {}\n\n", json.text());
}

std::string lost_text(std::uint64_t after, std::uint64_t next) {
  http::JsonWriter json;
  json.begin_object().member("type", "events.lost").key("data").begin_object();
  json.member("after", after).member("next", next).end_object().end_object();
  return fmt::format("id: {}\nevent: events.lost\ndata: {}\n\n", next - 1, json.text());
}

std::string opening_text() { return fmt::format("retry: {}\n\n", kComeBackMs); }

std::string keep_alive_text() { return ": nothing new\n\n"; }

rt::Result<std::uint64_t> parse_position(std::string_view text, std::string_view field) {
  if (const auto position = rt::whole_number<std::uint64_t>(text)) return *position;
  return rt::fail(rt::Code::kInvalid, "that is not the id of an event", std::string(field));
}

}  // namespace millrace::handlers::v2
