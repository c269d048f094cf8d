// A media as a value: what became of an uploaded file, with what the probe found in it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/catalog/details.h"
#include "store/store.h"

namespace millrace::media {

enum class MediaType : std::uint8_t { kUnknown, kVideo, kAudio, kImage, kDocument };  // unknown until probed
enum class MediaStatus : std::uint8_t { kPreparing, kReady, kErrored, kSoftDeleted };

// The step of processing that comes next.
enum class Stage : std::uint8_t { kProbe, kThumbnails, kEncode, kPackage, kDone };

// "video", "audio", "image", "document" (unknown: ""); "preparing", "ready", "errored", "softDeleted".
std::string_view word(MediaType type);
std::string_view word(MediaStatus status);

struct Track {
  std::uint32_t index = 0;
  std::string kind;  // video, audio, subtitle, data, attachment
  std::string codec;
  std::string profile;
  std::string language;
  std::int64_t duration_ms = 0;
  std::uint64_t bits_per_second = 0;
  std::uint32_t width = 0;  // as coded
  std::uint32_t height = 0;
  std::int32_t rotation_degrees = 0;
  double frames_per_second = 0;
  std::string pixel_format;
  std::string color_transfer;  // as ffprobe names it; "smpte2084" (PQ) and "arib-std-b67" (HLG) are HDR
  std::uint32_t channels = 0;
  std::uint32_t samples_per_second = 0;
  bool still_picture = false;  // cover art and the like
};

struct ProbeResult {
  std::string container;  // ffprobe's format names, "mov,mp4,m4a,3gp,3g2,mj2"
  std::int64_t duration_ms = 0;
  std::uint64_t bits_per_second = 0;
  std::uint32_t width = 0;  // as shown: rotation applied
  std::uint32_t height = 0;
  double frames_per_second = 0;
  std::string video_codec;
  std::string audio_codec;
  std::vector<Track> tracks;
};

struct Media {
  std::string id;
  std::string tenant;
  std::string channel_id;
  std::string title;
  std::string file_name;
  std::string content_type;
  MediaType type = MediaType::kUnknown;
  MediaStatus status = MediaStatus::kPreparing;
  std::string error;  // why it is errored, in words
  Stage stage = Stage::kProbe;
  std::uint32_t progress_percent = 0;  // of encoding and packaging together
  std::uint32_t encode_attempts = 0;
  std::string job_id = {};    // of the step that is next; another job of it is a stray of an earlier run
  bool reprocessing = false;  // it was ready or errored before
  bool was_ready = false;     // while it is being made anew: it plays until then, and again if that fails
  store::ObjectId object;
  std::uint64_t size_bytes = 0;
  std::uint64_t crc64nvme = 0;
  ProbeResult probe;
  std::vector<std::string> transcript_languages;
  std::map<std::string, std::string> metadata;
  Details details = {};
  std::string upload_id;
  std::int64_t created_ms = 0;
  std::int64_t updated_ms = 0;
  std::int64_t deleted_ms = 0;                             // 0: not deleted
  MediaStatus status_before_delete = MediaStatus::kReady;  // what recover() brings back
  store::Revision revision = 0;
};

}  // namespace millrace::media
