// What another server answered when a file was asked of it: parsers of hostile fields, and what to do next. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/outbound/transfer.h"

namespace millrace::media {

enum class AnswerKind : std::uint8_t {
  kWhole,    // the file from its first byte
  kRest,     // from the byte that was asked for
  kAllHere,  // there is nothing behind the byte that was asked for
  kAnew,     // what was asked for cannot be continued: ask for the whole
  kLater,    // a failure that may pass
  kNever,    // a failure that will not
};

struct Answer {
  AnswerKind kind = AnswerKind::kNever;
  std::optional<std::uint64_t> total_bytes = {};  // of the file
  std::string validator = {};                     // for If-Range; empty: it cannot be continued
  std::string content_type = {};                  // without parameters; empty: not said
  std::string file_name = {};                     // empty: not said
  std::optional<std::int64_t> wait_ms = {};       // Retry-After in seconds
  std::string words = {};                         // of a failure
};

// `offset`: the first byte that was asked for.
Answer judge(const outbound::Head& head, std::uint64_t offset);

// `bytes 5-9/10`, `bytes */10` (RFC 9110 section 14.4). Nothing when it is neither, or not in itself consistent.
struct ContentRange {
  std::optional<std::uint64_t> first = {};  // nothing: unsatisfied
  std::optional<std::uint64_t> total = {};  // nothing: unknown
};
std::optional<ContentRange> parse_content_range(std::string_view text);

// The file's name of a Content-Disposition (RFC 6266), its path taken off; empty when there is none that is usable.
std::string disposition_file_name(std::string_view text);

}  // namespace millrace::media
