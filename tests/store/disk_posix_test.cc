// The real disk and the real index, in a temporary directory: what the fakes stand for.
#include <stdlib.h>

#include "server/rt/bus_guard.h"
#include "store/check.h"
#include "tests/server/rt/lost_bytes.h"
#include "tests/store/store_fixture.h"

namespace millrace::store {
namespace {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = std::filesystem::temp_directory_path() / "millrace-store-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class PosixStoreTest : public testing::Test {
 protected:
  explicit PosixStoreTest(Options::DirectIo direct_io = Options::DirectIo::kAuto) {
    options.directory = temporary.path() / "data";
    options.segment_bytes = 4 << 20;
    options.free_space_min_bytes = 0;
    options.scrub_bytes_per_second = 0;
    options.direct_io = direct_io;
    open();
  }
  void open() {
    store.reset();
    auto opened = Store::open(options, *disk, budget, io);
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
  }

  TemporaryDirectory temporary;
  std::unique_ptr<Disk> disk = posix_disk();
  rt::Budget budget{std::size_t{256} << 20};
  rt::Pool io{2};
  Options options;
  std::unique_ptr<Store> store;
};

class CachedPosixStoreTest : public PosixStoreTest {
 protected:
  CachedPosixStoreTest() : PosixStoreTest(Options::DirectIo::kOff) {}
};

TEST_F(PosixStoreTest, keeps_objects_and_records_across_restarts) {
  const std::string text = random_text(1, 9'000'000);
  const auto id = rt::run_until_done(upload(*store, text));
  ASSERT_TRUE(id) << id.error().message;
  Transaction transaction;
  transaction.put("key", "value");
  ASSERT_TRUE(rt::run_until_done(store->commit(std::move(transaction))));
  EXPECT_EQ(rt::run_until_done(download(*store, *id)), text);
  open();
  EXPECT_EQ(rt::run_until_done(download(*store, *id)), text);
  EXPECT_EQ((*rt::run_until_done(store->get("key")))->value, "value");
  const auto records = rt::run_until_done(store->scan({"k", "", 10, true}));
  EXPECT_EQ(records->size(), 1u);
}

TEST_F(CachedPosixStoreTest, keeps_objects_across_restarts) {
  const std::string text = random_text(4, 9'000'000);
  const auto id = rt::run_until_done(upload(*store, text));
  ASSERT_TRUE(id) << id.error().message;
  open();
  EXPECT_EQ(rt::run_until_done(download(*store, *id)), text);
}

TEST_F(PosixStoreTest, uses_no_more_disk_than_it_stores) {
  const std::string text = random_text(2, 3'000'000);
  ASSERT_TRUE(rt::run_until_done(upload(*store, text)));
  open();
  EXPECT_LT(store->stats().segment_bytes, text.size() + (128 << 10));
}

// A mapping that is whole when it is asked and lost when it is read.
class LostMapping final : public Mapping {
 public:
  explicit LostMapping(rt::Slice bytes) : bytes_(std::move(bytes)) {
    data_ = bytes_.data();
    size_ = bytes_.size();
  }
  bool resident(std::uint64_t, std::size_t) const override { return true; }
  rt::Status populate(std::uint64_t, std::size_t) const override { return {}; }
  void will_need(std::uint64_t, std::size_t) const override {}

 private:
  void dispose() noexcept override { delete this; }
  rt::Slice bytes_;
};

TEST(StoredBytes, that_cannot_be_read_are_not_intact) {
  rt::install_bus_guard();
  const StoredBytes stored{rt::Ref<Mapping>::adopt(new LostMapping(rt::LostBytes::make(kDiskBlockBytes))), 0, 100};
  ChunkSummary summary;
  summary.length = 100;
  summary.block_crc32s = {0};
  EXPECT_FALSE(blocks_intact(stored, summary, 0, 100));
}

TEST(SmallObjects, keeps_nothing_that_cannot_be_read) {
  rt::install_bus_guard();
  Stamps stamps;
  SmallObjects objects(stamps, 1 << 20);
  const ObjectId id = ObjectId::random();
  EXPECT_EQ(objects.keep(id, objects.stamp(id), {rt::LostBytes::make(100)}), nullptr);
  EXPECT_EQ(objects.find(id), nullptr);
}

TEST_F(PosixStoreTest, a_segment_that_was_cut_short_is_told_and_not_served) {
  const std::string text = random_text(5, 3'000'000);
  const auto id = rt::run_until_done(upload(*store, text));
  EXPECT_EQ(rt::run_until_done(download(*store, *id)), text);
  std::vector<std::string> damage;
  store->on_damage([&damage](std::string sentence) { damage.push_back(std::move(sentence)); });
  std::filesystem::resize_file(options.directory / segment_name(1), 1 << 20);
  const auto got = rt::run_until_done(download(*store, *id));
  EXPECT_FALSE(got);
  EXPECT_FALSE(damage.empty());
}

TEST_F(PosixStoreTest, is_held_by_one_process_at_a_time) {
  const auto second = Store::open(options, *disk, budget, io);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, rt::Code::kConflict);
}

TEST_F(PosixStoreTest, is_checked_and_its_index_rebuilt) {
  const std::string text = random_text(3, 2'000'000);
  const auto id = rt::run_until_done(upload(*store, text));
  store.reset();
  auto report = check(options.directory, *disk, false);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->clean()) << report->problems.front();
  std::filesystem::remove_all(options.directory / "index");
  EXPECT_FALSE(check(options.directory, *disk, false)->clean());
  report = check(options.directory, *disk, true);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->clean() && report->index_rebuilt);
  open();
  EXPECT_EQ(rt::run_until_done(download(*store, *id)), text);
}

TEST_F(PosixStoreTest, a_truncated_index_file_is_told_with_the_cure) {
  ASSERT_TRUE(rt::run_until_done(upload(*store, "text")));
  store.reset();
  std::filesystem::resize_file(options.directory / "index" / "CURRENT", 1);
  const auto opened = Store::open(options, *disk, budget, io);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("--repair"), std::string::npos);
  EXPECT_TRUE(check(options.directory, *disk, true)->clean());
  open();
}

TEST_F(PosixStoreTest, there_is_nothing_to_check_where_no_store_is) {
  const auto report = check(temporary.path() / "elsewhere", *disk, true);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, rt::Code::kNotFound);
}

}  // namespace
}  // namespace millrace::store
