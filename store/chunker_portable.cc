// The cutter's inner loop for any processor.
#include "store/chunker_scan.h"

namespace millrace::store {

const std::byte* scan_portable(const std::byte* first, const std::byte* last, std::uint64_t threshold) {
  return scan(first, last, threshold);
}

}  // namespace millrace::store
