// What media tools leave behind, read as if a hostile file had written it: a movie's boxes, a track's playlist, the
// probe's answer, ffmpeg's progress. Nothing crashes, and whatever is taken of a playlist lies in its file.
#include <algorithm>
#include <cstdint>
#include <string>

#include "media/processing/byte_playlist.h"
#include "media/processing/mp4_info.h"
#include "media/processing/probe.h"
#include "media/processing/progress.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace millrace::media;
  const std::string_view text(reinterpret_cast<const char*>(data), bytes);
  const auto read = [&](std::uint64_t offset, std::size_t length) {
    return offset < text.size() ? std::string(text.substr(offset, length)) : std::string();
  };
  (void)read_mp4_info(read, text.size());
  (void)parse_probe(text);
  ProgressReader progress;
  progress.feed(text);
  if (progress.out_time_ms() < 0) __builtin_trap();

  constexpr std::uint64_t kFileBytes = 1 << 20;
  if (const auto layout = parse_byte_playlist(text, kFileBytes)) {
    std::uint64_t end = layout->header_bytes;
    for (const Segment& segment : layout->segments) {
      if (segment.offset != end || segment.length == 0) __builtin_trap();
      end += segment.length;
    }
    if (end > kFileBytes) __builtin_trap();
  }
  return 0;
}
