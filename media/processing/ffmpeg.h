// The command lines of ffmpeg, and what it may take of the host. All files are named as seen from the job's directory.
// Inputs are hostile: only files, only containers of media themselves, never lists that name other files. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "media/catalog/media.h"
#include "media/jail/jail.h"
#include "media/processing/ladder.h"
#include "media/processing/steps.h"

namespace millrace::media {

inline constexpr const char* kInputFile = "input";
inline constexpr std::int64_t kKeyFrameSeconds = 2;
inline constexpr std::int64_t kSegmentSeconds = 4;
inline constexpr double kFrameRateMax = 60;

// Of ffmpeg's and ffprobe's own options, before an input.
std::vector<std::string> input_guards();

// The track that is shown or heard: the first that is no cover picture. Null when there is none.
const Track* first_video(const Media& media);
const Track* first_audio(const Media& media);

// One output file of the ladder.
struct EncodeOutput {
  Rung rung;
  std::string codec;  // "h264", "av1", "hevc"
  std::string name;   // "720", "720-av1"
  std::string file() const { return name + ".mp4"; }
};
// Every rung in every codec.
std::vector<EncodeOutput> encode_outputs(const Media& media, const ProcessingOptions& options);

// Decodes once and writes every output; says its progress on stdout.
std::vector<std::string> encode_command(const Media& media, const std::vector<EncodeOutput>& outputs,
                                        const ProcessingOptions& options);
// The sound alone, to "audio.m4a".
std::vector<std::string> audio_command(const Media& media, const ProcessingOptions& options);
JailLimits encode_limits(const Media& media, std::size_t outputs, const ProcessingOptions& options);
// A file of so many bits per second cannot need more, so what does is made to fill the disk.
std::uint64_t encoded_bytes_max(const Media& media, std::uint64_t bits_per_second_max);

// A track to cut into CMAF: from which file, to NAME.m3u8 and NAME.mp4.
struct PackageTrack {
  std::string file;
  bool video = true;
  std::string name;
};
std::vector<std::string> package_command(const std::vector<PackageTrack>& tracks, const ProcessingOptions& options);
JailLimits package_limits(std::uint64_t input_bytes);

// A moment of a video as a picture.
struct Moment {
  std::int64_t at_ms = 0;
  std::string file;
};
std::vector<std::string> moments_command(const Media& media, const std::vector<Moment>& moments, Size size,
                                         const ProcessingOptions& options);
// The first picture of `input` in several sizes; the file's ending says the format.
struct PictureOutput {
  Size size;
  std::string file;
};
std::vector<std::string> pictures_command(const std::string& input, std::uint32_t stream,
                                          const std::vector<PictureOutput>& outputs, const ProcessingOptions& options);
JailLimits picture_limits(const ProcessingOptions& options);

}  // namespace millrace::media
