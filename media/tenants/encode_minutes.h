// Encode minutes: play time that a tenant had encoded in a calendar month (UTC), once per encode however many heights
// come of it, and whether there is room for more. The count is a record of the tenant and month that changes in the
// transaction which makes an encode's results true: exact over crashes and retries, and what fails counts nothing.
//
// Nothing is reserved: encodes of one tenant that run at the same time may each find the same room, so a month can end
// above its limit by what runs at once, less one. A reservation would refuse media for good because of an encode that
// may yet fail. Any loop.
#pragma once

#include <cstdint>
#include <string>

#include "media/records/clock.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class Tenants;

struct EncodedMonth {
  std::uint64_t play_ms = 0;
  store::Revision revision = 0;
};

// Adds to the tenant's month of `now_ms`. The commit fails with kConflict when another encode came first.
rt::Task<rt::Status> count_encoded(store::Store& store, std::string tenant, std::int64_t play_ms, std::int64_t now_ms,
                                   store::Transaction& transaction);

class EncodeMinutes {
 public:
  // Both outlive it.
  EncodeMinutes(store::Store& store, const Tenants& tenants, Clock clock)
      : store_(store), tenants_(tenants), clock_(clock) {}

  // This month.
  rt::Task<rt::Result<EncodedMonth>> encoded(std::string tenant) const;
  // kQuotaExceeded when so much more would be more than is allowed this month, or nothing is left. 0: nobody knows how
  // long it is.
  rt::Task<rt::Status> check_room(std::string tenant, std::int64_t play_ms) const;

 private:
  store::Store& store_;
  const Tenants& tenants_;
  const Clock clock_;
};

}  // namespace millrace::media
