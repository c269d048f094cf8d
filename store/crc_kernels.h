// The seam between checksums and their vector kernels. A kernel consumes as many bytes as its lanes hold and says how
// many; the caller's tables take the rest. Registers are raw: no inversion before or after.
#pragma once

#include <cstddef>
#include <cstdint>

namespace millrace::store {

struct CrcKernels {
  using One = std::size_t(const std::byte* bytes, std::size_t count, std::uint64_t& crc);
  using Two = std::size_t(const std::byte* bytes, std::size_t count, std::uint64_t& crc32, std::uint64_t& crc64nvme);
  One* crc32;
  One* crc32c;
  One* crc64nvme;
  Two* both;
};

extern const CrcKernels kPclmulKernels;
extern const CrcKernels kVpclmulKernels;

}  // namespace millrace::store
