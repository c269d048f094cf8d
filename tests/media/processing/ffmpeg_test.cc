#include "media/processing/ffmpeg.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace::media {
namespace {

using Words = std::vector<std::string>;

Track track(std::uint32_t index, std::string kind, std::string codec) {
  Track made;
  made.index = index;
  made.kind = std::move(kind);
  made.codec = std::move(codec);
  return made;
}

Media video(std::uint32_t width, std::uint32_t height, double frames_per_second = 25) {
  Track cover = track(0, "video", "mjpeg");
  cover.still_picture = true;
  Track picture = track(1, "video", "h264");
  picture.frames_per_second = frames_per_second;
  Media media;
  media.type = MediaType::kVideo;
  media.probe.width = width;
  media.probe.height = height;
  media.probe.duration_ms = 30'000;
  media.probe.tracks = {cover, picture, track(2, "audio", "aac"), track(3, "audio", "ac3")};
  return media;
}

// What stands behind each time a word does.
Words after(const Words& words, const std::string& word) {
  Words found;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == word) found.push_back(words[i + 1]);
  }
  return found;
}

Words encode(const Media& media, const ProcessingOptions& options = {}) {
  return encode_command(media, encode_outputs(media, options), options);
}

TEST(FfmpegTest, every_input_is_guarded) {
  const ProcessingOptions options;
  const Media media = video(1280, 720);
  const Words commands[] = {encode(media), audio_command(media, options),
                            moments_command(media, {{0, "a.jpg"}, {100, "b.jpg"}}, {64, 36}, options),
                            pictures_command(kInputFile, 1, {{{64, 36}, "a.webp"}}, options)};
  for (const Words& words : commands) {
    const std::size_t inputs = after(words, "-i").size();
    EXPECT_GE(inputs, 1u);
    EXPECT_EQ(after(words, "-protocol_whitelist"), Words(inputs, "file"));
    EXPECT_EQ(after(words, "-max_pixels").size(), inputs);
    for (const std::string& formats : after(words, "-format_whitelist")) {
      for (const char* list : {"hls", "concat", "dash", "image2", "lavfi", "tty", "sdp"}) {
        EXPECT_EQ(("," + formats + ",").find("," + std::string(list) + ","), std::string::npos) << list;
      }
    }
  }
}

TEST(FfmpegTest, one_process_decodes_once_for_all_files) {
  const Words words = encode(video(1280, 720));
  EXPECT_EQ(after(words, "-i").size(), 1u);
  EXPECT_EQ(std::ranges::count(words, "+faststart"), 3);
  EXPECT_EQ(after(words, "-progress"), Words{"pipe:1"});
  EXPECT_EQ(after(words, "-filter_complex"), Words{"[0:1]split=3[s0][s1][s2]"
                                                   ";[s0]scale=1280:720:flags=bicubic,format=yuv420p[v0]"
                                                   ";[s1]scale=852:480:flags=bicubic,format=yuv420p[v1]"
                                                   ";[s2]scale=426:240:flags=bicubic,format=yuv420p[v2]"})
      << "of the track that is no cover picture";
}

TEST(FfmpegTest, the_first_sound_goes_with_every_file) {
  EXPECT_EQ(after(encode(video(320, 240)), "-map"), (Words{"[v0]", "0:2"}));
}

TEST(FfmpegTest, key_frames_are_asked_for_at_the_same_times) {
  const Words words = encode(video(1920, 1080));
  EXPECT_EQ(after(words, "-force_key_frames"), Words(4, "expr:gte(t,n_forced*2)"));
  EXPECT_EQ(after(words, "-sc_threshold"), Words(4, "0"));
}

TEST(FfmpegTest, more_frames_than_are_shown_are_dropped) {
  EXPECT_EQ(after(encode(video(320, 240, 1000)), "-filter_complex").front().find("[0:1]fps=60,"), 0u);
  EXPECT_EQ(after(encode(video(320, 240, 60)), "-filter_complex").front().find("fps="), std::string::npos);
}

TEST(FfmpegTest, the_light_of_hdr_is_made_ordinary_once_for_all_rungs) {
  const ProcessingOptions options;
  Media media = video(1280, 720);
  const auto graph = [&] {
    return after(encode_command(media, encode_outputs(media, options), options), "-filter_complex").front();
  };
  EXPECT_FALSE(graph().contains("tonemap"));
  media.probe.tracks[1].color_transfer = "bt709";
  EXPECT_FALSE(graph().contains("tonemap"));
  for (const char* transfer : {"smpte2084", "arib-std-b67"}) {
    media.probe.tracks[1].color_transfer = transfer;
    EXPECT_TRUE(
        graph().starts_with(std::string("[0:1]scale=1280:720:flags=bicubic,format=yuv444p10le,zscale=tin=") + transfer))
        << graph();
    EXPECT_LT(graph().find("tonemap"), graph().find("split"));
    EXPECT_EQ(graph().find("tonemap"), graph().rfind("tonemap"));
  }
}

TEST(FfmpegTest, more_codecs_make_more_files_of_every_height) {
  const ProcessingOptions options{.ladder_heights = {480, 240}, .codecs = {"h264", "av1", "hevc"}};
  const Media media = video(854, 480);
  Words names;
  for (const EncodeOutput& output : encode_outputs(media, options)) names.push_back(output.name);
  EXPECT_EQ(names, (Words{"480", "240", "480-av1", "240-av1", "480-hevc", "240-hevc"}));
  EXPECT_EQ(after(encode(media, options), "-c:v"),
            (Words{"libx264", "libx264", "libsvtav1", "libsvtav1", "libx265", "libx265"}));
}

TEST(FfmpegTest, time_is_given_by_length_and_bounded) {
  ProcessingOptions options;
  Media media = video(1280, 720);
  const JailLimits usual = encode_limits(media, 3, options);
  EXPECT_GT(usual.deadline_ms, media.probe.duration_ms * 20);
  media.probe.duration_ms *= 1'000'000;
  EXPECT_EQ(encode_limits(media, 3, options).deadline_ms, options.encode_ms_max);
  EXPECT_LE(encode_limits(media, 3, options).cpu_seconds,
            static_cast<std::uint64_t>(options.encode_ms_max / 1000) * (options.threads + 1));
}

TEST(FfmpegTest, tracks_are_cut_by_copying) {
  const Words words = package_command({{"720.in", true, "v720"}, {"720.in", false, "a"}}, {});
  EXPECT_EQ(after(words, "-c"), Words(2, "copy"));
  EXPECT_EQ(after(words, "-map"), (Words{"0:v:0", "1:a:0"}));
  EXPECT_EQ(after(words, "-hls_segment_filename"), (Words{"v720.mp4", "a.mp4"}));
}

}  // namespace
}  // namespace millrace::media
