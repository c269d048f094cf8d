#include "handlers/playback/playlists.h"

#include <algorithm>

#include "handlers/playback/access.h"
#include "handlers/playback/dash.h"
#include "handlers/playback/hls.h"
#include "handlers/playback/text_response.h"
#include "media/transcripts/formats.h"
#include "media/transcripts/transcripts.h"

namespace millrace::handlers::playback {
namespace {

using media::Transcript;
using Transcripts = std::vector<Transcript>;

constexpr const char* kPlaylistType = "application/vnd.apple.mpegurl";
constexpr const char* kManifestType = "application/dash+xml";
constexpr std::string_view kPlaylistEnd = ".m3u8";
constexpr std::string_view kTextEnd = ".vtt";

std::vector<std::string> languages_of(const Transcripts& transcripts) {
  std::vector<std::string> languages;
  for (const Transcript& transcript : transcripts) languages.push_back(transcript.language);
  return languages;
}

rt::Task<rt::Result<Transcripts>> transcripts_of(Services& services, const Admitted& entry) {
  return services.transcripts.of_media(entry.playable->media.tenant, entry.playable->media.id);
}

using Write = std::string (*)(const Presentation&);

Answer answer(Services& services, http::Exchange& exchange, const char* type, Write write) {
  auto entry = co_await admitted(services, exchange);
  if (!entry) co_return rt::pass(entry);
  const auto transcripts = co_await transcripts_of(services, *entry);
  if (!transcripts) co_return std::unexpected(transcripts.error());
  const Presentation presentation = presentation_of(*entry->playable, languages_of(*transcripts), entry->query);
  if (is_empty(presentation)) co_return rt::fail(rt::Code::kNotFound, "this media has no tracks to stream");
  co_return text_response(exchange.request, {type, write(presentation), changing(entry->is_public())});
}

}  // namespace

Answer get_master(Services& services, http::Exchange& exchange) {
  return answer(services, exchange, kPlaylistType, master_playlist);
}

Answer get_manifest(Services& services, http::Exchange& exchange) {
  return answer(services, exchange, kManifestType, dash_manifest);
}

Answer get_text(Services& services, http::Exchange& exchange) {
  auto entry = co_await admitted(services, exchange);
  if (!entry) co_return rt::pass(entry);
  auto transcripts = co_await transcripts_of(services, *entry);
  if (!transcripts) co_return rt::pass(transcripts);
  const std::string& file = exchange.params[1];
  const bool is_playlist = file.ends_with(kPlaylistEnd);
  const std::string language = file.substr(0, file.rfind('.'));
  const auto found = std::ranges::find(*transcripts, language, &Transcript::language);
  if ((!is_playlist && !file.ends_with(kTextEnd)) || found == transcripts->end()) {
    co_return rt::fail(rt::Code::kNotFound, "there is no transcript in this language");
  }
  const std::string cache_control = changing(entry->is_public());
  if (!is_playlist) {
    const auto format = media::TranscriptFormat::kVtt;
    Text text{std::string(media::content_type(format)), media::render(*found, format), cache_control};
    co_return text_response(exchange.request, std::move(text));
  }
  const Presentation presentation = presentation_of(*entry->playable, languages_of(*transcripts), entry->query);
  co_return text_response(exchange.request, {kPlaylistType, text_playlist(presentation, language), cache_control});
}

}  // namespace millrace::handlers::playback
