// Chunk boundaries and summaries are the same however the input is split and whichever kernel runs. The first byte
// seeds the splits, the rest is the input.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <span>
#include <vector>

#include "store/chunker.h"
#include "store/digest.h"

namespace {

using millrace::store::ChunkDigest;
using millrace::store::ChunkSummary;
using millrace::store::Cutter;
using millrace::store::HashSecret;
using millrace::store::Kernel;
using Bytes = std::span<const std::byte>;

constexpr millrace::store::ChunkLimits kLimits{128, 512, 2048};

template <typename NextSize>
std::vector<ChunkSummary> chunks_of(Bytes bytes, Kernel kernel, NextSize next_size) {
  static const HashSecret secret{};
  Cutter cutter(kLimits, kernel);
  ChunkDigest digest(secret, kernel);
  std::vector<ChunkSummary> chunks;
  while (!bytes.empty()) {
    const Bytes piece = bytes.first(std::min(bytes.size(), next_size()));
    const Cutter::Step step = cutter.next(piece);
    if (step.taken_bytes > piece.size()) std::abort();
    digest.update(piece.first(step.taken_bytes));
    if (step.cut) chunks.push_back(digest.finish());
    bytes = bytes.subspan(step.taken_bytes);
  }
  chunks.push_back(digest.finish());
  return chunks;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes bytes = std::as_bytes(std::span(data + 1, size - 1));
  const auto whole = chunks_of(bytes, Kernel::kFastest, [&] { return bytes.size(); });
  for (const Kernel kernel : {Kernel::kFastest, Kernel::kPortable}) {
    std::minstd_rand random(data[0]);
    if (chunks_of(bytes, kernel, [&] { return random() % 200; }) != whole) std::abort();
    if (chunks_of(bytes, kernel, [] { return std::size_t{1}; }) != whole) std::abort();
  }
  for (const ChunkSummary& chunk : whole) {
    if (chunk.length > kLimits.max_bytes) std::abort();
  }
  return 0;
}
