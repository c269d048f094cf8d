#include "media/tenants/encode_minutes.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "media/records/codec_encoded.h"
#include "media/records/keys_encoded.h"
#include "media/tenants/tenants.h"

namespace millrace::media {
namespace {

constexpr std::uint64_t kMinuteMs = 60'000;

std::string key_of(std::string_view tenant, std::int64_t now_ms) {
  using namespace std::chrono;
  const year_month_day day(floor<days>(sys_time<milliseconds>(milliseconds(now_ms))));
  const std::string month =
      fmt::format("{:04}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()));
  return keys::encoded_month(tenant, month);
}

// A month that does not decode begins anew: it must neither fail encodes that are done nor lock anybody out.
rt::Task<rt::Result<EncodedMonth>> read(store::Store& store, std::string key) {
  auto record = co_await store.get(std::move(key));
  if (!record) co_return rt::pass(record);
  if (!*record) co_return EncodedMonth{};
  co_return decode_encoded_month(**record).value_or(EncodedMonth{.revision = (*record)->revision});
}

double minutes(std::uint64_t ms) { return static_cast<double>(ms) / static_cast<double>(kMinuteMs); }

}  // namespace

rt::Task<rt::Status> count_encoded(store::Store& store, std::string tenant, std::int64_t play_ms, std::int64_t now_ms,
                                   store::Transaction& transaction) {
  const std::string key = key_of(tenant, now_ms);
  auto month = co_await read(store, key);
  if (!month) co_return rt::pass(month);
  month->play_ms += static_cast<std::uint64_t>(std::max<std::int64_t>(play_ms, 0));
  transaction.require(key, month->revision);
  transaction.put(key, encode(*month));
  co_return rt::Status();
}

rt::Task<rt::Result<EncodedMonth>> EncodeMinutes::encoded(std::string tenant) const {
  co_return co_await read(store_, key_of(tenant, clock_()));
}

rt::Task<rt::Status> EncodeMinutes::check_room(std::string tenant, std::int64_t play_ms) const {
  const std::uint64_t allowed = tenants_.encode_minutes_per_month(tenant);
  if (allowed == 0) co_return rt::Status();
  auto month = co_await encoded(std::move(tenant));
  if (!month) co_return rt::pass(month);
  const std::uint64_t allowed_ms = std::min(allowed, UINT64_MAX / kMinuteMs) * kMinuteMs;
  const auto wanted_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(play_ms, 0));
  if (month->play_ms >= allowed_ms) {
    co_return rt::fail(
        rt::Code::kQuotaExceeded,
        fmt::format("the encode minutes of this month are used up ({:.1f} of {})", minutes(month->play_ms), allowed));
  }
  if (wanted_ms <= allowed_ms - month->play_ms) co_return rt::Status();
  co_return rt::fail(rt::Code::kQuotaExceeded,
                     fmt::format("its {:.1f} minutes are more than the encode minutes left this month ({:.1f} of {})",
                                 minutes(wanted_ms), minutes(allowed_ms - month->play_ms), allowed));
}

}  // namespace millrace::media
