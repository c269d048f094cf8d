#include "media/archives/names.h"

#include <gtest/gtest.h>

#include <string>

#include "server/http/utf8.h"

namespace millrace::media {
namespace {

struct Case {
  std::string_view wanted;
  std::string_view safe;
};

constexpr Case kNames[] = {
    {"clip.mp4", "clip.mp4"},
    {"Grüße 你好 😀.mov", "Grüße 你好 😀.mov"},
    {"", "file"},
    {".", "file"},
    {"..", "file"},
    {" . ", "file"},
    {"../../etc/passwd", ".._.._etc_passwd"},
    {"/etc/passwd", "_etc_passwd"},
    {"C:\\Windows\\a.exe", "C__Windows_a.exe"},
    {"a<b>c:d\"e|f?g*h", "a_b_c_d_e_f_g_h"},
    {"line\nbreak\x7f", "line_break_"},
    {"\xc2\x85next", "_next"},
    {"bad\xff\xfe utf8\xc3", "bad__ utf8_"},
    {"overlong \xc0\xaf", "overlong __"},
    {"ends. . .", "ends"},
    {"  begins", "begins"},
    {"con", "_con"},
    {"NUL.txt", "_NUL.txt"},
    {"aux .tar.gz", "_aux .tar.gz"},
    {"Com7", "_Com7"},
    {"lpt².log", "_lpt².log"},
    {"com0", "com0"},
    {"console.log", "console.log"},
    {"CONIN$", "_CONIN$"},
    {"photo\xe2\x80\xaegpj.exe", "photogpj.exe"},
    {"\xef\xbb\xbfmark", "mark"},
    {".hidden", ".hidden"},
};

TEST(Names, AreMadeSafe) {
  for (const Case& each : kNames) EXPECT_EQ(safe_name(each.wanted), each.safe) << each.wanted;
}

TEST(Names, AreShortenedBetweenCharactersAndKeepTheirExtension) {
  std::string wanted;
  while (wanted.size() < 1000) wanted += "ü";
  const std::string name = safe_name(wanted + ".mp4");
  EXPECT_LE(name.size(), kEntryNameMaxBytes);
  EXPECT_GT(name.size(), kEntryNameMaxBytes - 4);
  EXPECT_TRUE(name.ends_with("ü.mp4"));
  EXPECT_TRUE(http::is_utf8(name));
}

TEST(Names, ShorteningLeavesNothingReservedOrEmpty) {
  EXPECT_EQ(safe_name("con" + std::string(300, ' ') + "x.txt"), "_con.txt");
  EXPECT_EQ(safe_name(std::string(300, '.') + std::string(20, 'a')), "file");
}

TEST(Names, StemAndExtension) {
  EXPECT_EQ(stem_of("a.b.mp4"), "a.b");
  EXPECT_EQ(extension_of("a.b.mp4"), ".mp4");
  EXPECT_EQ(extension_of(".profile"), "");
  EXPECT_EQ(extension_of("no extension"), "");
  EXPECT_EQ(extension_of("a. sentence that goes on"), "");
}

TEST(Names, AreGivenOutOnce) {
  UniqueNames names;
  EXPECT_EQ(names.take("clip.mp4"), "clip.mp4");
  EXPECT_EQ(names.take("clip.mp4"), "clip (2).mp4");
  EXPECT_EQ(names.take("CLIP.MP4"), "CLIP (3).MP4");
  EXPECT_EQ(names.take("clip (4).mp4"), "clip (4).mp4");
  EXPECT_EQ(names.take("clip.mp4"), "clip (5).mp4");
  EXPECT_EQ(names.take("clip (2).mp4"), "clip (2) (2).mp4");
  EXPECT_EQ(names.take("ÄRGER"), "ÄRGER");
  EXPECT_EQ(names.take("ärger"), "ärger (2)");
  EXPECT_EQ(names.take("Жук"), "Жук");
  EXPECT_EQ(names.take("жук"), "жук (2)");
}

}  // namespace
}  // namespace millrace::media
