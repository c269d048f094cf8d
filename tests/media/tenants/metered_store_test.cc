#include "media/tenants/metered_store.h"

#include <thread>

#include "media/records/codec_bucket.h"
#include "media/records/keys.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

using rt::Code;

// The services of the media layer over a meter.
class Metered : public ::testing::Test {
 protected:
  Metered() {
    tenants = good(Tenants::open(meter, test_secret(), {.upload_idle_seconds = kDayMs / 1000}, test_clock));
    tenants->meter(meter);
    good(tenants->create("default", "Default"));
    good(tenants->create("other", "Somebody else"));
    jobs = std::make_unique<Jobs>(meter, test_clock);
    uploads = std::make_unique<Uploads>(meter, *tenants, *jobs, test_clock);
    buckets = std::make_unique<Buckets>(meter, *tenants, uploads->incoming(), test_clock);
    multiparts = std::make_unique<Multiparts>(meter, *tenants, uploads->incoming(), test_clock, kPartMinTestBytes);
    good(buckets->create("default", "bucket"));
  }

  // What is counted is what a fresh count of the same store finds.
  std::uint64_t kept() {
    MeteredStore fresh(store);
    good(fresh.count());
    EXPECT_EQ(meter.bytes_of("default"), fresh.bytes_of("default"));
    return meter.bytes_of("default");
  }
  void set_quota(std::uint64_t bytes) {
    Tenant tenant = *tenants->tenant("default");
    tenant.quota_bytes = bytes;
    good(tenants->update(tenant));
  }
  std::string bytes(std::size_t size) { return std::string(size, 'x'); }

  rt::Task<rt::Result<Upload>> sending(std::string id, std::string content, std::uint64_t offset, bool complete) {
    auto receiver = co_await uploads->open_receiver("default", id, offset, {});
    if (!receiver) co_return rt::pass(receiver);
    auto appended = co_await (*receiver)->append(rt::Slice::copy_of(content));
    auto upload = co_await (*receiver)->finish(complete && appended);
    if (!appended) co_return rt::pass(appended);
    co_return upload;
  }
  std::string upload(std::size_t size, bool complete = true) {
    const Upload made = good(uploads->create("default", {.file_name = "a"}));
    good(sending(made.id, bytes(size), 0, complete));
    return made.id;
  }
  rt::Task<rt::Result<store::Draft>> draft(std::string content) {
    const auto writer = meter.writer("default");
    auto appended = co_await writer->append(rt::Slice::copy_of(content));
    if (!appended) co_return rt::pass(appended);
    co_return co_await writer->finish();
  }
  void put(const std::string& key, std::size_t size) {
    good(buckets->put({.tenant = "default", .bucket = "bucket", .key = key}, good(draft(bytes(size)))));
  }
  void put_part(const MultipartRef& ref, std::uint32_t number, std::size_t size) {
    good(multiparts->put_part(ref, {.number = number}, good(draft(bytes(size)))));
  }

  FakeStore store;
  MeteredStore meter{store};
  std::unique_ptr<Tenants> tenants;
  std::unique_ptr<Jobs> jobs;
  std::unique_ptr<Uploads> uploads;
  std::unique_ptr<Buckets> buckets;
  std::unique_ptr<Multiparts> multiparts;
  Catalog catalog{meter, test_clock};
};

TEST_F(Metered, AFileCountsFromItsFirstByteUntilItIsDestroyed) {
  const std::string id = upload(100, false);
  EXPECT_EQ(kept(), 100U);
  good(sending(id, bytes(50), 100, true));
  EXPECT_EQ(kept(), 150U);
  const std::string media = good(uploads->complete("default", id, {})).upload.media_id;
  EXPECT_EQ(kept(), 150U);
  good(catalog.remove("default", media, false));
  EXPECT_EQ(kept(), 150U);
  good(catalog.remove("default", media, true));
  EXPECT_EQ(kept(), 0U);
}

TEST_F(Metered, WhatIsCancelledOrExpiresIsGivenBack) {
  const std::string cancelled = upload(100);
  const std::string expired = upload(10);
  good(uploads->cancel("default", cancelled));
  EXPECT_EQ(kept(), 10U);
  test_now_ms += 2 * kDayMs;
  EXPECT_EQ(good(uploads->sweep()), 1U);
  EXPECT_EQ(kept(), 0U);
}

TEST_F(Metered, AFileSentAnewTakesThePlaceOfTheOldOne) {
  const std::string id = upload(100, false);
  good(sending(id, bytes(30), 0, true));
  EXPECT_EQ(kept(), 30U);
}

TEST_F(Metered, ACopyCountsAsIfItWereSent) {
  put("a", 100);
  const BucketObject source = good(buckets->object("default", "bucket", "a"));
  {
    const auto dropped = good(buckets->copy({.source = source, .length = 100}));
  }
  EXPECT_EQ(kept(), 100U);
  auto copied = good(buckets->copy({.source = source, .offset = 10, .length = 60}));
  good(buckets->put({.tenant = "default", .bucket = "bucket", .key = "b"}, std::move(copied.draft)));
  EXPECT_EQ(kept(), 160U);
  set_quota(200);
  EXPECT_EQ(rt::run_until_done(buckets->copy({.source = source, .length = 41})).error().code, Code::kQuotaExceeded);
  good(buckets->remove_object("default", "bucket", "a"));
  EXPECT_EQ(kept(), 60U);
}

