#include "media/tenants/encode_minutes.h"

#include <gmock/gmock.h>

#include "tests/media/world.h"

namespace millrace::media {
namespace {

using rt::Code;
using testing::HasSubstr;

constexpr std::int64_t kEndOfNovemberMs = 1'701'388'799'999;  // 2023-11-30 23:59:59.999 UTC

class EncodeMinutesTest : public World {
 protected:
  EncodeMinutesTest() { test_now_ms = kEndOfNovemberMs; }
  ~EncodeMinutesTest() override { test_now_ms = 1'700'000'000'000; }

  rt::Task<rt::Status> counting(std::string tenant, std::int64_t play_ms) {
    store::Transaction transaction;
    auto counted = co_await count_encoded(store, std::move(tenant), play_ms, test_clock(), transaction);
    if (!counted) co_return counted;
    auto committed = co_await store.commit(std::move(transaction));
    co_return committed ? rt::Status() : rt::pass(committed);
  }
  void count(std::int64_t play_ms, const std::string& tenant = "default") { good(counting(tenant, play_ms)); }
  void allow(std::uint64_t a_month) {
    Tenant tenant = *tenants->tenant("default");
    tenant.encode_minutes_per_month = a_month;
    good(tenants->update(tenant));
  }
  std::uint64_t encoded_ms(const std::string& tenant = "default") { return good(minutes.encoded(tenant)).play_ms; }
  Code refused(std::int64_t play_ms) { return bad(minutes.check_room("default", play_ms)).code; }

  EncodeMinutes minutes{store, *tenants, test_clock};
};

TEST_F(EncodeMinutesTest, every_millisecond_counts_for_the_tenant_whose_it_is) {
  EXPECT_EQ(encoded_ms(), 0u);
  count(30'022);
  count(1);
  count(7, "other");
  EXPECT_EQ(encoded_ms(), 30'023u);
  EXPECT_EQ(encoded_ms("other"), 7u);
}

TEST_F(EncodeMinutesTest, a_month_ends_with_its_last_millisecond_and_is_kept) {
  allow(1);
  count(60'000);
  EXPECT_EQ(refused(0), Code::kQuotaExceeded);
  test_now_ms = kEndOfNovemberMs + 1;
  EXPECT_EQ(encoded_ms(), 0u);
  good(minutes.check_room("default", 60'000));
  count(5);
  test_now_ms = kEndOfNovemberMs;
  EXPECT_EQ(encoded_ms(), 60'000u);
  EXPECT_EQ(store.records("m/encoded/default/2023-1"), 2u) << "the bill of each";
}

TEST_F(EncodeMinutesTest, what_fits_to_the_millisecond_is_let_in) {
  allow(2);
  count(90'000);
  good(minutes.check_room("default", 30'000));
  EXPECT_THAT(bad(minutes.check_room("default", 30'001)).message, HasSubstr("0.5 minutes"));
  EXPECT_THAT(bad(minutes.check_room("default", 30'001)).message, HasSubstr("(0.5 of 2)"));
  good(minutes.check_room("default", 0));
  count(30'000);
  EXPECT_EQ(bad(minutes.check_room("default", 0)).message, "the encode minutes of this month are used up (2.0 of 2)");
}

TEST_F(EncodeMinutesTest, nothing_is_refused_without_a_limit) {
  count(INT64_MAX);
  good(minutes.check_room("default", INT64_MAX));
  allow(UINT64_MAX);
  good(minutes.check_room("default", 1));
}

TEST_F(EncodeMinutesTest, a_tenants_own_number_goes_before_the_default) {
  const TenantDefaults two{.encode_minutes_per_month = 2};
  tenants = good(Tenants::open(store, test_secret(), two, test_clock));
  EncodeMinutes of_two(store, *tenants, test_clock);
  count(60'000);
  good(of_two.check_room("default", 60'000));
  EXPECT_EQ(bad(of_two.check_room("default", 60'001)).code, Code::kQuotaExceeded);
  allow(1);
  EXPECT_EQ(bad(of_two.check_room("default", 0)).code, Code::kQuotaExceeded);
  allow(3);
  good(of_two.check_room("default", 120'000));
  tenants = good(Tenants::open(store, test_secret(), two, test_clock));
  EXPECT_EQ(tenants->encode_minutes_per_month("default"), 3u) << "it is in the record";
  EXPECT_EQ(tenants->encode_minutes_per_month("other"), 2u);
}

TEST_F(EncodeMinutesTest, nobody_is_held_to_it_where_nothing_is_encoded) {
  tenants = good(Tenants::open(store, test_secret(), {.encode_minutes_per_month = 1, .encodes = false}, test_clock));
  count(60'000);
  good(EncodeMinutes(store, *tenants, test_clock).check_room("default", 60'000));
}

TEST_F(EncodeMinutesTest, once_used_up_what_is_said_to_move_is_not_announced) {
  allow(1);
  count(59'999);
  good(uploads->create("default", {.file_name = "a.mp4"}));
  count(1);
  EXPECT_EQ(bad(uploads->create("default", {.file_name = "a.mp4"})).code, Code::kQuotaExceeded);
  EXPECT_EQ(bad(uploads->create("default", {.file_name = "a", .content_type = "audio/mpeg"})).code,
            Code::kQuotaExceeded);
  good(uploads->create("default", {.file_name = "a.pdf"}));
  good(uploads->create("default", {.file_name = "a.mp4", .content_type = "image/png"}));
  good(uploads->create("default", {.file_name = "nobody knows"}));
  good(uploads->create("other", {.file_name = "a.mp4"}));
}

TEST_F(EncodeMinutesTest, of_two_who_count_at_once_one_must_count_again) {
  store::Transaction first;
  store::Transaction second;
  good(count_encoded(store, "default", 1, test_clock(), first));
  good(count_encoded(store, "default", 2, test_clock(), second));
  good(store.commit(std::move(first)));
  EXPECT_EQ(bad(store.commit(std::move(second))).code, Code::kConflict);
  EXPECT_EQ(encoded_ms(), 1u);
}

}  // namespace
}  // namespace millrace::media
