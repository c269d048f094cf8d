#include "media/catalog/catalog.h"

#include <thread>

#include "tests/media/world.h"

namespace millrace::media {
namespace {

using rt::Code;
using CatalogTest = World;

TEST_F(CatalogTest, original_is_the_uploaded_file) {
  const std::string id = ingest("content", "film.mp4");
  const Original original = good(catalog.original("default", id));
  EXPECT_EQ(store.bytes(original.object), "content");
  EXPECT_EQ(original.size_bytes, 7u);
  EXPECT_EQ(original.file_name, "film.mp4");
  EXPECT_FALSE(original.etag.empty());
  EXPECT_NE(good(catalog.original("default", ingest("another"))).etag, original.etag);
}

TEST_F(CatalogTest, patch_changes_what_it_names) {
  const std::string id = ingest("content");
  const Channel channel = good(channels.create("default", "Second"));
  good(catalog.patch("default", id, {.title = "Title", .channel_id = channel.id}));
  good(catalog.patch("default", id, {.metadata = std::map<std::string, std::string>{{"a", "b"}}}));
  const Media media = good(catalog.get("default", id));
  EXPECT_EQ(media.title, "Title");
  EXPECT_EQ(media.channel_id, channel.id);
  EXPECT_EQ(media.metadata.at("a"), "b");
  EXPECT_EQ(bad(catalog.patch("default", id, {.title = ""})).field, "title");
  EXPECT_EQ(bad(catalog.patch("default", id, {.title = "line\nbreak"})).field, "title");
  EXPECT_EQ(bad(catalog.patch("default", id, {.transcript_languages = {{"", "en"}}})).field, "transcriptLanguageCodes");
  EXPECT_EQ(bad(catalog.patch("default", id, {.channel_id = "nobody"})).field, "channelId");
  EXPECT_EQ(bad(catalog.patch("default", "nobody", {.title = "x"})).code, Code::kNotFound);
}

TEST_F(CatalogTest, lost_race_is_run_again) {
  const std::string id = ingest("content");
  store.before_commit([&] {
    // Another change slips in right before the commit is judged.
    std::thread([&] {
      good(catalog.patch("default", id, {.metadata = std::map<std::string, std::string>{{"k", "v"}}}));
    }).join();
  });
  good(catalog.patch("default", id, {.title = "Both"}));
  const Media media = good(catalog.get("default", id));
  EXPECT_EQ(media.title, "Both");
  EXPECT_EQ(media.metadata.size(), 1u);
}

TEST_F(CatalogTest, soft_delete_hides_and_recover_brings_back) {
  const std::string id = ingest("content");
  EXPECT_EQ(good(catalog.remove("default", id, false)).status, MediaStatus::kSoftDeleted);
  EXPECT_EQ(good(catalog.remove("default", id, false)).status, MediaStatus::kSoftDeleted) << "a repeat is fine";
  EXPECT_EQ(bad(catalog.original("default", id)).code, Code::kNotFound);
  EXPECT_EQ(bad(catalog.patch("default", id, {.title = "x"})).code, Code::kConflict);
  EXPECT_EQ(good(catalog.list("default", {})).total, 0u);
  EXPECT_EQ(good(catalog.list("default", {.sort = "title"})).total, 0u);
  EXPECT_EQ(good(catalog.list("default", {.filters = {{"status", "softDeleted"}}})).total, 1u);
  EXPECT_EQ(good(catalog.recover("default", id)).status, MediaStatus::kPreparing);
  EXPECT_EQ(bad(catalog.recover("default", id)).code, Code::kConflict);
  EXPECT_EQ(good(catalog.list("default", {})).total, 1u);
  EXPECT_EQ(store.bytes(good(catalog.original("default", id)).object), "content");
}

TEST_F(CatalogTest, hard_delete_leaves_nothing) {
  const std::string id = ingest("content");
  const std::string twin = ingest("content");
  good(catalog.remove("default", id, true));
  EXPECT_EQ(bad(catalog.get("default", id)).code, Code::kNotFound);
  EXPECT_EQ(bad(catalog.recover("default", id)).code, Code::kNotFound);
  EXPECT_EQ(bytes_of(twin), "content");
  good(catalog.remove("default", twin, false));
  good(catalog.remove("default", twin, true));
  EXPECT_EQ(store.objects(), 0u);
  EXPECT_EQ(store.records("m/media"), 0u);
  EXPECT_EQ(store.records("m/same"), 0u);
}

TEST_F(CatalogTest, another_tenant_finds_nothing) {
  const std::string id = ingest("content");
  EXPECT_EQ(bad(catalog.get("other", id)).code, Code::kNotFound);
  EXPECT_EQ(bad(catalog.original("other", id)).code, Code::kNotFound);
  EXPECT_EQ(bad(catalog.patch("other", id, {.title = "mine"})).code, Code::kNotFound);
  EXPECT_EQ(bad(catalog.remove("other", id, true)).code, Code::kNotFound);
  EXPECT_EQ(bad(catalog.recover("other", id)).code, Code::kNotFound);
  EXPECT_EQ(good(catalog.list("other", {})).total, 0u);
}

TEST_F(CatalogTest, lists_sort_and_filter) {
  const std::string big = ingest("a larger content", "b.mp4");
  test_now_ms += 1;
  const std::string small = ingest("small", "a.mp4");
  EXPECT_EQ(good(catalog.list("default", {})).items.at(0).id, small);
  EXPECT_EQ(good(catalog.list("default", {.sort = "size", .descending = true})).items.at(0).id, big);
  EXPECT_EQ(good(catalog.list("default", {.sort = "title"})).items.at(0).id, small);
  EXPECT_EQ(good(catalog.list("default", {.filters = {{"fileName", "b.mp4"}}})).items.at(0).id, big);
  EXPECT_EQ(good(catalog.list("default", {.filters = {{"status", "ready"}}})).total, 0u);
}

}  // namespace
}  // namespace millrace::media
