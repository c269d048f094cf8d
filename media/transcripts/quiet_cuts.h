// Where long speech can be cut: engines hear it in pieces, and a cut inside a word would cost the word. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace millrace::media {

inline constexpr std::uint32_t kSamplesPerSecond = 16'000;            // of one channel, 16 bits each
inline constexpr std::size_t kFrameSamples = kSamplesPerSecond / 50;  // 20 ms
inline constexpr std::size_t kPieceFramesMin = 20 * 50;
inline constexpr std::size_t kPieceFramesMax = 30 * 50;

// Mean amplitudes of whole frames; samples of an unfinished one at the end count as one more.
std::vector<std::uint16_t> loudness_of(std::span<const std::int16_t> samples);

struct FrameRun {
  std::size_t first = 0;
  std::size_t count = 0;
  bool operator==(const FrameRun&) const = default;
};
// All frames in their order, each piece of 20 to 30 s ending in the middle of its quietest moment there; the last may
// be shorter.
std::vector<FrameRun> cut_where_quiet(std::span<const std::uint16_t> loudness);

}  // namespace millrace::media
