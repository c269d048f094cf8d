#include "media/processing/ladder.h"

#include <algorithm>
#include <array>
#include <functional>

namespace millrace::media {
namespace {

// What encoders and players can do at all.
constexpr std::uint32_t kLongSideMax = 8192;
constexpr std::array<std::uint32_t, 4> kPictureSides = {1920, 1280, 640, 320};

struct Bits {
  std::uint32_t short_side;
  std::uint64_t bits_per_second_max;
};
// Of H.264 at 30 frames a second, from which no viewer sees a gain.
constexpr std::array<Bits, 8> kBits = {{{240, 500'000},
                                        {360, 900'000},
                                        {480, 1'600'000},
                                        {576, 2'200'000},
                                        {720, 3'200'000},
                                        {1080, 6'000'000},
                                        {1440, 12'000'000},
                                        {UINT32_MAX, 24'000'000}}};

std::uint64_t bits_for(std::uint32_t short_side) {
  return std::ranges::find_if(kBits, [&](const Bits& row) { return short_side <= row.short_side; })
      ->bits_per_second_max;
}

std::uint32_t even(std::uint64_t side) { return std::max(2u, static_cast<std::uint32_t>(side / 2 * 2)); }

std::uint32_t scaled(std::uint32_t side, std::uint32_t to, std::uint32_t of) {
  return static_cast<std::uint32_t>((std::uint64_t{side} * to + of / 2) / of);
}

Rung rung_of(Size source, std::uint32_t short_side) {
  const std::uint32_t source_short = std::min(source.width, source.height);
  const std::uint32_t source_long = std::max(source.width, source.height);
  const std::uint32_t long_side = std::min(scaled(source_long, short_side, source_short), kLongSideMax);
  const bool upright = source.height > source.width;
  const std::uint32_t width = even(upright ? short_side : long_side);
  const std::uint32_t height = even(upright ? long_side : short_side);
  return {short_side, {width, height}, bits_for(short_side)};
}

}  // namespace

std::vector<Rung> ladder_of(Size source, std::vector<std::uint32_t> short_sides) {
  const std::uint32_t source_short = std::min(source.width, source.height);
  if (source_short == 0) return {};
  std::ranges::sort(short_sides, std::greater());
  short_sides.erase(std::ranges::unique(short_sides).begin(), short_sides.end());
  std::erase_if(short_sides, [&](std::uint32_t side) { return side == 0 || side > source_short; });
  if (short_sides.empty()) short_sides.push_back(source_short);
  std::vector<Rung> rungs;
  for (const std::uint32_t side : short_sides) rungs.push_back(rung_of(source, side));
  return rungs;
}

Size fit(Size source, std::uint32_t side_max) {
  const std::uint32_t source_long = std::max({source.width, source.height, 1u});
  const std::uint32_t long_side = std::min(source_long, side_max);
  return {std::max(1u, scaled(source.width, long_side, source_long)),
          std::max(1u, scaled(source.height, long_side, source_long))};
}

std::vector<Size> picture_sizes(Size source) {
  const std::uint32_t source_long = std::max(source.width, source.height);
  std::vector<Size> sizes;
  for (const std::uint32_t side : kPictureSides) {
    if (side <= source_long) sizes.push_back(fit(source, side));
  }
  if (sizes.empty()) sizes.push_back(fit(source, source_long));
  return sizes;
}

}  // namespace millrace::media
