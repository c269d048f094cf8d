// A rendition as a value: something playable or viewable that was made of a media's original. Its bytes are an object
// of their own, deduplicated like any other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace millrace::media {

enum class RenditionKind : std::uint8_t {
  kVideo,      // a progressive MP4 with sound, for one height
  kAudio,      // a progressive file of the sound alone
  kImage,      // the picture in one size
  kThumbnail,  // a picture of the media: a moment of a video, the first page of a document
  kTrack,      // a CMAF track (ISO/IEC 23000-19), cut into segments: what playlists and manifests refer to
};

// "video", "audio", "image", "thumbnail", "track".
std::string_view word(RenditionKind kind);

// A run of bytes of a track that begins with a key frame.
struct Segment {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::uint32_t duration_ms = 0;
  bool operator==(const Segment&) const = default;
};

struct Rendition {
  std::string id;  // unique among all tenants
  std::string tenant;
  std::string media_id;
  RenditionKind kind = RenditionKind::kVideo;
  std::string name;  // its place in playback addresses, unique within the media: "720", "audio", "thumbnail-2"
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::uint64_t bits_per_second = 0;
  double frames_per_second = 0;
  std::string codec;         // as RFC 6381 wants it, several with commas: "avc1.64001f,mp4a.40.2"
  std::string content_type;  // "video/mp4"
  std::string extension;     // of a file with it, without the dot: "mp4"
  store::ObjectId object;
  std::uint64_t size_bytes = 0;
  std::int64_t duration_ms = 0;
  std::uint64_t header_bytes = 0;  // of a track: what comes before its segments, the initialization segment
  std::vector<Segment> segments;   // of a track
  std::int64_t created_ms = 0;
  store::Revision revision = 0;
};

// Tracks are parts of something, the others are whole files that people can take home.
inline bool is_file(const Rendition& rendition) noexcept { return rendition.kind != RenditionKind::kTrack; }

}  // namespace millrace::media
