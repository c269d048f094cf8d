#include "handlers/playback/files.h"

#include <algorithm>
#include <optional>

#include "handlers/input.h"
#include "handlers/object_body.h"
#include "handlers/playback/access.h"
#include "handlers/playback/envelope.h"
#include "handlers/playback/hls.h"
#include "handlers/playback/text_response.h"
#include "handlers/representation.h"
#include "server/http/range.h"
#include "server/rt/text.h"

namespace millrace::handlers::playback {
namespace {

using http::ByteRange;
using media::Rendition;

constexpr const char* kPlaylistType = "application/vnd.apple.mpegurl";
constexpr std::string_view kPlaylistEnd = ".m3u8";
constexpr std::string_view kPieceEnd = ".m4s";
constexpr const char* kInit = "init.mp4";

std::unexpected<rt::Error> absent() { return rt::fail(rt::Code::kNotFound, "this media has no such file"); }

const Rendition* track_named(const media::Playable& playable, std::string_view name) {
  const auto found = std::ranges::find_if(playable.renditions, [&](const Rendition& rendition) {
    return !is_file(rendition) && rendition.name == name && !rendition.segments.empty();
  });
  return found == playable.renditions.end() ? nullptr : &*found;
}

const Rendition* file_named(const media::Playable& playable, std::string_view name) {
  const auto found = std::ranges::find_if(playable.renditions, [&](const Rendition& rendition) {
    return is_file(rendition) && rendition.name + "." + rendition.extension == name;
  });
  return found == playable.renditions.end() ? nullptr : &*found;
}

// The bytes of "init.mp4" or "17.m4s", which count from 1.
std::optional<ByteRange> piece_named(const Rendition& track, std::string_view name) {
  if (name == kInit) return ByteRange{0, track.header_bytes};
  if (!name.ends_with(kPieceEnd) || name.starts_with('0')) return std::nullopt;
  name.remove_suffix(kPieceEnd.size());
  const auto number = rt::whole_number<std::size_t>(name);
  if (!number || *number == 0 || *number > track.segments.size()) return std::nullopt;
  const media::Segment& segment = track.segments[*number - 1];
  return ByteRange{segment.offset, segment.length};
}

// Whether the address says which bytes it means (presentation.h). One that does means no others; one that does not
// means what is there now, so it may be kept only for as long as a playlist.
rt::Result<bool> names_version(const http::Request& request, const Rendition& rendition) {
  const auto query = query_of(request);
  if (!query) return std::unexpected(query.error());
  const auto version = value_of(*query, "v");
  if (!version || *version == version_of(rendition)) return version.has_value();
  return rt::fail(rt::Code::kNotFound, "this media was made anew: load its playlist again");
}

// A part of a file, or all of it.
rt::Task<rt::Status> set_body(http::Response& response, store::Store& store, store::ObjectId object, ByteRange range) {
  auto set = co_await set_object_body(response, store, object, range.first, range.length);
  // An object never changes: without it, its media has gone since it was looked up.
  if (!set && set.error().code == rt::Code::kNotFound) co_return absent();
  co_return set;
}

// An object never changes, so its name and the place in it are as strong as a tag can be.
Representation representation_of(const Rendition& rendition, ByteRange piece, const std::string& cache_control) {
  std::string tag = rendition.object.text();
  if (!is_file(rendition)) tag += "-" + std::to_string(piece.first);
  Representation shown(piece.length, tag, rendition.created_ms, rendition.content_type, {});
  shown.fields.remove("content-disposition");
  for (http::Fields* fields : {&shown.fields, &shown.validator_fields}) {
    fields->set("cache-control", cache_control);
  }
  return shown;
}

Answer bytes_response(Services& services, http::Exchange& exchange, const Rendition& rendition, ByteRange piece,
                      bool is_public) {
  const auto versioned = names_version(exchange.request, rendition);
  if (!versioned) co_return std::unexpected(versioned.error());
  const std::string cache_control = *versioned ? unchanging(is_public) : changing(is_public);
  const Representation shown = representation_of(rendition, piece, cache_control);
  const auto set = [&](http::Response& response, ByteRange range) {
    return set_body(response, services.store, rendition.object, {piece.first + range.first, range.length});
  };
  co_return co_await represent(exchange, door, shown, set);
}

}  // namespace

Answer get_file(Services& services, http::Exchange& exchange) {
  auto entry = co_await admitted(services, exchange);
  if (!entry) co_return rt::pass(entry);
  const std::string& name = exchange.params[1];
  if (name.ends_with(kPlaylistEnd)) {
    const auto stem = std::string_view(name).substr(0, name.size() - kPlaylistEnd.size());
    const Rendition* track = track_named(*entry->playable, stem);
    if (!track) co_return absent();
    Text text{kPlaylistType, media_playlist(*track, entry->query), changing(entry->is_public())};
    co_return text_response(exchange.request, std::move(text));
  }
  const Rendition* file = file_named(*entry->playable, name);
  if (!file) co_return absent();
  const ByteRange whole{0, file->size_bytes};
  co_return co_await bytes_response(services, exchange, *file, whole, entry->is_public());
}

Answer get_piece(Services& services, http::Exchange& exchange) {
  auto entry = co_await admitted(services, exchange);
  if (!entry) co_return rt::pass(entry);
  const Rendition* track = track_named(*entry->playable, exchange.params[1]);
  const auto piece = track ? piece_named(*track, exchange.params[2]) : std::nullopt;
  if (!piece) co_return absent();
  co_return co_await bytes_response(services, exchange, *track, *piece, entry->is_public());
}

}  // namespace millrace::handlers::playback
