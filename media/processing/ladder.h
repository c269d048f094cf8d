// The ladder: in which sizes a video or picture is offered. Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

namespace millrace::media {

struct Size {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool operator==(const Size&) const = default;
};

// One rung: the short side it is named by, its size, and how many bits it may take.
struct Rung {
  std::uint32_t short_side = 0;
  Size size;
  std::uint64_t bits_per_second_max = 0;
};

// The rungs for a source of this size, as shown, the largest first: every short side of `short_sides` that is not above
// the source's, or the source's own when all are. Sides are even, as 4:2:0 wants them. Nothing for an empty source.
std::vector<Rung> ladder_of(Size source, std::vector<std::uint32_t> short_sides);

// The sizes of a picture by its long side, the largest first; never above the source.
std::vector<Size> picture_sizes(Size source);
// As large as fits into a square of this side; never above the source, never empty.
Size fit(Size source, std::uint32_t side_max);

}  // namespace millrace::media
