#include "media/processing/ffmpeg.h"

#include <fmt/format.h>

#include <algorithm>

namespace millrace::media {
namespace {

using Words = std::vector<std::string>;

// Containers of media themselves. What is not here: playlists and lists of files (hls, dash, concat, sdp), devices and
// generators (lavfi), text that ffmpeg would draw (tty, ansi), sequences of files (image2).
constexpr const char* kFormats =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,m4v,h264,hevc,obu,ivf,asf,ogg,mxf,rm,dv,nut,"
    "wtv,gxf,yuv4mpegpipe,wav,w64,flac,mp3,aac,ac3,eac3,aiff,caf,amr,au,wv,ape,tta,dts,voc,mpc,mpc8,tak,"
    "gif,apng,ico,png_pipe,jpeg_pipe,jpegls_pipe,jpegxl_pipe,webp_pipe,bmp_pipe,tiff_pipe,j2k_pipe,psd_pipe,qoi_pipe,"
    "pam_pipe,pbm_pipe,pgm_pipe,pgmyuv_pipe,ppm_pipe,pcx_pipe,sgi_pipe,exr_pipe,dds_pipe,xwd_pipe,sunrast_pipe";

constexpr std::uint64_t kGiB = 1ull << 30;
constexpr std::int64_t kUnknownDurationMs = 3'600'000;
// How much slower than the media itself one rung may be encoded on a busy host.
constexpr std::int64_t kTimesSlower = 20;
constexpr std::int64_t kEncodeLeastMs = 120'000;
// The longest file; those that are known to be shorter get less (encoded_bytes_max).
constexpr std::uint64_t kEncodedBytesMax = 64 * kGiB;
// For containers, and the first second of what is more than its average.
constexpr std::uint64_t kEncodedBeyondBytes = 64ull << 20;
constexpr std::uint64_t kSoundBitsPerSecond = 128'000;
constexpr std::int64_t kPackageLeastMs = 60'000;
constexpr std::uint64_t kPackageBytesPerMs = 10'000;

void add(Words& to, std::initializer_list<std::string> words) { to.insert(to.end(), words); }

std::string seconds(std::int64_t ms) { return fmt::format("{}.{:03}", ms / 1000, ms % 1000); }

Words beginning(const ProcessingOptions& options) {
  return {options.ffmpeg, "-v", "error", "-nostdin", "-nostats", "-y"};
}

void add_input(Words& words, const std::string& file, const ProcessingOptions& options) {
  for (auto& guard : input_guards()) words.push_back(std::move(guard));
  add(words,
      {"-max_pixels", std::to_string(options.pixels_max), "-threads", std::to_string(options.threads), "-i", file});
}

const Track* first(const Media& media, std::string_view kind) {
  const auto found = std::ranges::find_if(media.probe.tracks, [&](const Track& track) {
    return track.kind == kind && !track.still_picture && !track.codec.empty();
  });
  return found == media.probe.tracks.end() ? nullptr : &*found;
}

std::string scaled(Size size) { return fmt::format("scale={}:{}:flags=bicubic", size.width, size.height); }

// From the light of HDR to what every screen shows, as filters; empty when it is that already. Both transfers come with
// BT.2020, also in files that do not say so. In 4:4:4, because zscale halves no odd side and pictures may have some.
std::string to_sdr(const Track& video) {
  if (video.color_transfer != "smpte2084" && video.color_transfer != "arib-std-b67") return {};
  return fmt::format(
      "format=yuv444p10le,zscale=tin={}:pin=bt2020:min=bt2020nc:t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,"
      "tonemap=hable:desat=0,zscale=t=bt709:p=bt709:m=bt709:r=tv,format=yuv444p,",
      video.color_transfer);
}

// [0:2]fps=60,split=2[s0][s1];[s0]scale=…,format=yuv420p[v0];…
std::string ladder_graph(const Track& video, const std::vector<EncodeOutput>& outputs) {
  std::string graph = fmt::format("[0:{}]", video.index);
  if (video.frames_per_second > kFrameRateMax) graph += fmt::format("fps={},", kFrameRateMax);
  // Once for all rungs, and of no more pixels than the largest has, because it takes as long as an encode.
  if (const std::string sdr = to_sdr(video); !sdr.empty()) {
    const auto width = [](const EncodeOutput& output) { return output.rung.size.width; };
    graph += scaled(std::ranges::max(outputs, {}, width).rung.size) + "," + sdr;
  }
  graph += fmt::format("split={}", outputs.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) graph += fmt::format("[s{}]", i);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    graph += fmt::format(";[s{}]{},format=yuv420p[v{}]", i, scaled(outputs[i].rung.size), i);
  }
  return graph;
}

// Key frames stand at the same times in every rung, and nothing refers across them, so that players change between
// rungs at any segment.
void add_video_codec(Words& words, const EncodeOutput& output, double frames_per_second,
                     const ProcessingOptions& options) {
  const std::string most = std::to_string(output.rung.bits_per_second_max);
  const std::string twice = std::to_string(output.rung.bits_per_second_max * 2);
  const std::string key_frames = fmt::format("expr:gte(t,n_forced*{})", kKeyFrameSeconds);
  if (output.codec == "av1") {
    const double rate = frames_per_second > 0 ? std::min(frames_per_second, kFrameRateMax) : 25;
    const auto frames = std::max<std::int64_t>(1, static_cast<std::int64_t>(rate * kKeyFrameSeconds + 0.5));
    add(words, {"-c:v", "libsvtav1", "-preset", "8", "-crf", "35", "-g", std::to_string(frames), "-force_key_frames",
                key_frames});
  } else if (output.codec == "hevc") {
    add(words, {"-c:v", "libx265", "-preset", options.preset, "-crf", "28", "-maxrate", most, "-bufsize", twice,
                "-x265-params", fmt::format("log-level=error:scenecut=0:open-gop=0:pools={}", options.threads),
                "-force_key_frames", key_frames, "-tag:v", "hvc1"});
  } else {
    add(words, {"-c:v", "libx264", "-preset", options.preset, "-profile:v", "high", "-crf", "23", "-maxrate", most,
                "-bufsize", twice, "-sc_threshold", "0", "-flags", "+cgop", "-force_key_frames", key_frames});
  }
  add(words, {"-threads:v", std::to_string(options.threads)});
}

void add_audio_codec(Words& words) { add(words, {"-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000"}); }

// Nothing of the source's own texts goes out with its renditions; the longest duration bounds what a small file can
// unfold to.
void add_file(Words& words, const std::string& file, const ProcessingOptions& options) {
  add(words, {"-sn", "-dn", "-map_metadata", "-1", "-map_chapters", "-1", "-t", seconds(options.duration_ms_max),
              "-max_muxing_queue_size", "4096", "-movflags", "+faststart", "-f", "mp4", file});
}

std::int64_t duration_or_guess(const Media& media) {
  return media.probe.duration_ms > 0 ? media.probe.duration_ms : kUnknownDurationMs;
}

}  // namespace

