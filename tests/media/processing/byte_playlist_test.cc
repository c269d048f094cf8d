#include "media/processing/byte_playlist.h"

#include <gtest/gtest.h>

namespace millrace::media {
namespace {

constexpr std::string_view kPlaylist =
    "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PLAYLIST-TYPE:VOD\n"
    "#EXT-X-MAP:URI=\"v480.mp4\",BYTERANGE=\"846@0\"\n"
    "#EXTINF:4.000000,\n#EXT-X-BYTERANGE:100@846\nv480.mp4\n"
    "#EXTINF:2.958333,\n#EXT-X-BYTERANGE:50@946\nv480.mp4\n#EXT-X-ENDLIST\n";

std::string changed(std::string_view what, std::string_view into) {
  std::string text(kPlaylist);
  text.replace(text.find(what), what.size(), into);
  return text;
}

TEST(BytePlaylistTest, says_where_everything_lies) {
  const auto layout = parse_byte_playlist(kPlaylist, 996);
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->header_bytes, 846u);
  EXPECT_EQ(layout->segments, (std::vector<Segment>{{846, 100, 4000}, {946, 50, 2958}}));
}

TEST(BytePlaylistTest, refuses_what_does_not_lie_in_the_file) {
  EXPECT_FALSE(parse_byte_playlist(kPlaylist, 995));
  EXPECT_FALSE(parse_byte_playlist(changed("50@946", "18446744073709551615@946"), 996));
  EXPECT_FALSE(parse_byte_playlist(changed("50@946", "40@956"), 996)) << "a gap";
  EXPECT_FALSE(parse_byte_playlist(changed("846@0", "846@1"), 996));
}

TEST(BytePlaylistTest, refuses_what_is_no_such_playlist) {
  for (const std::string& text :
       {std::string(), std::string("#EXTM3U\n"), changed("100@846", "100"), changed("#EXTINF:4.000000,", "#EXTINF:x,"),
        changed("#EXTINF:4.000000,", "#EXTINF:-1,"), changed("#EXT-X-MAP", "#EXT-X-MAB")}) {
    EXPECT_FALSE(parse_byte_playlist(text, 996)) << text;
  }
}

}  // namespace
}  // namespace millrace::media
