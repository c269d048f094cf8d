// Arithmetic of polynomials over GF(2) that all checksum kernels share. Polynomials are reflected: bit i of a word of W
// bits is the coefficient of x^(W-1-i), and the modulus leaves its highest term out. No state, no I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace millrace::store {

inline constexpr std::uint32_t kCrc32Polynomial = 0xEDB88320;
inline constexpr std::uint32_t kCrc32cPolynomial = 0x82F63B78;
inline constexpr std::uint64_t kCrc64NvmePolynomial = 0x9A6C9329AC4BC9B5;

template <typename Word>
inline constexpr Word kPolynomialOne = Word{1} << (std::numeric_limits<Word>::digits - 1);

template <typename Word>
constexpr Word times_x(Word value, Word modulus) {
  return static_cast<Word>(value >> 1) ^ (Word{0} - (value & 1) & modulus);
}

template <typename Word>
constexpr Word multiply(Word a, Word b, Word modulus) {
  Word product = 0;
  for (; a != 0; a = static_cast<Word>(a << 1)) {
    if ((a & kPolynomialOne<Word>) != 0) product ^= b;
    b = times_x(b, modulus);
  }
  return product;
}

template <typename Word>
constexpr Word power_of_x(std::size_t exponent, Word modulus) {
  Word power = kPolynomialOne<Word>;
  for (std::size_t i = 0; i < exponent; ++i) power = times_x(power, modulus);
  return power;
}

}  // namespace millrace::store
