// Checksums by carry-less multiplication, compiled once per instruction set (crc_pclmul.cc, crc_vpclmul.cc): each
// defines Lanes, a vector of one or two 128-bit lanes, and includes this file. Everything is local to the includer and
// nothing here may leave vector code in a shared inline function.
//
// A lane holds a polynomial of degree < 128 congruent to the bytes read so far; folding multiplies it by x^distance so
// that it can be added to bytes further on. All work is modulo a polynomial of degree 64; a CRC of 32 bits uses its
// polynomial times x^32, and its result is then the low half. A product of reflected words carries one factor x too
// much, which the constants take back.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "store/crc_kernels.h"
#include "store/crc_polynomial.h"

namespace millrace::store {
namespace {

constexpr std::size_t kLaneBytes = sizeof(__m128i);
constexpr std::size_t kVectors = 4;
constexpr std::size_t kStrideBytes = kVectors * sizeof(Lanes);

constexpr std::uint64_t fold_high(std::size_t distance_bytes, std::uint64_t modulus) {
  return power_of_x<std::uint64_t>(8 * distance_bytes + 63, modulus);
}

constexpr std::uint64_t fold_low(std::size_t distance_bytes, std::uint64_t modulus) {
  return power_of_x<std::uint64_t>(8 * distance_bytes - 1, modulus);
}

// x^128 divided by the modulus, without the constant term.
constexpr std::uint64_t barrett_quotient(std::uint64_t modulus) {
  std::uint64_t remainder = modulus;  // of x^64, the first of the quotient's terms
  std::uint64_t quotient = 1;
  for (int i = 1; i < 64; ++i) {
    quotient |= (remainder & 1) << i;
    remainder = times_x(remainder, modulus);
  }
  return quotient;
}

template <std::uint64_t kModulus>
class Folder {
 public:
  Folder(std::uint64_t crc, const std::byte* bytes) {
    for (std::size_t i = 0; i < kVectors; ++i) lanes_[i] = load_lanes(bytes + i * sizeof(Lanes));
    lanes_[0] = lanes_[0] ^ first_word(crc);
  }

  void stride(const Lanes (&next)[kVectors]) {
    const Lanes constants = fold_constants<kStrideBytes>();
    for (std::size_t i = 0; i < kVectors; ++i) lanes_[i] = fold(lanes_[i], constants) ^ next[i];
  }

  // Folds all lanes into one, then any whole lanes that follow. Returns the checksum so far.
  std::uint64_t finish(const std::byte* bytes, std::size_t count) {
    Lanes lanes = lanes_[0];
    for (std::size_t i = 1; i < kVectors; ++i) lanes = fold(lanes, fold_constants<sizeof(Lanes)>()) ^ lanes_[i];
    __m128i lane = fold_to_one(lanes, constants_for<kLaneBytes>());
    for (std::size_t i = 0; i < count; i += kLaneBytes) {
      lane = fold(lane, constants_for<kLaneBytes>()) ^ load_lane(bytes + i);
    }
    return reduce(lane);
  }

  static std::uint64_t fold_short(std::uint64_t crc, const std::byte* bytes, std::size_t count) {
    __m128i lane = load_lane(bytes) ^ _mm_cvtsi64_si128(static_cast<long long>(crc));
    for (std::size_t i = kLaneBytes; i < count; i += kLaneBytes) {
      lane = fold(lane, constants_for<kLaneBytes>()) ^ load_lane(bytes + i);
    }
    return reduce(lane);
  }

 private:
  template <std::size_t kDistanceBytes>
  static __m128i constants_for() {
    constexpr std::uint64_t kHigh = fold_high(kDistanceBytes, kModulus);
    constexpr std::uint64_t kLow = fold_low(kDistanceBytes, kModulus);
    return _mm_set_epi64x(static_cast<long long>(kLow), static_cast<long long>(kHigh));
  }

  template <std::size_t kDistanceBytes>
  static Lanes fold_constants() {
    return in_every_lane(constants_for<kDistanceBytes>());
  }

  // lane * x^64 modulo the modulus: one fold, then Barrett's division.
  static std::uint64_t reduce(__m128i lane) {
    constexpr std::uint64_t kFold = power_of_x<std::uint64_t>(127, kModulus);
    constexpr std::uint64_t kQuotient = barrett_quotient(kModulus);
    constexpr std::uint64_t kDivisor = (kModulus << 1) | 1;
    constexpr std::uint64_t kConstantTerm = std::uint64_t{0} - (kModulus >> 63);
    const __m128i fold_and_quotient = _mm_set_epi64x(static_cast<long long>(kQuotient), static_cast<long long>(kFold));
    const __m128i folded = _mm_clmulepi64_si128(lane, fold_and_quotient, 0x00) ^ _mm_srli_si128(lane, 8);
    const __m128i quotient = _mm_clmulepi64_si128(folded, fold_and_quotient, 0x10);
    const __m128i product = _mm_clmulepi64_si128(quotient, _mm_cvtsi64_si128(static_cast<long long>(kDivisor)), 0x00);
    const auto quotient_word = static_cast<std::uint64_t>(_mm_cvtsi128_si64(quotient));
    return static_cast<std::uint64_t>(_mm_extract_epi64(folded ^ product, 1)) ^ (quotient_word & kConstantTerm);
  }

  Lanes lanes_[kVectors];
};

// Consumes whole lanes of the bytes; returns how many bytes that were.
template <std::uint64_t... kModulus, typename... Crc>
std::size_t fold_bytes(const std::byte* bytes, std::size_t count, Crc&... crc) {
  const std::size_t whole = count & ~(kLaneBytes - 1);
  if (whole == 0) return 0;
  if (whole < kStrideBytes) {
    ((crc = static_cast<Crc>(Folder<kModulus>::fold_short(crc, bytes, whole))), ...);
    return whole;
  }
  const auto run = [&](auto... folders) {
    std::size_t done = kStrideBytes;
    for (; done + kStrideBytes <= whole; done += kStrideBytes) {
      Lanes next[kVectors];
      for (std::size_t i = 0; i < kVectors; ++i) next[i] = load_lanes(bytes + done + i * sizeof(Lanes));
      (folders.stride(next), ...);
    }
    ((crc = static_cast<Crc>(folders.finish(bytes + done, whole - done))), ...);
  };
  run(Folder<kModulus>(crc, bytes)...);
  return whole;
}

}  // namespace
}  // namespace millrace::store
