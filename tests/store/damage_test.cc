// Bytes that rot, disks that fill up and syncs that fail: never good bytes, never a lost acknowledgement.
#include <map>

#include "store/check.h"
#include "tests/store/store_fixture.h"

namespace millrace::store {
namespace {

using DamageTest = StoreTest;

TEST_F(DamageTest, damaged_bytes_are_named_and_never_served) {
  open();
  const std::string text = random_text(1, 200'000);
  const ObjectId id = upload_now(text);
  disk.damage(options.directory / segment_name(1), 100'000);
  const auto got = download_now(id);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, rt::Code::kDamaged);
  ASSERT_EQ(damage.size(), 1u);
  EXPECT_NE(damage[0].find("seg-00000001.mrs"), std::string::npos);
  EXPECT_EQ(store->stats().damaged_chunks, 1u);
}

class ScrubTest : public StoreTest, public testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Caching, ScrubTest, testing::Bool());

TEST_P(ScrubTest, damaged_bytes_are_found_by_scrubbing) {
  disk.set_direct(GetParam());
  open();
  upload_now(random_text(2, 200'000));
  ASSERT_TRUE(store->keeper().scrub(10 << 20));
  EXPECT_TRUE(damage.empty());
  EXPECT_EQ(store->stats().scrubbed_bytes, 200'000u);
  disk.damage(options.directory / segment_name(1), 100'000);
  ASSERT_TRUE(store->keeper().scrub(10 << 20));
  EXPECT_EQ(damage.size(), 1u);
}

TEST_F(DamageTest, scrubbing_goes_round_in_small_steps) {
  open();
  upload_now(random_text(4, 500'000));
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(store->keeper().scrub(50'000));
  EXPECT_GE(store->stats().scrubbed_bytes, 1'000'000u);
  EXPECT_TRUE(damage.empty());
}

TEST_F(DamageTest, damaged_bytes_are_not_shared_but_stored_anew) {
  open();
  const std::string text = random_text(5, 60'000);
  upload_now(text);
  disk.damage(options.directory / segment_name(1), 30'000);
  const ObjectId again = upload_now(text);
  EXPECT_EQ(download_now(again), text);
  EXPECT_EQ(damage.size(), 1u);
}

TEST_F(DamageTest, damage_in_the_replayed_tail_does_not_hide_later_commits) {
  open();
  const std::string text = random_text(6, 60'000);
  const ObjectId damaged = upload_now(text);
  const std::string other = random_text(7, 60'000);
  const ObjectId whole = upload_now(other);
  put_now("key", "value");
  store.reset();
  index.lose_everything();
  disk.damage(options.directory / segment_name(1), 30'000);
  open();
  EXPECT_EQ(download_now(whole), other);
  EXPECT_EQ(get_now("key")->value, "value");
  EXPECT_FALSE(download_now(damaged));
}

TEST_F(DamageTest, the_id_of_a_lost_chunk_is_never_given_to_another) {
  open();
  const ObjectId early = upload_now("early");
  const std::size_t early_records = records_of().size();
  const std::string text = random_text(10, 60'000);
  upload_now(text);
  const std::size_t known_records = records_of().size();
  // It shares the chunks: when their records and the commit that made them rot, its extents alone name them.
  const ObjectId lost = upload_now(text);
  const auto records = records_of();
  for (std::size_t i = early_records; i < known_records; ++i) disk.damage(segment_path(), records[i].offset + 4);
  store.reset();
  index.lose_everything();
  open();
  EXPECT_EQ(download_now(early), "early");
  const std::string later = random_text(11, 200'000);
  EXPECT_EQ(download_now(upload_now(later)), later);
  const auto got = download_now(lost);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, rt::Code::kDamaged);
  EXPECT_NE(got.error().message.find("missing"), std::string::npos);
}

TEST_F(DamageTest, a_full_disk_refuses_writes_and_serves_reads) {
  open();
  const std::string text = random_text(8, 100'000);
  const ObjectId id = upload_now(text);
  disk.set_space(30'000);
  const auto refused = rt::run_until_done(upload(*store, random_text(9, 300'000)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, rt::Code::kFull);
  EXPECT_TRUE(store->stats().full);
  EXPECT_EQ(download_now(id), text);
  disk.set_space(100 << 20);
  const std::string later = random_text(9, 300'000);
  EXPECT_EQ(download_now(upload_now(later)), later);
  EXPECT_FALSE(store->stats().full);
  open();
  EXPECT_EQ(download_now(id), text);
  store.reset();
  const auto report = check(options, disk, seams(), false);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->clean()) << report->problems.front();
}

TEST_F(DamageTest, a_full_disk_refuses_to_open_and_loses_nothing) {
  open();
  const std::string text = random_text(8, 100'000);
  const ObjectId id = upload_now(text);
  store.reset();
  disk.set_space(kOpenFreeBytesMin - 1);
  const auto opened = try_open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, rt::Code::kFull);
  EXPECT_NE(opened.error().message.find("8191 KiB are free"), std::string::npos) << opened.error().message;
  EXPECT_EQ(check(options, disk, seams(), true).error().code, rt::Code::kFull);
  disk.set_space(kOpenFreeBytesMin);
  open();
  EXPECT_EQ(download_now(id), text);
}

TEST_F(DamageTest, deleting_works_while_little_space_is_kept_back) {
  options.free_space_min_bytes = 1 << 20;
  open();
  const ObjectId id = upload_now("something");
  disk.set_space(500 << 10);
  EXPECT_EQ(rt::run_until_done(upload(*store, "more")).error().code, rt::Code::kFull);
  EXPECT_TRUE(remove_now(id));
  EXPECT_TRUE(put_now("key", "value"));
}

TEST_F(DamageTest, a_disk_that_fills_up_anywhere_loses_nothing) {
  options.segment_bytes = 8 << 20;
  std::map<ObjectId, std::string> stored;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    disk.set_direct(seed % 2 == 0);
    open();
    disk.set_space(seed * 70'001);
    for (std::uint64_t i = 0; i < 3; ++i) {
      const std::string text = random_text(1000 * seed + i, 700'000);
      if (const auto id = rt::run_until_done(upload(*store, text))) stored[*id] = text;
    }
    disk.set_space(std::uint64_t{1} << 40);
    const std::string text = random_text(2000 * seed, 10'000);
    stored[upload_now(text)] = text;
  }
  store.reset();
  index.lose_everything();
  open();
  for (const auto& [id, text] : stored) EXPECT_EQ(download_now(id), text);
  store.reset();
  const auto report = check(options, disk, seams(), false);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->clean()) << report->problems.front();
}

TEST_F(DamageTest, half_a_record_is_cut_off_when_the_disk_fills_up) {
  options.segment_bytes = 8 << 20;
  linger.reset();  // no flush but by size: writes end within blocks
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    open();
    disk.set_space(1'500'000);
    EXPECT_EQ(rt::run_until_done(upload(*store, random_text(seed, 3'000'000))).error().code, rt::Code::kFull);
    disk.set_space(std::uint64_t{1} << 40);
    const ObjectId id = upload_now("after");
    store.reset();
    index.lose_everything();
    open();
    EXPECT_EQ(download_now(id), "after");
    EXPECT_TRUE(damage.empty()) << damage.front();
  }
}

TEST_F(DamageTest, a_failed_sync_is_never_tried_again) {
  open();
  const ObjectId id = upload_now("before");
  disk.fail_syncs(true);
  EXPECT_EQ(put_now("key", "value").error().code, rt::Code::kIo);
  disk.fail_syncs(false);
  EXPECT_EQ(put_now("key", "value").error().code, rt::Code::kIo);
  EXPECT_EQ(rt::run_until_done(upload(*store, "after")).error().code, rt::Code::kIo);
  EXPECT_EQ(download_now(id), "before");
  open();
  EXPECT_TRUE(put_now("key", "value"));
}

TEST_F(DamageTest, a_segment_that_cannot_be_opened_leaves_nothing_behind) {
  options.segment_bytes = 64 << 10;
  open();
  put_now("before", std::string(30'000, 'b'));
  disk.fail_opens(true);
  EXPECT_FALSE(put_now("refused", std::string(60'000, 'r')));
  EXPECT_FALSE(disk.exists(segment_path(2)));
  // Fits behind what is there.
  EXPECT_TRUE(put_now("between", "value"));
  disk.fail_opens(false);
  EXPECT_TRUE(put_now("after", std::string(60'000, 'a')));
  EXPECT_TRUE(disk.exists(segment_path(3)));
  store.reset();
  index.lose_everything();
  open();
  EXPECT_EQ(get_now("between")->value, "value");
  EXPECT_EQ(get_now("after")->revision, 3u);
}

}  // namespace
}  // namespace millrace::store
