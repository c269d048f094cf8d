#include "media/events/delivery_slots.h"

namespace millrace::media {

// The tenant's own share first: one who waits for it must not hold what others could use.
rt::Task<void> DeliverySlots::acquire(std::string tenant) {
  Share& share = shares_[tenant];
  ++share.users;
  co_await share.free.acquire();
  co_await all_.acquire();
}

void DeliverySlots::release(const std::string& tenant) {
  all_.release();
  const auto share = shares_.find(tenant);
  share->second.free.release();
  if (--share->second.users == 0) shares_.erase(share);
}

}  // namespace millrace::media
