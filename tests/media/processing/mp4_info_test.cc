#include "media/processing/mp4_info.h"

#include <gtest/gtest.h>

namespace millrace::media {
namespace {

std::string number(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 255);
  return bytes;
}

std::string box(const std::string& type, const std::string& content) {
  return number(static_cast<std::uint32_t>(content.size() + 8)) + type + content;
}

std::string track(const std::string& entry) {
  return box("trak",
             box("tkhd", "....") + box("mdia", box("minf", box("stbl", box("stsd", number(0) + number(1) + entry)))));
}

std::string video(const std::string& type, const std::string& config) {
  return track(box(type, std::string(78, '\0') + config));
}

std::string audio(const std::string& config) { return track(box("mp4a", std::string(28, '\0') + config)); }

std::string movie(const std::string& tracks) {
  const std::string header = box("mvhd", number(0) + number(0) + number(0) + number(1000) + number(30'022));
  return box("ftyp", "isom") + box("moov", header + tracks) + box("mdat", std::string(100, 'x'));
}

rt::Result<Mp4Info> info(const std::string& file) {
  const auto read = [&](std::uint64_t offset, std::size_t length) {
    return offset < file.size() ? file.substr(offset, length) : std::string();
  };
  return read_mp4_info(read, file.size());
}

std::string codecs(const std::string& tracks) { return info(movie(tracks))->codecs; }

const std::string kAvc = box("avcC", std::string("\x01\x64\x00\x1f\xff", 5));
// An ES descriptor with AAC-LC, its lengths in four bytes as ffmpeg writes them.
const std::string kAac =
    box("esds", std::string("\0\0\0\0\x03\x80\x80\x80\x22\0\x02\0\x04\x80\x80\x80\x14\x40\x15\0\0\0\0\0\0\0\0\0\0\0"
                            "\x05\x80\x80\x80\x02\x11\x90",
                            37));

TEST(Mp4InfoTest, says_duration_and_codecs_in_the_order_of_the_tracks) {
  const auto found = info(movie(video("avc1", kAvc) + audio(kAac)));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->duration_ms, 30'022);
  EXPECT_EQ(found->codecs, "avc1.64001f,mp4a.40.2");
}

TEST(Mp4InfoTest, knows_hevc_and_av1) {
  const std::string hevc = box("hvcC", std::string("\x01\x01\x60\0\0\0\x90\0\0\0\0\0\x5d", 13));
  EXPECT_EQ(codecs(video("hvc1", hevc)), "hvc1.1.6.L93.90");
  EXPECT_EQ(codecs(video("av01", box("av1C", std::string("\x81\x05\x0c\0", 4)))), "av01.0.05M.08");
  EXPECT_EQ(codecs(video("av01", box("av1C", std::string("\x81\x28\x4c\0", 4)))), "av01.1.08M.10");
}

TEST(Mp4InfoTest, what_it_does_not_know_is_named_by_its_box) { EXPECT_EQ(codecs(video("vp09", "")), "vp09"); }

TEST(Mp4InfoTest, a_file_without_a_movie_is_refused) {
  EXPECT_FALSE(info(""));
  EXPECT_FALSE(info("this is no movie at all"));
  EXPECT_FALSE(info(box("ftyp", "isom") + box("mdat", "....")));
}

TEST(Mp4InfoTest, every_cut_is_survived) {
  const std::string whole = movie(video("avc1", kAvc) + audio(kAac));
  for (std::size_t length = 0; length < whole.size(); ++length) info(whole.substr(0, length));
}

TEST(Mp4InfoTest, endless_boxes_are_refused) {
  std::string tracks;
  for (int i = 0; i < 2000; ++i) tracks += box("free", "");
  EXPECT_FALSE(info(movie(tracks)));
}

}  // namespace
}  // namespace millrace::media
