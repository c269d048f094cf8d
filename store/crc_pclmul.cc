// Checksum kernels for processors with PCLMULQDQ; compiled with that flag, so nothing else belongs in this file.
#include <immintrin.h>

#include <cstddef>

namespace millrace::store {
namespace {

using Lanes = __m128i;

inline __m128i load_lane(const std::byte* bytes) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)); }

inline __m128i fold(__m128i lane, __m128i constants) {
  return _mm_clmulepi64_si128(lane, constants, 0x00) ^ _mm_clmulepi64_si128(lane, constants, 0x11);
}

inline Lanes load_lanes(const std::byte* bytes) { return load_lane(bytes); }
inline Lanes in_every_lane(__m128i lane) { return lane; }
inline Lanes first_word(unsigned long long word) { return _mm_cvtsi64_si128(static_cast<long long>(word)); }
inline __m128i fold_to_one(Lanes lanes, __m128i) { return lanes; }

}  // namespace
}  // namespace millrace::store

#include "store/crc_fold.h"

namespace millrace::store {

const CrcKernels kPclmulKernels = {
    fold_bytes<kCrc32Polynomial>,
    fold_bytes<kCrc32cPolynomial>,
    fold_bytes<kCrc64NvmePolynomial>,
    fold_bytes<kCrc32Polynomial, kCrc64NvmePolynomial>,
};

}  // namespace millrace::store
