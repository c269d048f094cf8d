// The cutter: finds chunk boundaries in a stream by content, so that the same media found at another offset, in another
// part size or through another door still falls into the same chunks. Boundaries depend on the bytes alone, never on
// how they were split into pieces nor on the processor. One cutter per stream, on whatever thread reads that stream; it
// copies only the last 64 bytes of a piece and allocates nothing.
//
// Two stages: a vector filter over 4-byte windows picks one position in 1024, then a 64-bit hash of the 64 bytes before
// that position decides. Nothing before the minimum is read except the last window.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "store/kernels.h"

namespace millrace::store {

// 64 <= min_bytes <= average_bytes <= max_bytes; the constructor raises what is too small.
struct ChunkLimits {
  std::size_t min_bytes = std::size_t{256} << 10;
  std::size_t average_bytes = std::size_t{1} << 20;
  std::size_t max_bytes = std::size_t{4} << 20;
};

class Cutter {
 public:
  struct Step {
    std::size_t taken_bytes;  // of the piece: these belong to the current chunk
    bool cut;                 // the current chunk ends after them, the rest belongs to the next
  };

  explicit Cutter(ChunkLimits limits, Kernel kernel = Kernel::kFastest);

  // Takes bytes up to the next boundary or the end of the piece. After a cut a new chunk has begun: call again with the
  // rest of the piece.
  Step next(std::span<const std::byte> piece);

  // Begins a new chunk here: after an early cut, or for another stream.
  void reset() { chunk_bytes_ = 0; }

  std::size_t chunk_bytes() const { return chunk_bytes_; }

 private:
  static constexpr std::size_t kWindowBytes = 64;
  using Scan = const std::byte*(const std::byte* first, const std::byte* last, std::uint64_t threshold);

  std::size_t find_boundary(std::span<const std::byte> piece) const;
  std::size_t find_at_seam(std::span<const std::byte> piece, std::size_t first, std::size_t last) const;
  void remember(std::span<const std::byte> taken);

  ChunkLimits limits_;
  std::uint64_t threshold_;
  Scan* scan_;
  std::size_t chunk_bytes_ = 0;
  std::array<std::byte, kWindowBytes> tail_{};  // the last bytes of the current chunk, right-aligned
};

}  // namespace millrace::store