Words input_guards() { return {"-protocol_whitelist", "file", "-format_whitelist", kFormats}; }

const Track* first_video(const Media& media) { return first(media, "video"); }
const Track* first_audio(const Media& media) { return first(media, "audio"); }

std::vector<EncodeOutput> encode_outputs(const Media& media, const ProcessingOptions& options) {
  std::vector<EncodeOutput> outputs;
  const auto rungs = ladder_of({media.probe.width, media.probe.height}, options.ladder_heights);
  for (const std::string& codec : options.codecs) {
    for (const Rung& rung : rungs) {
      const std::string side = std::to_string(rung.short_side);
      outputs.push_back({rung, codec, codec == "h264" ? side : side + "-" + codec});
    }
  }
  return outputs;
}

Words encode_command(const Media& media, const std::vector<EncodeOutput>& outputs, const ProcessingOptions& options) {
  const Track& video = *first_video(media);
  const Track* const audio = first_audio(media);
  Words words = beginning(options);
  add(words, {"-progress", "pipe:1"});
  add_input(words, kInputFile, options);
  add(words,
      {"-filter_complex_threads", std::to_string(options.threads), "-filter_complex", ladder_graph(video, outputs)});
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    add(words, {"-map", fmt::format("[v{}]", i)});
    if (audio) add(words, {"-map", fmt::format("0:{}", audio->index)});
    add_video_codec(words, outputs[i], video.frames_per_second, options);
    if (audio) add_audio_codec(words);
    add_file(words, outputs[i].file(), options);
  }
  return words;
}

Words audio_command(const Media& media, const ProcessingOptions& options) {
  Words words = beginning(options);
  add(words, {"-progress", "pipe:1"});
  add_input(words, kInputFile, options);
  add(words, {"-map", fmt::format("0:{}", first_audio(media)->index), "-vn"});
  add_audio_codec(words);
  add_file(words, "audio.m4a", options);
  return words;
}

