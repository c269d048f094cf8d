// Reads what ffmpeg's -progress says while it works, in whatever pieces it comes. Pure; one caller.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::media {

class ProgressReader {
 public:
  void feed(std::string_view piece);
  // How much of the output is written; never goes back.
  std::int64_t out_time_ms() const noexcept { return out_time_ms_; }

 private:
  void read_line(std::string_view line);

  std::string line_;  // the unfinished one; longer ones than we know are dropped
  std::int64_t out_time_ms_ = 0;
};

// 0 to `most`: how much of `whole_ms` is done; 0 when that is not known.
std::uint32_t percent_of(std::int64_t done_ms, std::int64_t whole_ms, std::uint32_t most);

}  // namespace millrace::media
