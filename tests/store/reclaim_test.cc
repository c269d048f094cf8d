#include "store/reclaim.h"

#include <thread>

#include "store/check.h"
#include "tests/store/store_fixture.h"

namespace millrace::store {
namespace {

class ReclaimTest : public StoreTest {
 protected:
  void reclaim() {
    const auto done = store->keeper().reclaim();
    ASSERT_TRUE(done) << done.error().message;
  }
  // A later commit proves that what lies before it is durable.
  void prove() {
    put_now("proof", "1");
    put_now("proof", "2");
  }
};

TEST_F(ReclaimTest, gives_space_back_only_after_the_delay) {
  open();
  const ObjectId id = upload_now(random_text(1, 300'000));
  remove_now(id);
  prove();
  reclaim();
  EXPECT_EQ(store->stats().stored_bytes, 300'000u);
  EXPECT_EQ(disk.punched_bytes(), 0u);
  now += 10;
  reclaim();
  EXPECT_EQ(store->stats().stored_bytes, 0u);
  EXPECT_EQ(store->stats().chunks, 0u);
  EXPECT_GT(disk.punched_bytes(), 150'000u);
}

TEST_F(ReclaimTest, gives_space_back_that_was_forgotten_before_a_restart) {
  open();
  remove_now(upload_now(random_text(1, 300'000)));
  open();
  now += 10;
  reclaim();
  EXPECT_EQ(store->stats().chunks, 0u);
  EXPECT_EQ(disk.punched_bytes(), 0u) << "nothing proves yet that it is durable";
  open();
  prove();
  reclaim();
  EXPECT_GT(disk.punched_bytes(), 150'000u);
  const std::uint64_t once = disk.punched_bytes();
  reclaim();
  EXPECT_EQ(disk.punched_bytes(), once);
}

TEST_F(ReclaimTest, gives_space_back_that_a_rebuilt_index_does_not_know) {
  open();
  remove_now(upload_now(random_text(1, 300'000)));
  store.reset();
  index.lose_everything();
  open();
  prove();
  reclaim();
  EXPECT_GT(disk.punched_bytes(), 150'000u);
}

TEST_F(ReclaimTest, sealed_segments_need_no_new_commit) {
  open();
  const ObjectId gone = upload_now(random_text(1, 700'000));
  upload_now(random_text(2, 700'000));
  remove_now(gone);
  open();
  now += 10;
  reclaim();
  EXPECT_GT(disk.punched_bytes(), 500'000u);
}

TEST_F(ReclaimTest, spares_what_another_object_needs) {
  open();
  const std::string text = random_text(2, 200'000);
  const ObjectId first = upload_now(text);
  const ObjectId second = upload_now(text);
  remove_now(first);
  prove();
  now += 100;
  reclaim();
  EXPECT_EQ(download_now(second), text);
}

TEST_F(ReclaimTest, a_chunk_found_again_in_time_lives_on) {
  open();
  const std::string text = random_text(3, 200'000);
  remove_now(upload_now(text));
  now += 100;
  const ObjectId again = upload_now(text);
  prove();
  reclaim();
  EXPECT_EQ(store->stats().deduplicated_bytes, text.size());
  EXPECT_EQ(download_now(again), text);
}

TEST_F(ReclaimTest, what_an_uncommitted_draft_shares_is_held) {
  open();
  const std::string text = random_text(4, 200'000);
  const ObjectId first = upload_now(text);
  auto draft = rt::run_until_done(draft_of(*store, text));
  ASSERT_TRUE(draft);
  remove_now(first);
  prove();
  now += 100;
  reclaim();
  const ObjectId second = ObjectId::random();
  Transaction transaction;
  transaction.create(second, std::move(*draft));
  ASSERT_TRUE(commit_now(std::move(transaction)));
  EXPECT_EQ(download_now(second), text);
}

rt::Task<std::string> read_across_reclaim(EmbeddedStore& store, ObjectId id, std::atomic<std::int64_t>& now) {
  auto reader = co_await store.read(id, 0, 200'000);
  std::string text;
  Transaction transaction;
  transaction.remove(id);
  (void)co_await store.commit(std::move(transaction));
  now += 100;
  for (;;) {
    (void)store.keeper().reclaim();
    auto slices = co_await (*reader)->next(10'000);
    if (!slices) co_return slices.error().message;
    if (slices->empty()) co_return text;
    for (const rt::Slice& slice : *slices) text.append(slice.text());
  }
}

TEST_F(ReclaimTest, waits_for_readers_of_a_deleted_object) {
  open();
  const std::string text = random_text(5, 200'000);
  const ObjectId id = upload_now(text);
  prove();
  EXPECT_EQ(rt::run_until_done(read_across_reclaim(*store, id, now)), text);
  reclaim();
  reclaim();
  EXPECT_EQ(store->stats().stored_bytes, 0u);
}

rt::Task<rt::Slices> first_slices(EmbeddedStore& store, ObjectId id, std::uint64_t bytes) {
  auto reader = co_await store.read(id, 0, bytes);
  auto slices = co_await (*reader)->next(bytes);
  EXPECT_TRUE(slices);
  co_return std::move(*slices);
}

std::string text_of(const rt::Slices& slices) {
  std::string text;
  for (const rt::Slice& slice : slices) text.append(slice.text());
  return text;
}

TEST_F(ReclaimTest, waits_for_slices_that_outlive_their_reader) {
  open();
  const std::string text = random_text(8, 200'000);
  const ObjectId id = upload_now(text);
  rt::Slices slices = rt::run_until_done(first_slices(*store, id, text.size()));
  slices.erase(slices.begin(), slices.end() - 1);
  const std::size_t kept = slices.front().size();
  remove_now(id);
  prove();
  now += 100;
  for (int i = 0; i < 3; ++i) reclaim();
  EXPECT_EQ(text_of(slices), text.substr(text.size() - kept));
  EXPECT_EQ(disk.punched_bytes(), 0u);
  std::thread([&slices] { slices.clear(); }).join();
  reclaim();
  EXPECT_EQ(store->stats().stored_bytes, 0u);
  EXPECT_GT(disk.punched_bytes(), 100'000u);
}

TEST_F(ReclaimTest, slices_of_small_objects_stay_whole) {
  open();
  const std::string text = random_text(15, 20'000);
  const ObjectId id = upload_now(text);
  const rt::Slices fetched = rt::run_until_done(first_slices(*store, id, text.size()));
  const rt::Slices kept = rt::run_until_done(first_slices(*store, id, text.size()));
  remove_now(id);
  prove();
  now += 100;
  for (int i = 0; i < 3; ++i) reclaim();
  EXPECT_GT(disk.punched_bytes(), 0u);
  EXPECT_EQ(text_of(fetched), text);
  EXPECT_EQ(text_of(kept), text);
}

TEST_F(ReclaimTest, slices_may_outlive_the_store) {
  open();
  const std::string text = random_text(9, 100'000);
  const rt::Slices slices = rt::run_until_done(first_slices(*store, upload_now(text), text.size()));
  store.reset();
  EXPECT_EQ(text_of(slices), text);
}

TEST_F(ReclaimTest, a_reader_keeps_only_what_it_reads) {
  open();
  const std::string text = random_text(10, 100'000);
  const ObjectId read = upload_now(text);
  const ObjectId before = upload_now(random_text(11, 100'000));
  const rt::Slices slices = rt::run_until_done(first_slices(*store, read, text.size()));
  const ObjectId after = upload_now(random_text(12, 100'000));
  for (ObjectId id : {read, before, after}) remove_now(id);
  prove();
  now += 100;
  for (int i = 0; i < 3; ++i) reclaim();
  EXPECT_EQ(store->stats().stored_bytes, text.size());
  EXPECT_EQ(text_of(slices), text);
}

TEST_F(ReclaimTest, much_that_is_read_is_not_in_the_way_of_the_rest) {
  options.chunk_min_bytes = 64;
  options.chunk_average_bytes = 128;
  options.chunk_max_bytes = 256;
  options.segment_bytes = 8 << 20;
  open();
  const std::string text = random_text(13, 400'000);
  const ObjectId read = upload_now(text);
  ASSERT_GT(store->stats().chunks, 1'200u);
  const rt::Slices slices = rt::run_until_done(first_slices(*store, read, 1'000));
  remove_now(read);
  now += 1;
  remove_now(upload_now(random_text(14, 10'000)));
  prove();
  now += 100;
  for (int i = 0; i < 6; ++i) reclaim();
  EXPECT_EQ(store->stats().stored_bytes, text.size());
}

TEST_F(ReclaimTest, takes_back_what_was_never_committed) {
  open();
  {
    auto draft = rt::run_until_done(draft_of(*store, random_text(6, 200'000)));
    ASSERT_TRUE(draft);
    prove();
  }
  reclaim();
  EXPECT_GT(disk.punched_bytes(), 100'000u);
}

TEST_F(ReclaimTest, a_hole_near_the_end_hides_no_commit_from_a_rebuilt_index) {
  open();
  put_now("before", "value");
  EXPECT_TRUE(rt::run_until_done(draft_of(*store, random_text(7, 200'000))));
  put_now("after", "value");
  reclaim();
  store.reset();
  index.lose_everything();
  open();
  EXPECT_TRUE(get_now("before"));
  EXPECT_TRUE(get_now("after"));
}

TEST_F(ReclaimTest, leaves_a_store_that_checks_clean) {
  open();
  std::vector<ObjectId> ids;
  for (std::uint64_t i = 0; i < 10; ++i) ids.push_back(upload_now(random_text(i % 7, 60'000)));
  for (std::size_t i = 0; i < ids.size(); i += 2) remove_now(ids[i]);
  prove();
  now += 100;
  reclaim();
  store.reset();
  for (bool lost : {false, true}) {
    if (lost) index.lose_everything();
    const auto report = check(options, disk, seams(), lost);
    ASSERT_TRUE(report) << report.error().message;
    EXPECT_TRUE(report->clean()) << report->problems.front();
  }
}

}  // namespace
}  // namespace millrace::store
