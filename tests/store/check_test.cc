#include "store/codec.h"
#include "tests/store/check_fixture.h"

namespace millrace::store {
namespace {

TEST_F(CheckTest, counts_what_is_there) {
  fill();
  const CheckReport report = check_now();
  EXPECT_TRUE(report.clean());
  EXPECT_EQ(report.objects, 1u);
  EXPECT_EQ(report.verified_bytes, 400'000u);
  EXPECT_FALSE(report.index_rebuilt);
}

TEST_F(CheckTest, names_the_damaged_chunk_and_the_object_that_needs_it) {
  fill();
  store.reset();
  disk.damage(options.directory / segment_name(1), 50'000);
  for (bool repair : {false, true}) {
    const CheckReport report = check_now(repair);
    ASSERT_EQ(report.problems.size(), 2u);
    EXPECT_NE(report.problems[0].find("does not match"), std::string::npos);
    EXPECT_NE(report.problems[1].find(id.text()), std::string::npos);
  }
}

TEST_F(CheckTest, a_missing_index_is_reported_and_repaired) {
  fill();
  store.reset();
  index.lose_everything();
  EXPECT_FALSE(check_now(false).clean());
  const CheckReport report = check_now(true);
  EXPECT_TRUE(report.clean());
  EXPECT_TRUE(report.index_rebuilt);
  open();
  EXPECT_EQ(download_now(id), text);
  EXPECT_EQ(get_now("key")->value, "value");
}

TEST_F(CheckTest, a_store_builds_a_missing_index_by_itself) {
  fill();
  store.reset();
  index.lose_everything();
  open();
  EXPECT_EQ(download_now(id), text);
}

TEST_F(CheckTest, an_unusable_index_stops_the_start_and_tells_the_cure) {
  fill();
  store.reset();
  index.write_raw(Table::kMeta, "applied", "\xff\xff");
  const auto opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, rt::Code::kDamaged);
  EXPECT_NE(opened.error().message.find("check --data /store --repair"), std::string::npos);
  EXPECT_TRUE(check_now(true).clean());
  EXPECT_TRUE(try_open());
}

TEST_F(CheckTest, a_wrong_count_is_found_and_repaired) {
  fill();
  store.reset();
  std::string key;
  ChunkEntry entry;
  const auto opened = index.factory().open("");
  (void)(*opened)->visit(Table::kChunks, "", Direction::kForward, [&](std::string_view at, std::string_view value) {
    key = at;
    entry = *decode_chunk_entry(value);
    return false;
  });
  entry.count.references += 1;
  index.write_raw(Table::kChunks, key, encode(entry));
  const CheckReport wrong = check_now();
  ASSERT_FALSE(wrong.clean());
  EXPECT_NE(wrong.problems[0].find("references"), std::string::npos);
  EXPECT_TRUE(check_now(true).clean());
  EXPECT_TRUE(check_now().clean());
}

TEST_F(CheckTest, a_missing_chunk_is_named_and_repaired_once) {
  fill();
  const auto records = records_of();
  store.reset();
  for (std::size_t i : {0u, 2u}) {
    disk.damage(segment_path(), records[i].offset + 4);
    disk.damage(segment_path(), records[i].payload_offset());
  }
  index.lose_everything();
  EXPECT_TRUE(check_now(true).index_rebuilt);
  for (bool repair : {false, true}) {
    const CheckReport report = check_now(repair);
    EXPECT_FALSE(report.index_rebuilt);
    const auto needed = std::ranges::count_if(
        report.problems, [this](const std::string& problem) { return problem.starts_with("object " + id.text()); });
    EXPECT_EQ(needed, 2);
    for (const std::string& problem : report.problems) {
      EXPECT_EQ(problem.find("references"), std::string::npos) << problem;
    }
  }
}

TEST_F(CheckTest, an_object_that_lacks_a_chunk_can_be_removed) {
  fill();
  const RecordHeader first = records_of()[0];
  store.reset();
  disk.damage(segment_path(), first.offset + 4);
  EXPECT_FALSE(check_now(true).clean());
  open();
  EXPECT_TRUE(remove_now(id));
  store.reset();
  disk.damage(segment_path(), first.offset + 4);
  EXPECT_TRUE(check_now().clean());
}

TEST_F(CheckTest, a_lost_hash_entry_is_found) {
  fill();
  store.reset();
  std::string key;
  const auto opened = index.factory().open("");
  (void)(*opened)->visit(Table::kHashes, "", Direction::kForward, [&](std::string_view at, std::string_view) {
    key = at;
    return false;
  });
  index.write_raw(Table::kHashes, key, std::nullopt);
  EXPECT_FALSE(check_now().clean());
  EXPECT_TRUE(check_now(true).clean());
}

TEST_F(CheckTest, a_lost_secret_loses_nothing_but_deduplication) {
  fill();
  store.reset();
  ASSERT_TRUE(disk.unlink(options.directory / "store.secret"));
  open();
  EXPECT_EQ(download_now(id), text);
  const ObjectId again = upload_now(text);
  EXPECT_EQ(download_now(again), text);
  EXPECT_EQ(store->stats().deduplicated_bytes, 0u);
  EXPECT_TRUE(check_now().clean());
}

TEST_F(CheckTest, refuses_another_stores_segment) {
  fill();
  store.reset();
  FakeDisk other_disk;
  MemoryIndexState other_index;
  const Seams other{other_index.factory(), [] { return std::int64_t{0}; }, std::nullopt, false};
  auto stranger = EmbeddedStore::open(options, other_disk, budget, io, other);
  ASSERT_TRUE(stranger);
  stranger->reset();
  const auto bytes = other_disk.contents(options.directory / "store.secret");
  auto file = disk.open(options.directory / "store.secret", Access::kCreate, Caching::kCached);
  const std::span<const std::byte> piece(bytes);
  ASSERT_TRUE((*file)->write(0, {&piece, 1}));
  const auto opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, rt::Code::kInvalid);
}

}  // namespace
}  // namespace millrace::store
