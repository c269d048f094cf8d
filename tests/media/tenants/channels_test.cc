#include "media/tenants/channels.h"

#include "tests/media/world.h"

namespace millrace::media {
namespace {

using rt::Code;
using ChannelsTest = World;

TEST_F(ChannelsTest, are_made_found_and_listed) {
  test_now_ms += 1;
  const Channel made = good(channels.create("default", "Lectures"));
  EXPECT_FALSE(made.is_default);
  EXPECT_EQ(good(channels.get("default", made.id)).title, "Lectures");
  const auto page = good(channels.list("default", {}));
  ASSERT_EQ(page.total, 2u);
  EXPECT_EQ(page.items.front().id, made.id) << "newest first";
}

TEST_F(ChannelsTest, of_another_tenant_are_not_there) {
  const Channel made = good(channels.create("other", "Theirs"));
  EXPECT_EQ(bad(channels.get("default", made.id)).code, Code::kNotFound);
  EXPECT_EQ(bad(channels.get("default", "../other/" + made.id)).code, Code::kNotFound);
  EXPECT_EQ(good(channels.list("default", {})).total, 1u);
}

TEST_F(ChannelsTest, titles_are_bounded) {
  EXPECT_EQ(bad(channels.create("default", "")).field, "title");
  EXPECT_EQ(bad(channels.create("default", std::string(1025, 'x'))).field, "title");
  EXPECT_EQ(bad(channels.create("default", "line\nbreak")).field, "title");
}

TEST_F(ChannelsTest, lists_sort_filter_and_page) {
  for (const char* title : {"b", "c", "a"}) good(channels.create("other", title));
  const auto sorted = good(channels.list("other", {.page = 1, .per_page = 2, .sort = "title", .descending = true}));
  ASSERT_EQ(sorted.items.size(), 2u);
  EXPECT_EQ(sorted.items[0].title, "a");
  EXPECT_EQ(sorted.total, 4u);
  EXPECT_EQ(good(channels.list("other", {.filters = {{"name", "c"}}})).items.at(0).title, "c");
  EXPECT_TRUE(good(channels.list("other", {.page = UINT32_MAX, .per_page = UINT32_MAX})).items.empty());
  EXPECT_EQ(bad(channels.list("other", {.sort = "colour"})).field, "sort");
  EXPECT_EQ(bad(channels.list("other", {.filters = {{"colour", "red"}}})).field, "filter");
}

}  // namespace
}  // namespace millrace::media
