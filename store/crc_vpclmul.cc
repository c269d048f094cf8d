// Checksum kernels for processors with VPCLMULQDQ and AVX2; compiled with those flags, so nothing else belongs in this
// file.
#include <immintrin.h>

#include <cstddef>

namespace millrace::store {
namespace {

using Lanes = __m256i;

inline __m128i load_lane(const std::byte* bytes) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)); }

inline __m128i fold(__m128i lane, __m128i constants) {
  return _mm_clmulepi64_si128(lane, constants, 0x00) ^ _mm_clmulepi64_si128(lane, constants, 0x11);
}

inline Lanes fold(Lanes lanes, Lanes constants) {
  return _mm256_clmulepi64_epi128(lanes, constants, 0x00) ^ _mm256_clmulepi64_epi128(lanes, constants, 0x11);
}

inline Lanes load_lanes(const std::byte* bytes) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes)); }
inline Lanes in_every_lane(__m128i lane) { return _mm256_broadcastsi128_si256(lane); }

inline Lanes first_word(unsigned long long word) {
  return _mm256_zextsi128_si256(_mm_cvtsi64_si128(static_cast<long long>(word)));
}

inline __m128i fold_to_one(Lanes lanes, __m128i constants) {
  return fold(_mm256_castsi256_si128(lanes), constants) ^ _mm256_extracti128_si256(lanes, 1);
}

}  // namespace
}  // namespace millrace::store

#include "store/crc_fold.h"

namespace millrace::store {

const CrcKernels kVpclmulKernels = {
    fold_bytes<kCrc32Polynomial>,
    fold_bytes<kCrc32cPolynomial>,
    fold_bytes<kCrc64NvmePolynomial>,
    fold_bytes<kCrc32Polynomial, kCrc64NvmePolynomial>,
};

}  // namespace millrace::store
