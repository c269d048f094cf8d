// Events as lines of a text/event-stream (HTML Living Standard, 9.2 Server-sent events). Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "media/catalog/media.h"
#include "media/events/event.h"
#include "server/rt/error.h"

namespace millrace::handlers::v2 {

// With its position as id, so that a browser that comes back says how far it was.
std::string event_text(const media::Event& event);
// How far the processing of a media is. Without an id: it is nowhere to be read again.
std::string progress_text(const media::Media& media);
// Events up to and without `next` are forgotten; who comes back begins there.
std::string lost_text(std::uint64_t after, std::uint64_t next);
// Nothing; keeps proxies and clients from giving up. With how long a client waits before it comes back.
std::string opening_text();
std::string keep_alive_text();

// What Last-Event-ID says; kInvalid, naming `field`, for anything but a position.
rt::Result<std::uint64_t> parse_position(std::string_view text, std::string_view field);

}  // namespace millrace::handlers::v2
