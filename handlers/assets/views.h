// How an asset looks: a media, or an upload that is on its way to become one. Both have the same id.
#pragma once

#include <cstdint>
#include <string>

#include "media/catalog/catalog.h"
#include "media/uploads/upload.h"

namespace millrace::handlers::assets {

inline constexpr std::uint64_t kChunkBytes = 52'428'800;

// The bytes to send next: from start to end. Equal when all are here.
struct Offsets {
  std::uint64_t start = 0;
  std::uint64_t end = 0;
};
Offsets next_offsets(const media::Upload& upload);

std::string asset_view(const media::Media& media, const std::string& original_url);
// With start_offset and end_offset.
std::string asset_view(const media::Upload& upload);
// {id, start_offset, end_offset}
std::string offsets_view(const media::Upload& upload);

}  // namespace millrace::handlers::assets
