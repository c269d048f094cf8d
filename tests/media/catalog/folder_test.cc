#include "media/catalog/folder.h"

#include <gtest/gtest.h>

namespace millrace::media {
namespace {

TEST(Folder, is_a_path_below_root) {
  for (const char* good : {"root", "root/a", "root/My Folder/2026", "root/..a", "root/ä/日本", "root/root"}) {
    EXPECT_TRUE(check_folder(good)) << good;
  }
  for (const char* bad :
       {"", "Root", "rooted", "/root", "root/", "root//a", "root/.", "root/..", "root/../a", "root/a/..", "root\\a",
        "root/a\nb", "root/\x7f", "root/\xc0\xae\xc0\xae", "root/\xff", "a/root"}) {
    const auto refused = check_folder(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().field, "folder");
  }
  EXPECT_FALSE(check_folder(std::string_view("root/a\0b", 8)));
  EXPECT_TRUE(check_folder("root/" + std::string(kFolderMaxBytes - 5, 'x')));
  EXPECT_FALSE(check_folder("root/" + std::string(kFolderMaxBytes - 4, 'x')));
}

TEST(Folder, knows_what_lies_below) {
  EXPECT_TRUE(is_at_or_below("root/a", "root"));
  EXPECT_TRUE(is_at_or_below("root", "root"));
  EXPECT_FALSE(is_at_or_below("root/ab", "root/a"));
  EXPECT_EQ(child_on_the_way("root", "root/a/b"), "root/a");
  EXPECT_EQ(child_on_the_way("root/a", "root/a/b"), "root/a/b");
  EXPECT_EQ(child_on_the_way("root/a", "root/a"), "");
  EXPECT_EQ(child_on_the_way("root/a", "root/ab/c"), "");
}

}  // namespace
}  // namespace millrace::media
