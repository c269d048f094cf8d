// The cutter's bookkeeping: limits, the minimum that is skipped, and windows that lie across two pieces. The search
// itself is in chunker_scan.h.
#include "store/chunker.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "store/chunker_scan.h"

namespace millrace::store {
namespace {

constexpr std::uint64_t kCandidateEvery = 1024;

// Cuts come on average once in (average - minimum) bytes, candidates once in 1024: the second stage makes the rest.
std::uint64_t threshold_for(const ChunkLimits& limits) {
  const std::uint64_t gap_bytes = limits.average_bytes - limits.min_bytes;
  constexpr auto kAlways = std::numeric_limits<std::uint64_t>::max();
  return gap_bytes <= kCandidateEvery ? kAlways : kAlways / gap_bytes * kCandidateEvery;
}

ChunkLimits ordered(ChunkLimits limits, std::size_t window_bytes) {
  limits.min_bytes = std::max(limits.min_bytes, window_bytes);
  limits.average_bytes = std::max(limits.average_bytes, limits.min_bytes);
  limits.max_bytes = std::max(limits.max_bytes, limits.average_bytes);
  return limits;
}

ScanFunction* fastest_scan() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")) return scan_avx2;
#endif
  return scan_portable;
}

ScanFunction* scan_for(Kernel kernel) {
  static ScanFunction* const fastest = fastest_scan();
  return kernel == Kernel::kPortable ? scan_portable : fastest;
}

}  // namespace

Cutter::Cutter(ChunkLimits limits, Kernel kernel)
    : limits_(ordered(limits, kWindowBytes)), threshold_(threshold_for(limits_)), scan_(scan_for(kernel)) {}

Cutter::Step Cutter::next(std::span<const std::byte> piece) {
  const auto candidate_bytes = piece.first(std::min(piece.size(), limits_.max_bytes - chunk_bytes_));
  const std::size_t boundary = find_boundary(candidate_bytes);
  if (boundary != 0) {
    const std::size_t taken_bytes = boundary - chunk_bytes_;
    reset();
    return {taken_bytes, true};
  }
  remember(candidate_bytes);
  return {candidate_bytes.size(), false};
}

// The length at which the chunk ends within this piece, 0 when it goes on. Windows that begin before the piece are
// looked at in a copy of the seam.
std::size_t Cutter::find_boundary(std::span<const std::byte> piece) const {
  const std::size_t last = chunk_bytes_ + piece.size();
  std::size_t first = std::max(limits_.min_bytes, chunk_bytes_ + 1);
  const std::size_t seam_last = std::min(last, chunk_bytes_ + kWindowBytes - 1);
  if (first <= seam_last) {
    const std::size_t boundary = find_at_seam(piece, first, seam_last);
    if (boundary != 0) return boundary;
    first = seam_last + 1;
  }
  if (first <= last) {
    const std::byte* cut = scan_(piece.data() + (first - chunk_bytes_), piece.data() + piece.size(), threshold_);
    if (cut != nullptr) return chunk_bytes_ + static_cast<std::size_t>(cut - piece.data());
  }
  return last == limits_.max_bytes ? last : 0;
}

std::size_t Cutter::find_at_seam(std::span<const std::byte> piece, std::size_t first, std::size_t last) const {
  std::array<std::byte, 2 * kWindowBytes> seam;
  std::memcpy(seam.data(), tail_.data(), kWindowBytes);
  std::memcpy(seam.data() + kWindowBytes, piece.data(), last - chunk_bytes_);
  const std::byte* piece_begin = seam.data() + kWindowBytes;
  const std::byte* cut = scan_(piece_begin + (first - chunk_bytes_), piece_begin + (last - chunk_bytes_), threshold_);
  return cut == nullptr ? 0 : chunk_bytes_ + static_cast<std::size_t>(cut - piece_begin);
}

void Cutter::remember(std::span<const std::byte> taken) {
  chunk_bytes_ += taken.size();
  if (taken.size() < kWindowBytes) {
    std::memmove(tail_.data(), tail_.data() + taken.size(), kWindowBytes - taken.size());
    std::ranges::copy(taken, tail_.end() - static_cast<std::ptrdiff_t>(taken.size()));
  } else {
    std::ranges::copy(taken.last(kWindowBytes), tail_.begin());
  }
}

}  // namespace millrace::store
