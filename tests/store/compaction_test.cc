#include "store/compaction.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/check.h"
#include "tests/store/store_fixture.h"

namespace millrace::store {
namespace {

class CompactionTest : public StoreTest {
 protected:
  CompactionTest() { options.segment_bytes = 256 << 10; }

  std::size_t segments() const {
    const auto names = disk.list(options.directory);
    return std::ranges::count_if(*names, [](const auto& name) { return parse_segment_name(name).has_value(); });
  }
  void compact_all() {
    now += 100;
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(store->keeper().reclaim());
    for (int i = 0; i < 16; ++i) {
      const auto done = store->keeper().compact();
      ASSERT_TRUE(done) << done.error().message;
    }
  }
  std::vector<std::string> segment_names() const {
    std::vector<std::string> names = *disk.list(options.directory);
    std::erase_if(names, [](const auto& name) { return !parse_segment_name(name); });
    std::ranges::sort(names);
    return names;
  }
  void put_many(char content) {
    for (int batch = 0; batch < 20; ++batch) {
      Transaction transaction;
      for (int i = 0; i < 64; ++i) transaction.put(fmt::format("{}/{}", batch, i), std::string(1000, content));
      ASSERT_TRUE(commit_now(std::move(transaction)));
    }
  }
  void check_clean(bool repair) {
    store.reset();
    const auto report = check(options, disk, seams(), repair);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->clean()) << report->problems.front();
  }
};

TEST_F(CompactionTest, empties_sparse_segments_and_keeps_what_lives) {
  open();
  std::vector<std::pair<ObjectId, std::string>> kept;
  for (std::uint64_t i = 0; i < 40; ++i) {
    const std::string text = random_text(100 + i, 50'000);
    const ObjectId id = upload_now(text);
    put_now("upload/" + std::to_string(i), std::to_string(i));
    if (i % 8 == 0) {
      kept.emplace_back(id, text);
    } else {
      remove_now(id);
    }
  }
  const std::size_t before = segments();
  compact_all();
  EXPECT_LT(segments(), before / 2);
  for (const auto& [id, text] : kept) EXPECT_EQ(download_now(id), text);
  EXPECT_EQ(rt::run_until_done(store->scan({"upload/", "", 100, false}))->size(), 40u);
  check_clean(false);
}

TEST_F(CompactionTest, what_was_carried_survives_the_loss_of_the_index) {
  open();
  const std::string text = random_text(1, 30'000);
  const ObjectId kept = upload_now(text);
  const auto revision = put_now("kept", "value");
  put_now("changed", "old");
  put_now("erased", "value");
  const ObjectId removed = upload_now(random_text(2, 30'000));
  for (std::uint64_t i = 0; i < 30; ++i) remove_now(upload_now(random_text(100 + i, 50'000)));
  put_now("changed", "new");
  Transaction transaction;
  transaction.erase("erased");
  transaction.remove(removed);
  ASSERT_TRUE(commit_now(std::move(transaction)));
  for (std::uint64_t i = 0; i < 30; ++i) remove_now(upload_now(random_text(200 + i, 50'000)));
  compact_all();
  store.reset();
  index.lose_everything();
  open();
  EXPECT_EQ(download_now(kept), text);
  EXPECT_EQ(get_now("kept")->value, "value");
  EXPECT_EQ(get_now("kept")->revision, *revision);
  EXPECT_EQ(get_now("changed")->value, "new");
  EXPECT_FALSE(get_now("erased"));
  EXPECT_FALSE(*rt::run_until_done(store->info(removed)));
  check_clean(false);
}

rt::Task<std::string> read_across_compaction(EmbeddedStore& store, ObjectId id, std::uint64_t bytes) {
  auto reader = co_await store.read(id, 0, bytes);
  std::string text;
  for (;;) {
    auto slices = co_await (*reader)->next(10'000);
    if (!slices) co_return slices.error().message;
    if (slices->empty()) co_return text;
    for (const rt::Slice& slice : *slices) text.append(slice.text());
    (void)store.keeper().compact();
  }
}

TEST_F(CompactionTest, a_reader_does_not_notice) {
  open();
  const std::string text = random_text(3, 100'000);
  const ObjectId id = upload_now(text);
  for (std::uint64_t i = 0; i < 20; ++i) remove_now(upload_now(random_text(100 + i, 50'000)));
  now += 100;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(store->keeper().reclaim());
  const std::size_t before = segments();
  EXPECT_EQ(rt::run_until_done(read_across_compaction(*store, id, text.size())), text);
  EXPECT_LT(segments(), before);
}

TEST_F(CompactionTest, leaves_a_damaged_segment_alone) {
  open();
  const std::string text = random_text(4, 60'000);
  const ObjectId id = upload_now(text);
  for (std::uint64_t i = 0; i < 20; ++i) remove_now(upload_now(random_text(100 + i, 50'000)));
  disk.damage(options.directory / segment_name(1), 20'000);
  compact_all();
  EXPECT_TRUE(disk.exists(options.directory / segment_name(1)));
  EXPECT_FALSE(damage.empty());
  const auto got = download_now(id);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, rt::Code::kDamaged);
}

TEST_F(CompactionTest, leaves_segments_alone_that_records_fill) {
  open();
  put_many('a');
  const auto before = segment_names();
  ASSERT_GT(before.size(), 4u);
  compact_all();
  EXPECT_EQ(segment_names(), before);
}

TEST_F(CompactionTest, empties_them_once_their_records_were_replaced) {
  open();
  put_many('a');
  compact_all();
  const std::size_t before = segments();
  put_many('b');
  put_many('c');
  ASSERT_GT(segments(), 2 * before);
  for (int i = 0; i < 2; ++i) compact_all();
  EXPECT_LE(segments(), before + 2);
  EXPECT_EQ(get_now("0/0")->value, std::string(1000, 'c'));
  check_clean(false);
}

TEST_F(CompactionTest, leaves_alone_what_it_made) {
  open();
  for (int i = 0; i < 600; ++i) put_now(fmt::format("alone/{}", i), std::string(1000, 'a'));
  const auto before = segment_names();
  compact_all();
  const auto after = segment_names();
  EXPECT_LT(after.size(), before.size() / 2);
  EXPECT_GT(after.size(), 1u);
  compact_all();
  EXPECT_EQ(segment_names(), after);
  check_clean(false);
}

}  // namespace
}  // namespace millrace::store
