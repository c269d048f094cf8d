// What a byte costs on its way into a chunk: the cutter, the hash, the checksums, and all of them in one pass as the
// writer runs them. Random bytes fed in pieces of 16 KiB as HTTP/2 delivers them: 64 MiB in memory, or one receive
// block of 256 KiB that is still in the cache.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstring>
#include <random>
#include <span>
#include <vector>

#include "store/chunker.h"
#include "store/crc.h"
#include "store/digest.h"
#include "store/hash.h"

namespace millrace::store {
namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kInputBytes = std::size_t{64} << 20;
constexpr std::size_t kBlockBytes = std::size_t{256} << 10;
constexpr std::size_t kPieceBytes = std::size_t{16} << 10;

std::vector<std::byte> random_bytes(std::size_t count) {
  std::mt19937_64 random(1);
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i + sizeof(std::uint64_t) <= count; i += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(&bytes[i], &word, sizeof(word));
  }
  return bytes;
}

Bytes input() {
  static const std::vector<std::byte> bytes = random_bytes(kInputBytes);
  return bytes;
}

Bytes warm_input() { return input().first(kBlockBytes); }

const HashSecret& secret() {
  static const HashSecret bytes = [] {
    HashSecret drawn;
    std::memcpy(drawn.data(), random_bytes(drawn.size()).data(), drawn.size());
    return drawn;
  }();
  return bytes;
}

