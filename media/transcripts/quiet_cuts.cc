#include "media/transcripts/quiet_cuts.h"

#include <algorithm>
#include <cstdlib>

namespace millrace::media {
namespace {

constexpr std::size_t kMomentFrames = 10;

// The frame in the middle of the quietest moment that lies between.
std::size_t quietest(std::span<const std::uint16_t> loudness, std::size_t from, std::size_t to) {
  std::uint64_t sum = 0;
  for (std::size_t i = from; i < from + kMomentFrames; ++i) sum += loudness[i];
  std::uint64_t least = sum;
  std::size_t best = from;
  for (std::size_t first = from + 1; first + kMomentFrames <= to; ++first) {
    sum += loudness[first + kMomentFrames - 1];
    sum -= loudness[first - 1];
    if (sum < least) {
      least = sum;
      best = first;
    }
  }
  return best + kMomentFrames / 2;
}

}  // namespace

std::vector<std::uint16_t> loudness_of(std::span<const std::int16_t> samples) {
  std::vector<std::uint16_t> loudness;
  loudness.reserve(samples.size() / kFrameSamples + 1);
  while (!samples.empty()) {
    const auto frame = samples.first(std::min(samples.size(), kFrameSamples));
    std::uint64_t sum = 0;
    for (const int sample : frame) sum += static_cast<std::uint64_t>(std::abs(sample));
    loudness.push_back(static_cast<std::uint16_t>(sum / frame.size()));
    samples = samples.subspan(frame.size());
  }
  return loudness;
}

std::vector<FrameRun> cut_where_quiet(std::span<const std::uint16_t> loudness) {
  std::vector<FrameRun> pieces;
  std::size_t first = 0;
  while (loudness.size() - first > kPieceFramesMax) {
    const std::size_t cut = quietest(loudness, first + kPieceFramesMin, first + kPieceFramesMax);
    pieces.push_back({first, cut - first});
    first = cut;
  }
  if (first < loudness.size()) pieces.push_back({first, loudness.size() - first});
  return pieces;
}

}  // namespace millrace::media
