// Checksums: tables eight bytes at a time for any processor and for the ends of pieces, kernels for the rest.
#include "store/crc.h"

#include <array>
#include <bit>
#include <cstring>

#include "store/crc_kernels.h"
#include "store/crc_polynomial.h"

namespace millrace::store {
namespace {

static_assert(std::endian::native == std::endian::little, "tables take little-endian words");

constexpr std::size_t kSlices = 8;

template <typename Word>
using Tables = std::array<std::array<Word, 256>, kSlices>;

// tables[k][b] is the register after byte b and k zero bytes.
template <typename Word>
constexpr Tables<Word> make_tables(Word polynomial) {
  Tables<Word> tables{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    auto value = static_cast<Word>(byte);
    for (int bit = 0; bit < 8; ++bit) value = times_x(value, polynomial);
    tables[0][byte] = value;
  }
  for (std::size_t slice = 1; slice < kSlices; ++slice) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const Word before = tables[slice - 1][byte];
      tables[slice][byte] = static_cast<Word>(before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}

// powers[i] is x^(8 * 2^i): what appending 2^i bytes multiplies a register by.
template <typename Word>
constexpr std::array<Word, 64> make_powers(Word polynomial) {
  std::array<Word, 64> powers{};
  powers[0] = power_of_x<Word>(8, polynomial);
  for (std::size_t i = 1; i < powers.size(); ++i) powers[i] = multiply(powers[i - 1], powers[i - 1], polynomial);
  return powers;
}

template <auto kPolynomial>
constexpr Tables<decltype(kPolynomial)> kTables = make_tables(kPolynomial);

template <auto kPolynomial>
constexpr std::array<decltype(kPolynomial), 64> kPowers = make_powers(kPolynomial);

template <auto kPolynomial>
std::uint64_t table_update(std::uint64_t crc, std::span<const std::byte> bytes) {
  const auto& tables = kTables<kPolynomial>;
  while (bytes.size() >= kSlices) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof(word));
    word ^= crc;
    crc = 0;
    for (std::size_t i = 0; i < kSlices; ++i) crc ^= tables[kSlices - 1 - i][(word >> (8 * i)) & 0xFF];
    bytes = bytes.subspan(kSlices);
  }
  for (const std::byte byte : bytes) crc = (crc >> 8) ^ tables[0][(crc ^ std::to_integer<std::uint64_t>(byte)) & 0xFF];
  return crc;
}

// first * x^(8 * second_bytes) + second; the inversions of both registers cancel out.
template <auto kPolynomial>
decltype(kPolynomial) combine(decltype(kPolynomial) first, decltype(kPolynomial) second, std::uint64_t second_bytes) {
  for (; second_bytes != 0; second_bytes &= second_bytes - 1) {
    first =
        multiply(first, kPowers<kPolynomial>[static_cast<std::size_t>(std::countr_zero(second_bytes))], kPolynomial);
  }
  return first ^ second;
}

const CrcKernels* fastest_kernels() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx2")) return &kVpclmulKernels;
  if (__builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1")) return &kPclmulKernels;
#endif
  return nullptr;
}

const CrcKernels* kernels_for(Kernel kernel) {
  static const CrcKernels* const fastest = fastest_kernels();
  return kernel == Kernel::kPortable ? nullptr : fastest;
}

template <auto kPolynomial>
decltype(kPolynomial) update(decltype(kPolynomial) crc, std::span<const std::byte> bytes, CrcKernels::One* kernel) {
  using Word = decltype(kPolynomial);
  std::uint64_t raw = static_cast<Word>(~crc);
  const std::size_t done = kernel == nullptr ? 0 : kernel(bytes.data(), bytes.size(), raw);
  return ~static_cast<Word>(table_update<kPolynomial>(raw, bytes.subspan(done)));
}

}  // namespace

std::uint32_t crc32_update(std::uint32_t crc, std::span<const std::byte> bytes, Kernel kernel) {
  const CrcKernels* kernels = kernels_for(kernel);
  return update<kCrc32Polynomial>(crc, bytes, kernels == nullptr ? nullptr : kernels->crc32);
}

std::uint32_t crc32c_update(std::uint32_t crc, std::span<const std::byte> bytes, Kernel kernel) {
  const CrcKernels* kernels = kernels_for(kernel);
  return update<kCrc32cPolynomial>(crc, bytes, kernels == nullptr ? nullptr : kernels->crc32c);
}

std::uint64_t crc64nvme_update(std::uint64_t crc, std::span<const std::byte> bytes, Kernel kernel) {
  const CrcKernels* kernels = kernels_for(kernel);
  return update<kCrc64NvmePolynomial>(crc, bytes, kernels == nullptr ? nullptr : kernels->crc64nvme);
}

std::uint32_t crc32_combine(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes) {
  return combine<kCrc32Polynomial>(first, second, second_bytes);
}

std::uint32_t crc32c_combine(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes) {
  return combine<kCrc32cPolynomial>(first, second, second_bytes);
}

std::uint64_t crc64nvme_combine(std::uint64_t first, std::uint64_t second, std::uint64_t second_bytes) {
  return combine<kCrc64NvmePolynomial>(first, second, second_bytes);
}

void Checksums::update(std::span<const std::byte> bytes, Kernel kernel) {
  const CrcKernels* kernels = kernels_for(kernel);
  std::uint64_t raw32 = static_cast<std::uint32_t>(~crc32);
  std::uint64_t raw64 = ~crc64nvme;
  const std::size_t done = kernels == nullptr ? 0 : kernels->both(bytes.data(), bytes.size(), raw32, raw64);
  crc32 = ~static_cast<std::uint32_t>(table_update<kCrc32Polynomial>(raw32, bytes.subspan(done)));
  crc64nvme = ~table_update<kCrc64NvmePolynomial>(raw64, bytes.subspan(done));
}

}  // namespace millrace::store
