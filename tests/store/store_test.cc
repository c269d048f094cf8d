#include "store/store.h"

#include "store/crc.h"
#include "tests/store/store_fixture.h"

namespace millrace::store {
namespace {

using std::string_literals::operator""s;

TEST_F(StoreTest, gives_back_what_was_uploaded) {
  open();
  for (std::size_t bytes : {std::size_t{0}, std::size_t{1}, std::size_t{4096}, std::size_t{300'000}}) {
    const std::string text = random_text(bytes, bytes);
    EXPECT_EQ(download_now(upload_now(text)), text);
  }
}

TEST_F(StoreTest, tells_size_and_checksums_of_an_object) {
  open();
  const std::string text = random_text(7, 200'000);
  const auto info = rt::run_until_done(store->info(upload_now(text)));
  ASSERT_TRUE(info && *info);
  EXPECT_EQ((*info)->size_bytes, text.size());
  EXPECT_EQ((*info)->crc32, crc32_update(0, std::as_bytes(std::span(text))));
  EXPECT_EQ((*info)->crc64nvme, crc64nvme_update(0, std::as_bytes(std::span(text))));
}

TEST_F(StoreTest, reads_any_range) {
  open();
  const std::string text = random_text(8, 400'000);
  const ObjectId id = upload_now(text);
  std::mt19937_64 random(9);
  for (int i = 0; i < 50; ++i) {
    const std::size_t offset = random() % text.size();
    const std::size_t length = random() % (text.size() - offset + 1);
    const std::size_t want = 1 + random() % 150'000;
    EXPECT_EQ(rt::run_until_done(download(*store, id, offset, length, want)), text.substr(offset, length));
  }
}

TEST_F(StoreTest, refuses_a_range_outside_of_the_object) {
  open();
  const ObjectId id = upload_now("0123456789");
  const auto read = rt::run_until_done(download(*store, id, 8, 3));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, rt::Code::kRangeUnsatisfiable);
}

TEST_F(StoreTest, a_small_object_that_was_read_is_gone_once_it_is_removed) {
  open();
  const ObjectId id = upload_now("0123456789");
  EXPECT_EQ(download_now(id), "0123456789");
  EXPECT_EQ(rt::run_until_done(download(*store, id, 3, 4)), "3456");
  const auto outside = rt::run_until_done(download(*store, id, 8, 3));
  ASSERT_FALSE(outside);
  EXPECT_EQ(outside.error().code, rt::Code::kRangeUnsatisfiable);
  Transaction removal;
  removal.remove(id);
  ASSERT_TRUE(rt::run_until_done(store->commit(std::move(removal))));
  const auto gone = rt::run_until_done(download(*store, id, 0, 10));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, rt::Code::kNotFound);
}

TEST_F(StoreTest, a_records_stamp_moves_with_it) {
  open();
  put_now("key", "one");
  const std::uint64_t stamp = store->stamp("key");
  EXPECT_EQ(store->stamp("key"), stamp);
  put_now("key", "two");
  EXPECT_NE(store->stamp("key"), stamp);
}

TEST_F(StoreTest, survives_being_closed_and_opened) {
  open();
  const std::string text = random_text(10, 2'500'000);
  const ObjectId id = upload_now(text);
  put_now("key", "value");
  open();
  EXPECT_EQ(download_now(id), text);
  EXPECT_EQ(get_now("key")->value, "value");
  EXPECT_EQ(store->stats().objects, 1u);
  EXPECT_EQ(store->stats().logical_bytes, text.size());
  EXPECT_TRUE(damage.empty());
}

TEST_F(StoreTest, stores_equal_bytes_once) {
  open();
  const std::string text = random_text(11, 500'000);
  const ObjectId first = upload_now(text);
  const std::uint64_t stored = store->stats().stored_bytes;
  const ObjectId second = upload_now(text);
  EXPECT_EQ(store->stats().stored_bytes, stored);
  EXPECT_EQ(store->stats().deduplicated_bytes, text.size());
  EXPECT_EQ(download_now(second), text);
  EXPECT_EQ(rt::run_until_done(store->same(first, second)), true);
}

TEST_F(StoreTest, finds_most_of_shifted_bytes_again) {
  open();
  const std::string text = random_text(12, 1'000'000);
  upload_now(text);
  const std::uint64_t stored = store->stats().stored_bytes;
  const ObjectId shifted = upload_now("odd" + text);
  EXPECT_LT(store->stats().stored_bytes - stored, text.size() / 5);
  EXPECT_EQ(download_now(shifted), "odd" + text);
}

TEST_F(StoreTest, shares_nothing_between_domains) {
  open();
  const std::string text = random_text(13, 100'000);
  upload_now(text, "one");
  upload_now(text, "two");
  EXPECT_EQ(store->stats().stored_bytes, 2 * text.size());
}

TEST_F(StoreTest, shares_between_domains_when_told_to) {
  options.share_across_domains = true;
  open();
  const std::string text = random_text(13, 100'000);
  upload_now(text, "one");
  upload_now(text, "two");
  EXPECT_EQ(store->stats().stored_bytes, text.size());
}

TEST_F(StoreTest, shares_repeated_chunks_within_one_upload) {
  open();
  const std::string text(1'000'000, 'z');
  EXPECT_EQ(download_now(upload_now(text)), text);
  EXPECT_LT(store->stats().stored_bytes, 200'000u);
}

TEST_F(StoreTest, compares_objects_that_share_no_chunk) {
  open();
  const std::string text = random_text(14, 300'000);
  std::string other = text;
  other.back() ^= 1;
  const ObjectId a = upload_now(text, "one");
  const ObjectId b = upload_now(text, "two");
  const ObjectId c = upload_now(other, "three");
  EXPECT_EQ(rt::run_until_done(store->same(a, b)), true);
  EXPECT_EQ(rt::run_until_done(store->same(a, c)), false);
}

rt::Task<rt::Result<ObjectId>> upload_in_parts(Store& store, std::string text, std::size_t part_bytes) {
  auto writer = store.writer("a");
  std::vector<ObjectId> parts;
  while (!text.empty()) {
    auto appended = co_await append_all(*writer, text.substr(0, part_bytes), 10'000);
    if (!appended) co_return pass(appended);
    text.erase(0, part_bytes);
    auto draft = co_await writer->take();
    if (text.empty()) {
      Draft taken = std::move(*draft);
      draft = co_await writer->finish();
      Transaction transaction;
      parts.push_back(ObjectId::random());
      transaction.create(parts.back(), std::move(taken));
      parts.push_back(ObjectId::random());
      transaction.create(parts.back(), std::move(*draft));
      auto committed = co_await store.commit(std::move(transaction));
      if (!committed) co_return pass(committed);
      continue;
    }
    Transaction transaction;
    parts.push_back(ObjectId::random());
    transaction.create(parts.back(), std::move(*draft));
    auto committed = co_await store.commit(std::move(transaction));
    if (!committed) co_return pass(committed);
  }
  const ObjectId whole = ObjectId::random();
  Transaction transaction;
  transaction.join(whole, parts);
  auto joined = co_await store.commit(std::move(transaction));
  if (!joined) co_return pass(joined);
  co_return whole;
}

TEST_F(StoreTest, joins_parts_without_storing_anything) {
  open();
  const std::string text = random_text(15, 700'000);
  const auto id = rt::run_until_done(upload_in_parts(*store, text, 150'000));
  ASSERT_TRUE(id) << id.error().message;
  EXPECT_EQ(download_now(*id), text);
  EXPECT_EQ(store->stats().objects, 1u);
  EXPECT_EQ(store->stats().stored_bytes, text.size());
  const auto info = rt::run_until_done(store->info(*id));
  EXPECT_EQ((*info)->crc32, crc32_update(0, std::as_bytes(std::span(text))));
  EXPECT_EQ((*info)->crc64nvme, crc64nvme_update(0, std::as_bytes(std::span(text))));
}

TEST_F(StoreTest, a_join_of_a_missing_part_changes_nothing) {
  open();
  const ObjectId part = upload_now("part");
  Transaction transaction;
  transaction.join(ObjectId::random(), {part, ObjectId::random()});
  transaction.put("key", "value");
  const auto joined = commit_now(std::move(transaction));
  ASSERT_FALSE(joined);
  EXPECT_EQ(joined.error().code, rt::Code::kNotFound);
  EXPECT_FALSE(get_now("key"));
  EXPECT_EQ(download_now(part), "part");
}

TEST_F(StoreTest, a_record_grows_in_revision_and_is_required_by_it) {
  open();
  const auto first = put_now("key", "one");
  ASSERT_TRUE(first);
  Transaction stale;
  stale.require("key", *first - 1);
  stale.put("key", "stale");
  EXPECT_EQ(commit_now(std::move(stale)).error().code, rt::Code::kConflict);
  Transaction fresh;
  fresh.require("key", *first);
  fresh.put("key", "two");
  const auto second = commit_now(std::move(fresh));
  ASSERT_TRUE(second);
  EXPECT_GT(*second, *first);
  EXPECT_EQ(get_now("key")->value, "two");
  EXPECT_EQ(get_now("key")->revision, *second);
  Transaction erase;
  erase.erase("key");
  commit_now(std::move(erase));
  EXPECT_FALSE(get_now("key"));
  Transaction absent;
  absent.require("key", 0);
  absent.put("key", "three");
  EXPECT_TRUE(commit_now(std::move(absent)));
}

std::string keys_of(const rt::Result<std::vector<Record>>& records) {
  std::string keys;
  for (const Record& record : *records) keys += record.key + " ";
  return keys;
}

TEST_F(StoreTest, scans_records_by_prefix_in_both_directions) {
  open();
  for (const char* key : {"a/1", "a/2", "a/3", "b/1", "a"}) put_now(key, "value");
  const auto scan = [this](Scan scan) { return keys_of(rt::run_until_done(store->scan(std::move(scan)))); };
  EXPECT_EQ(scan({"a/", "", 10, false}), "a/1 a/2 a/3 ");
  EXPECT_EQ(scan({"a/", "a/1", 10, false}), "a/2 a/3 ");
  EXPECT_EQ(scan({"a/", "", 2, true}), "a/3 a/2 ");
  EXPECT_EQ(scan({"a/", "a/3", 10, true}), "a/2 a/1 ");
  EXPECT_EQ(scan({"", "", 10, true}), "b/1 a/3 a/2 a/1 a ");
  EXPECT_EQ(scan({"c", "", 10, false}), "");
  EXPECT_EQ(scan({"a/", "", 0, false}), "");
}

TEST_F(StoreTest, works_when_neither_index_nor_bytes_are_in_memory) {
  open();
  const std::string text = random_text(16, 300'000);
  upload_now(text);
  index.set_memory_misses(true);
  disk.set_cold(true);
  const ObjectId again = upload_now(text);
  EXPECT_EQ(store->stats().stored_bytes, text.size());
  EXPECT_EQ(download_now(again), text);
}

TEST_F(StoreTest, writes_around_the_page_cache_in_whole_blocks) {
  disk.set_direct(true);
  open();
  const std::string text = random_text(17, 3'000'000);
  const ObjectId id = upload_now(text);
  EXPECT_EQ(download_now(id), text);
  open();
  EXPECT_EQ(download_now(id), text);
}

TEST_F(StoreTest, is_held_by_one_at_a_time) {
  open();
  const auto second = EmbeddedStore::open(options, disk, budget, io, seams());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, rt::Code::kConflict);
}

rt::Task<void> upload_and_check(Store& store, std::string text, int& good) {
  auto id = co_await upload(store, text);
  if (!id) co_return;
  auto got = co_await download(store, *id);
  if (got == text) ++good;
}

rt::Task<int> upload_many(Store& store) {
  int good = 0;
  rt::Scope scope;
  // Every text comes several times, so that uploads meet each other's pending chunks.
  for (int i = 0; i < 60; ++i) scope.spawn(upload_and_check(store, random_text(i % 20, 120'000), good));
  co_await scope.join();
  co_return good;
}

TEST_F(StoreTest, serves_many_uploads_of_the_same_bytes_at_once) {
  open();
  EXPECT_EQ(rt::run_until_done(upload_many(*store)), 60);
  EXPECT_EQ(store->stats().stored_bytes, 20u * 120'000);
}

TEST_F(StoreTest, serves_several_loops_at_once) {
  open();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int i = 0; i < 3; ++i) threads.emplace_back([&] { good += rt::run_until_done(upload_many(*store)); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 180);
  EXPECT_EQ(store->stats().objects, 180u);
}

TEST_F(StoreTest, one_sync_serves_a_small_commit) {
  open();
  put_now("warm", "up");
  const std::uint64_t syncs = store->stats().syncs;
  put_now("key", "value");
  EXPECT_EQ(store->stats().syncs, syncs + 1);
}

}  // namespace
}  // namespace millrace::store
