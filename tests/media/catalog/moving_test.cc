#include "media/catalog/moving.h"

#include <gtest/gtest.h>

namespace millrace::media {
namespace {

struct Row {
  const char* content_type;
  const char* file_name;
  bool moves;
};

TEST(Moving, the_content_type_decides_and_without_one_the_name) {
  const Row rows[] = {
      {"video/mp4", "a", true},
      {"Audio/MPEG", "a", true},
      {"video/mp4; codecs=avc1", "a.pdf", true},
      {"image/png", "a.mp4", false},
      {"application/pdf", "a.pdf", false},
      {"", "holiday.MOV", true},
      {"application/octet-stream", "a.b.flac", true},
      {"application/octet-stream", "a.pdf", false},
      {"", "mp4", false},
      {"", "a.", false},
      {"", "", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(is_said_to_move(row.content_type, row.file_name), row.moves) << row.content_type << " " << row.file_name;
  }
}

}  // namespace
}  // namespace millrace::media