TEST_F(Metered, ADuplicateCountsOnce) {
  Tenant tenant = *tenants->tenant("default");
  tenant.duplicate_check = true;
  good(tenants->update(tenant));
  good(uploads->complete("default", upload(100), {}));
  EXPECT_FALSE(good(uploads->complete("default", upload(100), {})).duplicate_of.empty());
  EXPECT_EQ(kept(), 100U);
}

TEST_F(Metered, ObjectsCountUntilTheyAreReplacedOrRemoved) {
  put("k", 100);
  put("l", 10);
  EXPECT_EQ(kept(), 110U);
  put("k", 5);
  EXPECT_EQ(kept(), 15U);
  good(buckets->remove_object("default", "bucket", "l"));
  EXPECT_EQ(kept(), 5U);
}

TEST_F(Metered, PartsCountUntilTheyAreReplacedJoinedOrAborted) {
  const MultipartRef ref = good(multiparts->create({.tenant = "default", .bucket = "bucket", .key = "k"})).ref;
  put_part(ref, 1, 10);
  put_part(ref, 2, 20);
  put_part(ref, 1, 15);
  put_part(ref, 3, 7);
  EXPECT_EQ(kept(), 42U);
  const auto etag = [&](std::uint32_t number) {
    const auto record = *good(store.get(keys::part("default", ref.id, number)));
    return decode_multipart_part(record)->etag;
  };
  good(multiparts->complete(ref, {.parts = {{1, etag(1)}, {2, etag(2)}}}));
  EXPECT_EQ(kept(), 35U);
  const MultipartRef other = good(multiparts->create({.tenant = "default", .bucket = "bucket", .key = "l"})).ref;
  put_part(other, 1, 100);
  good(multiparts->abort(other));
  EXPECT_EQ(kept(), 35U);
}

TEST_F(Metered, ADraftThatNobodyCommitsIsGivenBack) {
  {
    const store::Draft dropped = good(draft(bytes(100)));
    EXPECT_EQ(meter.bytes_of("default"), 100U);
  }
  EXPECT_EQ(kept(), 0U);
  store.fail_commits(rt::Error{Code::kFull, "no space"});
  EXPECT_EQ(bad(buckets->put({.tenant = "default", .bucket = "bucket", .key = "k"}, good(draft(bytes(100))))).code,
            Code::kFull);
  store.fail_commits({});
  EXPECT_EQ(kept(), 0U);
}

TEST_F(Metered, AWriterStopsAtTheQuotaAndKeepsWhatItHas) {
  set_quota(100);
  const std::string id = upload(60, false);
  EXPECT_EQ(bad(sending(id, bytes(41), 60, true)).code, Code::kQuotaExceeded);
  EXPECT_EQ(kept(), 60U);
  EXPECT_EQ(good(uploads->load("default", id)).bytes_received, 60U);
  good(sending(id, bytes(40), 60, true));
  EXPECT_EQ(kept(), 100U);
  const auto others = meter.writer("other");
  EXPECT_TRUE(rt::run_until_done(others->append(rt::Slice::copy_of(bytes(500)))));
  EXPECT_EQ(meter.bytes_of("other"), 500U);
}

TEST_F(Metered, WhatIsAnnouncedMustFit) {
  set_quota(100);
  upload(60);
  EXPECT_EQ(bad(uploads->create("default", {.file_name = "a", .declared_bytes = 41})).code, Code::kQuotaExceeded);
  good(uploads->create("default", {.file_name = "a", .declared_bytes = 40}));
  EXPECT_EQ(bad(buckets->begin({.tenant = "default", .bucket = "bucket", .key = "k"}, 41)).code, Code::kQuotaExceeded);
  set_quota(10);
  EXPECT_EQ(bad(uploads->create("default", {.file_name = "a"})).code, Code::kQuotaExceeded);
  set_quota(0);
  good(uploads->create("default", {.file_name = "a", .declared_bytes = 1 << 30}));
}

TEST_F(Metered, CountsAtStartWhatOthersLeft) {
  upload(60);
  upload(1, false);
  put("k", 7);
  put_part(good(multiparts->create({.tenant = "default", .bucket = "bucket", .key = "p"})).ref, 1, 9);
  good(uploads->complete("default", upload(1000), {}));
  EXPECT_EQ(kept(), 1077U);
}

TEST(Account, NeverPassesTheQuotaWhoeverAdds) {
  MeteredStore::Account account;
  std::atomic<std::uint64_t> granted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int each = 0; each < 1000; ++each) granted += account.add(3, 1000) ? 3 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(granted, 999U);
  EXPECT_EQ(account.bytes(), 999U);
  account.give_back(2000);
  EXPECT_EQ(account.bytes(), 0U);
  EXPECT_FALSE(account.add(UINT64_MAX, 1000));
}

}  // namespace
}  // namespace millrace::media
