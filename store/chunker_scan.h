// The cutter's inner loop, compiled once per instruction set (chunker_portable.cc, chunker_avx2.cc): each includes this
// file and nothing that could leave vector code in a shared inline function. Everything here is local to the includer.
//
// A boundary is a pointer to the byte after it. It is a candidate when the 4 bytes before it, times an odd constant,
// have their top 10 bits set, and a cut when the hash of the 64 bytes before it lies under a threshold. The constant is
// one for which no run of equal bytes is a candidate, so fill bytes cost nothing.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace millrace::store {

// The first cut in [first, last], or null. The 64 bytes before first and all bytes up to last must be readable.
using ScanFunction = const std::byte*(const std::byte* first, const std::byte* last, std::uint64_t threshold);
ScanFunction scan_portable;
ScanFunction scan_avx2;

namespace {

static_assert(std::endian::native == std::endian::little, "windows are read as little-endian words");

constexpr std::uint32_t kFilterMultiplier = 0x9E3779B1;
constexpr std::uint32_t kFilterFloor = 0xFFC00000;
constexpr std::size_t kHashWindowBytes = 64;
constexpr std::size_t kStep = 32;       // boundaries per four vectors
constexpr std::size_t kBlock = 128;     // boundaries per bit of a row
constexpr std::size_t kRowBlocks = 64;  // blocks filtered before their candidates are looked at

using Words = std::uint32_t __attribute__((vector_size(kStep)));
using Bits = bool __attribute__((ext_vector_type(kStep)));
using Bytes = std::uint8_t __attribute__((vector_size(kStep)));

// The filter's products for every fourth boundary from `boundary` on. By reference: a vector returned by value is no
// stable interface below AVX.
inline void load_products(const std::byte* boundary, Words& products) {
  std::memcpy(&products, boundary - sizeof(std::uint32_t), sizeof(products));
  products *= kFilterMultiplier;
}

inline bool block_has_candidate(const std::byte* first) {
  Words highest{};
  for (std::size_t step = 0; step < kBlock; step += kStep) {
    for (std::size_t offset = 0; offset < sizeof(std::uint32_t); ++offset) {
      Words products;
      load_products(first + step + offset, products);
      highest = __builtin_elementwise_max(highest, products);
    }
  }
  return __builtin_reduce_or(highest >= kFilterFloor) != 0;
}

// One bit per boundary of [first, first + 32).
inline std::uint32_t candidates(const std::byte* first) {
  Words mask{};
  for (std::size_t offset = 0; offset < sizeof(std::uint32_t); ++offset) {
    Words products;
    load_products(first + offset, products);
    mask |= static_cast<Words>(products >= kFilterFloor) & (std::uint32_t{0xFF} << (8 * offset));
  }
  return __builtin_bit_cast(std::uint32_t, __builtin_convertvector(__builtin_bit_cast(Bytes, mask), Bits));
}

inline std::uint64_t multiply_fold(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline bool is_cut(const std::byte* boundary, std::uint64_t threshold) {
  std::uint64_t words[kHashWindowBytes / sizeof(std::uint64_t)];
  std::memcpy(words, boundary - kHashWindowBytes, kHashWindowBytes);
  const std::uint64_t hash = multiply_fold(words[0] ^ 0xA0761D6478BD642F, words[1] ^ 0xE7037ED1A0B428DB) +
                             multiply_fold(words[2] ^ 0x8EBC6AF09C88C6E3, words[3] ^ 0x589965CC75374CC3) +
                             multiply_fold(words[4] ^ 0x1D8E4E27C47D124F, words[5] ^ 0xEB44ACCAB455D165) +
                             multiply_fold(words[6] ^ 0x9C6E6877736C46E3, words[7] ^ 0x2D358DCCAA6C78A5);
  return multiply_fold(hash ^ 0x8BB84B93962EACC9, 0x4B33A62ED433D4A3) < threshold;
}

inline const std::byte* first_cut_in_step(const std::byte* first, std::uint64_t threshold) {
  for (std::uint32_t bits = candidates(first); bits != 0; bits &= bits - 1) {
    const std::byte* boundary = first + std::countr_zero(bits);
    if (is_cut(boundary, threshold)) return boundary;
  }
  return nullptr;
}

// A block of a row nearly always has one candidate, where nobody can predict: no branch depends on the place.
inline const std::byte* first_cut_in_block(const std::byte* first, std::uint64_t threshold) {
  std::uint64_t low = candidates(first) | std::uint64_t{candidates(first + kStep)} << kStep;
  std::uint64_t high = candidates(first + 2 * kStep) | std::uint64_t{candidates(first + 3 * kStep)} << kStep;
  while ((low | high) != 0) {
    const std::byte* half = low != 0 ? first : first + kBlock / 2;
    const std::byte* boundary = half + std::countr_zero(low != 0 ? low : high);
    if (is_cut(boundary, threshold)) return boundary;
    high = low != 0 ? high : high & (high - 1);
    low &= low - 1;
  }
  return nullptr;
}

// Filters up to 64 blocks into one row of bits, then visits the bits: the processor mispredicts once per row and not
// once per candidate.
inline const std::byte* scan_row(const std::byte* first, std::size_t blocks, std::uint64_t threshold) {
  std::uint64_t row = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    row |= std::uint64_t{block_has_candidate(first + block * kBlock)} << block;
  }
  for (; row != 0; row &= row - 1) {
    const std::byte* cut = first_cut_in_block(first + std::countr_zero(row) * kBlock, threshold);
    if (cut != nullptr) return cut;
  }
  return nullptr;
}

inline const std::byte* scan_few(const std::byte* first, const std::byte* last, std::uint64_t threshold) {
  for (; first <= last; ++first) {
    std::uint32_t word;
    std::memcpy(&word, first - sizeof(word), sizeof(word));
    if (word * kFilterMultiplier >= kFilterFloor && is_cut(first, threshold)) return first;
  }
  return nullptr;
}

// Whole rows, whole steps, then one step that ends exactly at last: boundaries seen twice were refused the first time.
inline const std::byte* scan(const std::byte* first, const std::byte* last, std::uint64_t threshold) {
  const std::byte* end = last + 1;
  if (static_cast<std::size_t>(end - first) < kStep) return scan_few(first, last, threshold);
  while (static_cast<std::size_t>(end - first) >= kBlock) {
    const std::size_t left = static_cast<std::size_t>(end - first) / kBlock;
    const std::size_t blocks = left < kRowBlocks ? left : kRowBlocks;
    if (const std::byte* cut = scan_row(first, blocks, threshold)) return cut;
    first += blocks * kBlock;
  }
  for (; static_cast<std::size_t>(end - first) >= kStep; first += kStep) {
    if (const std::byte* cut = first_cut_in_step(first, threshold)) return cut;
  }
  return first == end ? nullptr : first_cut_in_step(end - kStep, threshold);
}

}  // namespace
}  // namespace millrace::store
