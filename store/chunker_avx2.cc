// The cutter's inner loop for processors with AVX2; compiled with that flag, so nothing else belongs in this file.
#include "store/chunker_scan.h"

namespace millrace::store {

const std::byte* scan_avx2(const std::byte* first, const std::byte* last, std::uint64_t threshold) {
  return scan(first, last, threshold);
}

}  // namespace millrace::store