// Runs take(piece) over the whole input, once per iteration.
template <typename Take>
void each_piece(benchmark::State& state, Bytes bytes, Take take) {
  for (auto _ : state) {
    for (Bytes left = bytes; !left.empty(); left = left.subspan(kPieceBytes)) take(left.first(kPieceBytes));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

std::size_t cut_piece(Cutter& cutter, Bytes piece) {
  std::size_t cuts = 0;
  while (!piece.empty()) {
    const Cutter::Step step = cutter.next(piece);
    cuts += step.cut ? 1 : 0;
    piece = piece.subspan(step.taken_bytes);
  }
  return cuts;
}

void cut(benchmark::State& state, Kernel kernel, Bytes bytes) {
  Cutter cutter(ChunkLimits{}, kernel);
  std::size_t cuts = 0;
  each_piece(state, bytes, [&](Bytes piece) { cuts += cut_piece(cutter, piece); });
  const double taken_bytes = static_cast<double>(state.iterations()) * static_cast<double>(bytes.size());
  state.counters["mean_chunk_KiB"] = taken_bytes / 1024 / static_cast<double>(cuts);
}

void cutter_fastest(benchmark::State& state) { cut(state, Kernel::kFastest, input()); }
void cutter_portable(benchmark::State& state) { cut(state, Kernel::kPortable, input()); }

// The filter without the minimum's skip.
void cutter_every_byte(benchmark::State& state) {
  Cutter cutter({64, std::size_t{1} << 40, std::size_t{1} << 40});
  each_piece(state, warm_input(), [&](Bytes piece) { cut_piece(cutter, piece); });
}

void cutter_zeros(benchmark::State& state) {
  const std::vector<std::byte> zeros(kInputBytes);
  cut(state, Kernel::kFastest, zeros);
}

// Every fourth position is a candidate: the worst that an uploader can make of the filter.
void cutter_hostile(benchmark::State& state) {
  std::vector<std::byte> bytes(kInputBytes);
  std::uint32_t word = 1;
  while (word * 0x9E3779B1U < 0xFFC00000U) ++word;
  for (std::size_t i = 0; i < bytes.size(); i += sizeof(word)) std::memcpy(&bytes[i], &word, sizeof(word));
  cut(state, Kernel::kFastest, bytes);
}

void xxh3(benchmark::State& state, Bytes bytes) {
  Hasher hasher(secret());
  each_piece(state, bytes, [&](Bytes piece) { hasher.update(piece); });
  benchmark::DoNotOptimize(hasher.digest());
}

void crc32(benchmark::State& state, Kernel kernel, Bytes bytes) {
  std::uint32_t crc = 0;
  each_piece(state, bytes, [&](Bytes piece) { crc = crc32_update(crc, piece, kernel); });
  benchmark::DoNotOptimize(crc);
}

void crc64nvme(benchmark::State& state, Kernel kernel, Bytes bytes) {
  std::uint64_t crc = 0;
  each_piece(state, bytes, [&](Bytes piece) { crc = crc64nvme_update(crc, piece, kernel); });
  benchmark::DoNotOptimize(crc);
}

void both_checksums(benchmark::State& state, Bytes bytes) {
  Checksums checksums;
  each_piece(state, bytes, [&](Bytes piece) { checksums.update(piece); });
  benchmark::DoNotOptimize(checksums);
}

void digest(benchmark::State& state, Bytes bytes) {
  ChunkDigest chunk(secret());
  each_piece(state, bytes, [&](Bytes piece) { chunk.update(piece); });
  benchmark::DoNotOptimize(chunk.finish());
}

void cut_and_digest_piece(Cutter& cutter, ChunkDigest& chunk, Bytes piece) {
  while (!piece.empty()) {
    const Cutter::Step step = cutter.next(piece);
    chunk.update(piece.first(step.taken_bytes));
    if (step.cut) benchmark::DoNotOptimize(chunk.finish());
    piece = piece.subspan(step.taken_bytes);
  }
}

void cutter_and_digest(benchmark::State& state, Kernel kernel, Bytes bytes) {
  Cutter cutter(ChunkLimits{}, kernel);
  ChunkDigest chunk(secret(), kernel);
  each_piece(state, bytes, [&](Bytes piece) { cut_and_digest_piece(cutter, chunk, piece); });
}

// How fast this machine lets anybody read the input at all.
void read_only(benchmark::State& state) {
  std::uint64_t sum = 0;
  each_piece(state, input(), [&](Bytes piece) {
    for (std::size_t i = 0; i < piece.size(); i += 64) {
      std::uint64_t word;
      std::memcpy(&word, &piece[i], sizeof(word));
      sum += word;
    }
  });
  benchmark::DoNotOptimize(sum);
}

BENCHMARK(cutter_fastest);
BENCHMARK(cutter_portable);
BENCHMARK(cutter_every_byte);
BENCHMARK(cutter_zeros);
BENCHMARK(cutter_hostile);
BENCHMARK_CAPTURE(xxh3, from_memory, input());
BENCHMARK_CAPTURE(xxh3, from_cache, warm_input());
BENCHMARK_CAPTURE(crc32, from_memory, Kernel::kFastest, input());
BENCHMARK_CAPTURE(crc32, from_cache, Kernel::kFastest, warm_input());
BENCHMARK_CAPTURE(crc32, portable, Kernel::kPortable, input());
BENCHMARK_CAPTURE(crc64nvme, from_memory, Kernel::kFastest, input());
BENCHMARK_CAPTURE(crc64nvme, from_cache, Kernel::kFastest, warm_input());
BENCHMARK_CAPTURE(crc64nvme, portable, Kernel::kPortable, input());
BENCHMARK_CAPTURE(both_checksums, from_memory, input());
BENCHMARK_CAPTURE(both_checksums, from_cache, warm_input());
BENCHMARK_CAPTURE(digest, from_memory, input());
BENCHMARK_CAPTURE(digest, from_cache, warm_input());
BENCHMARK_CAPTURE(cutter_and_digest, from_memory, Kernel::kFastest, input());
BENCHMARK_CAPTURE(cutter_and_digest, from_cache, Kernel::kFastest, warm_input());
BENCHMARK_CAPTURE(cutter_and_digest, portable, Kernel::kPortable, input());
BENCHMARK(read_only);

}  // namespace
}  // namespace millrace::store
