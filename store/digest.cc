// The digest walks each piece in steps that stay in the first-level cache, so that the hash finds hot what the
// checksums just read.
#include "store/digest.h"

#include <algorithm>
#include <utility>

namespace millrace::store {
namespace {

constexpr std::size_t kStepBytes = std::size_t{16} << 10;

}  // namespace

ChunkDigest::ChunkDigest(const HashSecret& secret, Kernel kernel) : kernel_(kernel), hasher_(secret, kernel) {}

void ChunkDigest::update(std::span<const std::byte> piece) {
  while (!piece.empty()) {
    const std::size_t step_bytes = std::min({piece.size(), kStepBytes, kChecksumBlockBytes - block_bytes_});
    update_step(piece.first(step_bytes));
    piece = piece.subspan(step_bytes);
  }
}

void ChunkDigest::update_step(std::span<const std::byte> step) {
  checksums_.update(step, kernel_);
  hasher_.update(step);
  block_bytes_ += step.size();
  if (block_bytes_ == kChecksumBlockBytes) close_block();
}

void ChunkDigest::close_block() {
  summary_.block_crc32s.push_back(checksums_.crc32);
  summary_.crc32 = crc32_combine(summary_.crc32, checksums_.crc32, block_bytes_);
  summary_.length += block_bytes_;
  checksums_.crc32 = 0;
  block_bytes_ = 0;
}

ChunkSummary ChunkDigest::finish() {
  if (block_bytes_ != 0) close_block();
  summary_.crc64nvme = checksums_.crc64nvme;
  summary_.hash = hasher_.digest();
  hasher_.reset();
  checksums_ = {};
  return std::exchange(summary_, {});
}

}  // namespace millrace::store
