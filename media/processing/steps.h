// The steps of processing, each a kind of job on the queue:
//
//   probe -> thumbnails -> encode -> package -> (ready) -> transcribe
//
// A step's handler does nothing when the media is not at its stage, and commits all it made together with the media's
// next stage and the job of the next step, so that a crash costs at most the running step. Sound alone skips the
// thumbnails; pictures and documents are ready after them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "media/catalog/media.h"

namespace millrace::media {

// Of the first step: media/processing/probe.h.
inline constexpr std::string_view kThumbnailsKind = "thumbnails";
inline constexpr std::string_view kEncodeKind = "encode";
inline constexpr std::string_view kPackageKind = "package";
inline constexpr std::string_view kTranscribeKind = "transcribe";

// The operator's choices.
struct ProcessingOptions {
  bool renditions = true;  // off: ready after the probe
  bool transcripts = false;
  std::vector<std::uint32_t> ladder_heights = {1080, 720, 480, 240};
  std::vector<std::string> codecs = {"h264"};  // and "av1", "hevc"
  std::string preset = "veryfast";             // of x264
  std::uint32_t threads = 2;                   // of each encoder
  std::string ffprobe = "/usr/bin/ffprobe";
  std::string ffmpeg = "/usr/bin/ffmpeg";
  std::string pdftoppm = "/usr/bin/pdftoppm";
  std::int64_t encode_ms_max = 12ll * 3'600'000;
  std::int64_t duration_ms_max = 24ll * 3'600'000;
  std::uint64_t pixels_max = 100'000'000;  // of a picture or frame
};

// What comes after a stage for media of a type.
Stage stage_after(Stage stage, MediaType type, const ProcessingOptions& options);
// The kind of job that does a stage; empty for kDone.
std::string_view kind_of(Stage stage);

// Whether it is being prepared, this step is its next and this job is to do it; a deleted media goes on being prepared.
bool is_next(const Media& media, Stage stage, std::string_view job_id);
// 0 to 100, over encoding and packaging; a ready one has 100.
std::uint32_t progress_of(const Media& media);
// A media that was deleted while its job ran stays deleted; the outcome is what recover() brings back.
void set_outcome(Media& media, MediaStatus status);

}  // namespace millrace::media
