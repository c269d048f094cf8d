#include "store/sharing.h"

#include "store/crc.h"
#include "tests/store/check_fixture.h"

namespace millrace::store {
namespace {

class SharingTest : public CheckTest {
 protected:
  rt::Result<Draft> share_now(ObjectId source, std::uint64_t offset, std::uint64_t length) {
    return rt::run_until_done(store->share(source, offset, length, "a"));
  }
  ObjectId create_now(Draft draft) {
    const ObjectId made = ObjectId::random();
    Transaction transaction;
    transaction.create(made, std::move(draft));
    const auto committed = commit_now(std::move(transaction));
    EXPECT_TRUE(committed) << committed.error().message;
    return made;
  }
  ObjectId copy_now(ObjectId source, std::uint64_t offset, std::uint64_t length) {
    auto draft = share_now(source, offset, length);
    EXPECT_TRUE(draft) << draft.error().message;
    return draft ? create_now(std::move(*draft)) : ObjectId{};
  }
  // Nothing without references is left.
  void reclaim_all() {
    put_now("proof", "1");
    put_now("proof", "2");
    now += 10;
    const auto done = store->keeper().reclaim();
    ASSERT_TRUE(done) << done.error().message;
  }
};

TEST_F(SharingTest, a_whole_object_costs_no_byte) {
  open();
  const std::string text = random_text(1, 700'000);
  const ObjectId source = upload_now(text);
  const std::uint64_t written = store->stats().segment_bytes;
  const ObjectId copy = copy_now(source, 0, text.size());
  EXPECT_EQ(download_now(copy), text);
  EXPECT_EQ(store->stats().stored_bytes, text.size());
  EXPECT_EQ(store->stats().logical_bytes, 2 * text.size());
  EXPECT_LT(store->stats().segment_bytes, written + 100'000);
  const auto info = rt::run_until_done(store->info(copy));
  EXPECT_EQ((*info)->crc32, crc32_update(0, std::as_bytes(std::span(text))));
  EXPECT_EQ((*info)->crc64nvme, crc64nvme_update(0, std::as_bytes(std::span(text))));
}

TEST_F(SharingTest, a_range_stores_its_ends_at_most) {
  open();
  const std::string text = random_text(2, 700'000);
  const ObjectId source = upload_now(text);
  const std::uint64_t size = text.size();
  const std::pair<std::uint64_t, std::uint64_t> ranges[] = {
      {0, 1},        {0, 0},        {size, 0},     {size - 1, 1},     {100, 50},
      {1, size - 1}, {0, size - 1}, {1, size - 2}, {50'000, 400'000}, {200'000, 90'000}};
  for (const auto& [offset, length] : ranges) {
    const std::uint64_t stored = store->stats().stored_bytes;
    const ObjectId copy = copy_now(source, offset, length);
    const std::string wanted = text.substr(offset, length);
    EXPECT_EQ(download_now(copy), wanted) << offset << "+" << length;
    EXPECT_LE(store->stats().stored_bytes, stored + 2 * options.chunk_max_bytes);
    const auto info = rt::run_until_done(store->info(copy));
    EXPECT_EQ((*info)->size_bytes, length);
    EXPECT_EQ((*info)->crc32, crc32_update(0, std::as_bytes(std::span(wanted))));
    EXPECT_EQ((*info)->crc64nvme, crc64nvme_update(0, std::as_bytes(std::span(wanted))));
  }
  EXPECT_EQ(share_now(source, 1, size).error().code, rt::Code::kRangeUnsatisfiable);
  EXPECT_EQ(share_now(ObjectId::random(), 0, 0).error().code, rt::Code::kNotFound);
  const auto report = check_now();
  EXPECT_TRUE(report.problems.empty()) << report.problems.front();
}

TEST_F(SharingTest, either_may_go_and_the_other_stays) {
  for (const bool source_goes : {true, false}) {
    open();
    const std::string text = random_text(3, 500'000);
    const ObjectId source = upload_now(text);
    const ObjectId copy = copy_now(source, 0, text.size());
    const ObjectId part = copy_now(source, 30'000, 300'000);
    remove_now(source_goes ? source : copy);
    reclaim_all();
    const ObjectId left = source_goes ? copy : source;
    EXPECT_EQ(download_now(left), text);
    EXPECT_EQ(download_now(part), text.substr(30'000, 300'000));
    auto report = check_now();
    EXPECT_TRUE(report.problems.empty()) << report.problems.front();
    index.lose_everything();
    open();
    EXPECT_EQ(download_now(left), text);
    remove_now(left);
    remove_now(part);
    reclaim_all();
    EXPECT_EQ(store->stats().chunks, 0u);
    EXPECT_EQ(store->stats().stored_bytes, 0u);
    report = check_now();
    EXPECT_TRUE(report.problems.empty()) << report.problems.front();
  }
}

TEST_F(SharingTest, what_a_draft_shares_outlives_its_source) {
  open();
  const std::string text = random_text(4, 300'000);
  const ObjectId source = upload_now(text);
  auto draft = share_now(source, 0, text.size());
  ASSERT_TRUE(draft);
  remove_now(source);
  reclaim_all();
  EXPECT_EQ(download_now(create_now(std::move(*draft))), text);
  reclaim_all();
  EXPECT_EQ(store->stats().stored_bytes, text.size());
}

TEST_F(SharingTest, a_draft_that_is_dropped_keeps_nothing) {
  open();
  const ObjectId source = upload_now(random_text(5, 300'000));
  {
    auto draft = share_now(source, 10, 200'000);
  }
  remove_now(source);
  reclaim_all();
  EXPECT_EQ(store->stats().chunks, 0u);
}

}  // namespace
}  // namespace millrace::store
