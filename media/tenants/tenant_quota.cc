// What a tenant may keep and have encoded, and who counts against it.
#include "media/tenants/metered_store.h"
#include "media/tenants/tenants.h"

namespace millrace::media {

void Tenants::meter(MeteredStore& store) {
  meter_ = &store;
  store.limit([this](std::string_view id) { return quota_bytes(id); });
}

rt::Status Tenants::check_room(std::string_view id, std::uint64_t more_bytes) const {
  return meter_ ? meter_->check_room(id, more_bytes) : rt::Status();
}

std::uint64_t Tenants::quota_bytes(std::string_view id) const {
  const auto owner = tenant(id);
  if (!owner) return 0;
  return owner->quota_bytes > 0 ? owner->quota_bytes : defaults_.quota_bytes;
}

std::uint64_t Tenants::encode_minutes_per_month(std::string_view id) const {
  const auto owner = tenant(id);
  if (!owner || !defaults_.encodes) return 0;
  return owner->encode_minutes_per_month > 0 ? owner->encode_minutes_per_month : defaults_.encode_minutes_per_month;
}

}  // namespace millrace::media
