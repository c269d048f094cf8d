// DeliverySlots: bounds how many deliveries are on their way at once, in all and of each tenant. Who waits for its
// tenant's share takes none of the others'. One loop.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "server/rt/event.h"
#include "server/rt/task.h"

namespace millrace::media {

inline constexpr std::size_t kDeliveriesRunningMax = 128;
// A receiver that never answers holds a slot until its attempt times out: some tenants may have such ones and leave
// slots for the rest.
inline constexpr std::size_t kDeliveriesRunningPerTenant = 32;

class DeliverySlots {
 public:
  // Waits for a slot; each is given back.
  rt::Task<void> acquire(std::string tenant);
  void release(const std::string& tenant);

 private:
  struct Share {
    rt::Semaphore free{kDeliveriesRunningPerTenant};
    std::size_t users = 0;  // who has a slot or waits for one
  };
  std::map<std::string, Share> shares_;
  rt::Semaphore all_{kDeliveriesRunningMax};
};

}  // namespace millrace::media
