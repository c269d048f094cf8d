// Range requests (RFC 9110 §14): which bytes of a representation are asked for, and where uploaded ones belong.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/rt/error.h"

namespace millrace::http {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

struct RangeChoice {
  enum class Kind : std::uint8_t { kWhole, kPart, kUnsatisfiable };
  Kind kind = Kind::kWhole;
  ByteRange range = {};  // kWhole: all of it
};

// What to send of `size_bytes`. A field that is malformed, of another unit or with several ranges is ignored, as the
// standard allows: the whole is always a right answer.
RangeChoice choose_range(std::optional<std::string_view> range_field, std::uint64_t size_bytes);

// "bytes 0-499/1234", for 206; "bytes */1234", for 416.
std::string content_range(const ByteRange& range, std::uint64_t size_bytes);
std::string content_range_unsatisfied(std::uint64_t size_bytes);

// Content-Range of an upload: "bytes 0-499/1234", "bytes 0-499/*", or "bytes */1234", which asks how far it is.
struct ContentRange {
  std::optional<ByteRange> range;
  std::optional<std::uint64_t> size_bytes;
};
rt::Result<ContentRange> parse_content_range(std::string_view field);

}  // namespace millrace::http
