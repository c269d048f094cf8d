#include <gtest/gtest.h>

#include "media/processing/probe.h"

namespace millrace::media {
namespace {

TEST(ParseProbe, describes_a_video_with_sound) {
  auto probed = parse_probe(R"({"streams":[
    {"index":0,"codec_name":"h264","codec_type":"video","width":854,"height":480,"avg_frame_rate":"30000/1001",
     "duration":"30.03","disposition":{"attached_pic":0}},
    {"index":1,"codec_name":"aac","codec_type":"audio","sample_rate":"48000","channels":2,"tags":{"language":"eng"}}],
    "format":{"format_name":"mov,mp4","duration":"30.033","bit_rate":"1100000"}})");
  ASSERT_TRUE(probed.has_value());
  EXPECT_EQ(probed->type, MediaType::kVideo);
  EXPECT_EQ(probed->result.container, "mov,mp4");
  EXPECT_EQ(probed->result.duration_ms, 30033);
  EXPECT_EQ(probed->result.bits_per_second, 1'100'000u);
  EXPECT_EQ(probed->result.width, 854u);
  EXPECT_NEAR(probed->result.frames_per_second, 29.97, 0.01);
  EXPECT_EQ(probed->result.audio_codec, "aac");
  ASSERT_EQ(probed->result.tracks.size(), 2u);
  EXPECT_EQ(probed->result.tracks[1].samples_per_second, 48000u);
  EXPECT_EQ(probed->result.tracks[1].language, "eng");
}

TEST(ParseProbe, shows_a_rotated_video_upright) {
  auto probed = parse_probe(R"({"streams":[{"codec_name":"h264","codec_type":"video","width":1920,"height":1080,
    "side_data_list":[{"rotation":-90}]}],"format":{"format_name":"mov"}})");
  ASSERT_TRUE(probed.has_value());
  EXPECT_EQ(probed->result.width, 1080u);
  EXPECT_EQ(probed->result.height, 1920u);
  EXPECT_EQ(probed->result.tracks[0].rotation_degrees, 270);
}

TEST(ParseProbe, takes_a_song_with_a_cover_for_audio) {
  auto probed = parse_probe(R"({"streams":[{"codec_name":"mp3","codec_type":"audio"},
    {"codec_name":"mjpeg","codec_type":"video","disposition":{"attached_pic":1}}],"format":{"format_name":"mp3"}})");
  ASSERT_TRUE(probed.has_value());
  EXPECT_EQ(probed->type, MediaType::kAudio);
  EXPECT_EQ(probed->result.video_codec, "");
}

TEST(ParseProbe, knows_a_picture) {
  auto probed = parse_probe(R"({"streams":[{"codec_name":"png","codec_type":"video","width":10,"height":20}],
    "format":{"format_name":"png_pipe"}})");
  ASSERT_TRUE(probed.has_value());
  EXPECT_EQ(probed->type, MediaType::kImage);
}

TEST(ParseProbe, refuses_what_holds_no_media) {
  for (const char* answer :
       {"", "[]", "{}", R"({"streams":[],"format":{}})",
        R"({"streams":[{"codec_name":"ansi","codec_type":"video"}],"format":{"format_name":"tty"}})",
        R"({"streams":[{"codec_name":"subrip","codec_type":"subtitle"}],"format":{"format_name":"srt"}})"}) {
    auto probed = parse_probe(answer);
    ASSERT_FALSE(probed.has_value()) << answer;
    EXPECT_EQ(probed.error().code, rt::Code::kUnprocessable);
  }
}

TEST(ParseProbe, bounds_what_a_hostile_file_claims) {
  auto probed = parse_probe(R"({"streams":[{"codec_name":"h264","codec_type":"video","width":99999999999,"height":-5,
    "avg_frame_rate":"1/0","duration":"1e400","bit_rate":"99999999999999999999"}],
    "format":{"format_name":"mov","duration":"nan","bit_rate":"-1"}})");
  ASSERT_TRUE(probed.has_value());
  EXPECT_EQ(probed->result.duration_ms, 0);
  EXPECT_EQ(probed->result.frames_per_second, 0);
  EXPECT_EQ(probed->result.height, 0u);
  EXPECT_LE(probed->result.width, 1u << 20);
}

}  // namespace
}  // namespace millrace::media
