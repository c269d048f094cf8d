// XXH3-128 by libxxhash: the only file that includes it. Its x86 dispatcher picks SSE2, AVX2 or AVX-512 once.
#include "store/hash.h"

#define XXH_STATIC_LINKING_ONLY
#if defined(__x86_64__)
#define XXH_DISPATCH_DISABLE_REPLACE
#include <xxh_x86dispatch.h>
#else
#include <xxhash.h>
#endif

#include <new>

namespace millrace::store {
namespace {

XXH3_state_t* state_in(std::byte* storage) { return std::launder(reinterpret_cast<XXH3_state_t*>(storage)); }

const XXH3_state_t* state_in(const std::byte* storage) {
  return std::launder(reinterpret_cast<const XXH3_state_t*>(storage));
}

void update_fastest(XXH3_state_t* state, std::span<const std::byte> bytes) {
#if defined(__x86_64__)
  XXH3_128bits_update_dispatch(state, bytes.data(), bytes.size());
#else
  XXH3_128bits_update(state, bytes.data(), bytes.size());
#endif
}

}  // namespace

Hasher::Hasher(const HashSecret& secret, Kernel kernel) : secret_(&secret), kernel_(kernel) {
  static_assert(sizeof(XXH3_state_t) == kStateBytes && alignof(XXH3_state_t) <= 64);
  static_assert(sizeof(HashSecret) >= XXH3_SECRET_SIZE_MIN);
  XXH3_INITSTATE(new (state_.data()) XXH3_state_t);
  reset();
}

void Hasher::reset() { XXH3_128bits_reset_withSecret(state_in(state_.data()), secret_->data(), secret_->size()); }

void Hasher::update(std::span<const std::byte> bytes) {
  if (bytes.empty()) return;
  if (kernel_ == Kernel::kPortable) {
    XXH3_128bits_update(state_in(state_.data()), bytes.data(), bytes.size());
  } else {
    update_fastest(state_in(state_.data()), bytes);
  }
}

Hash128 Hasher::digest() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(state_in(state_.data()));
  return {hash.high64, hash.low64};
}

Hash128 hash_of(const HashSecret& secret, std::span<const std::byte> bytes) {
  Hasher hasher(secret);
  hasher.update(bytes);
  return hasher.digest();
}

}  // namespace millrace::store