JailLimits encode_limits(const Media& media, std::size_t outputs, const ProcessingOptions& options) {
  const std::int64_t scaled_ms = duration_or_guess(media) * kTimesSlower * static_cast<std::int64_t>(outputs);
  JailLimits limits;
  limits.memory_bytes = 16 * kGiB;  // of addresses: each thread reserves far more than it uses
  limits.deadline_ms = std::min(options.encode_ms_max, kEncodeLeastMs + scaled_ms);
  limits.cpu_seconds = static_cast<std::uint64_t>(limits.deadline_ms / 1000) * (options.threads + 1);
  limits.file_bytes = kEncodedBytesMax;
  limits.open_files = 256;
  limits.processes = 512;
  return limits;
}

std::uint64_t encoded_bytes_max(const Media& media, std::uint64_t bits_per_second_max) {
  const std::uint64_t bytes_per_second = (bits_per_second_max + kSoundBitsPerSecond) / 8;
  const auto seconds = static_cast<std::uint64_t>(duration_or_guess(media) / 1000 + 1);
  return std::min(kEncodedBytesMax, 2 * bytes_per_second * seconds + kEncodedBeyondBytes);
}

Words package_command(const std::vector<PackageTrack>& tracks, const ProcessingOptions& options) {
  Words words = beginning(options);
  for (const PackageTrack& track : tracks) add(words, {"-protocol_whitelist", "file", "-f", "mov", "-i", track.file});
  for (std::size_t i = 0; i < tracks.size(); ++i) {
    add(words,
        {"-map", fmt::format("{}:{}", i, tracks[i].video ? "v:0" : "a:0"), "-c", "copy", "-f", "hls",
         "-hls_segment_type", "fmp4", "-hls_flags", "single_file", "-hls_playlist_type", "vod", "-hls_time",
         std::to_string(kSegmentSeconds), "-hls_segment_filename", tracks[i].name + ".mp4", tracks[i].name + ".m3u8"});
  }
  return words;
}

JailLimits package_limits(std::uint64_t input_bytes) {
  JailLimits limits;
  limits.deadline_ms = kPackageLeastMs + static_cast<std::int64_t>(input_bytes / kPackageBytesPerMs);
  limits.cpu_seconds = static_cast<std::uint64_t>(limits.deadline_ms / 1000);
  limits.file_bytes = 64 * kGiB;
  limits.open_files = 256;
  limits.processes = 128;
  limits.memory_bytes = 8 * kGiB;
  return limits;
}

Words moments_command(const Media& media, const std::vector<Moment>& moments, Size size,
                      const ProcessingOptions& options) {
  Words words = beginning(options);
  for (const Moment& moment : moments) {
    add(words, {"-ss", seconds(moment.at_ms)});
    add_input(words, kInputFile, options);
  }
  for (std::size_t i = 0; i < moments.size(); ++i) {
    const Track& video = *first_video(media);
    add(words, {"-map", fmt::format("{}:{}", i, video.index), "-frames:v", "1", "-vf",
                scaled(size) + "," + to_sdr(video) + "format=yuvj420p", "-q:v", "4", "-map_metadata", "-1", "-f",
                "image2", "-update", "1", moments[i].file});
  }
  return words;
}

Words pictures_command(const std::string& input, std::uint32_t stream, const std::vector<PictureOutput>& outputs,
                       const ProcessingOptions& options) {
  Words words = beginning(options);
  add_input(words, input, options);
  for (const PictureOutput& output : outputs) {
    add(words, {"-map", fmt::format("0:{}", stream), "-frames:v", "1", "-map_metadata", "-1"});
    if (output.file.ends_with(".webp")) {
      add(words, {"-vf", scaled(output.size), "-c:v", "libwebp", "-quality", "82"});
    } else {
      add(words, {"-vf", scaled(output.size) + ",format=yuvj420p", "-c:v", "mjpeg", "-q:v", "4"});
    }
    add(words, {"-f", "image2", "-update", "1", output.file});
  }
  return words;
}

JailLimits picture_limits(const ProcessingOptions& options) {
  JailLimits limits;
  limits.memory_bytes = 8 * kGiB;
  limits.cpu_seconds = 120;
  limits.file_bytes = kGiB;
  limits.processes = 128;
  limits.deadline_ms = std::min<std::int64_t>(options.encode_ms_max, 120'000);
  return limits;
}

}  // namespace millrace::media
