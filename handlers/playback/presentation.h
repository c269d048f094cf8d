// Presentation: what playlists and manifests say about a media, gathered once from its renditions: the CMAF tracks with
// their bit rates, and the languages of its transcripts. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "media/playback/playback.h"
#include "media/renditions/rendition.h"

namespace millrace::handlers::playback {

struct Presentation {
  std::vector<const media::Rendition*> video;  // CMAF tracks, the largest first
  std::vector<const media::Rendition*> audio;
  std::vector<std::string> languages;  // of transcripts
  std::int64_t duration_ms = 0;
  std::string query;  // that every address carries on, with its '?'; empty for public media
};

// `playable` outlives it. A track that has no segments is left out.
Presentation presentation_of(const media::Playable& playable, std::vector<std::string> languages, std::string query);

inline bool is_empty(const Presentation& presentation) {
  return presentation.video.empty() && presentation.audio.empty();
}

struct BitRates {
  std::uint64_t peak = 0;     // of the largest segment (RFC 8216 §4.3.4.2), bits per second
  std::uint64_t average = 0;  // of all
};
BitRates bit_rates(const media::Rendition& track);

// "?token=…&v=…": which bytes an address means, so that what is kept of a track never mixes with what was made of the
// media anew.
std::string track_query(const media::Rendition& track, const std::string& query);
// The value of `v`.
std::string version_of(const media::Rendition& rendition);

// "v720/init.mp4?…", "v720/17.m4s?…", below the media's address; segments count from 1.
std::string init_address(const media::Rendition& track, const std::string& query);
std::string segment_address(const media::Rendition& track, std::size_t number, const std::string& query);

}  // namespace millrace::handlers::playback
