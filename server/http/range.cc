#include "server/http/range.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "server/rt/text.h"

namespace millrace::http {
namespace {

using rt::trimmed;

constexpr std::uint64_t kMax = std::numeric_limits<std::uint64_t>::max();

// A number too large for 64 bits is beyond every end; saturated, it behaves so.
std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end != text.data() + text.size()) return std::nullopt;
  if (problem == std::errc::result_out_of_range) return kMax;
  if (problem != std::errc()) return std::nullopt;
  return value;
}

bool take_bytes_unit(std::string_view& text, char after) {
  constexpr std::string_view kUnit = "bytes";
  const bool is_bytes = std::ranges::equal(text.substr(0, kUnit.size()), kUnit,
                                           [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  if (!is_bytes || text.size() <= kUnit.size() || text[kUnit.size()] != after) return false;
  text = trimmed(text.substr(kUnit.size() + 1));
  return true;
}

RangeChoice suffix(std::uint64_t length, std::uint64_t size) {
  if (length == 0 || size == 0) return {RangeChoice::Kind::kUnsatisfiable};
  length = std::min(length, size);
  return {RangeChoice::Kind::kPart, {size - length, length}};
}

std::unexpected<rt::Error> malformed() {
  return rt::fail(rt::Code::kInvalid, "content-range must be \"bytes first-last/size\"", "content-range");
}

}  // namespace

RangeChoice choose_range(std::optional<std::string_view> range_field, std::uint64_t size) {
  const RangeChoice whole{RangeChoice::Kind::kWhole, {0, size}};
  std::string_view text = range_field.value_or("");
  if (!take_bytes_unit(text, '=') || text.contains(',')) return whole;
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return whole;
  const std::string_view from = trimmed(text.substr(0, dash));
  const std::string_view to = trimmed(text.substr(dash + 1));
  if (from.empty()) {
    const auto length = digits(to);
    return length ? suffix(*length, size) : whole;
  }
  const auto first = digits(from);
  const auto last = to.empty() ? std::optional(kMax) : digits(to);
  if (!first || !last || *last < *first) return whole;
  if (*first >= size) return {RangeChoice::Kind::kUnsatisfiable};
  return {RangeChoice::Kind::kPart, {*first, std::min(*last, size - 1) - *first + 1}};
}

std::string content_range(const ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.first) + "-" + std::to_string(range.first + range.length - 1) + "/" +
         std::to_string(size);
}

std::string content_range_unsatisfied(std::uint64_t size) { return "bytes */" + std::to_string(size); }

rt::Result<ContentRange> parse_content_range(std::string_view field) {
  std::string_view text = trimmed(field);
  if (!take_bytes_unit(text, ' ')) return malformed();
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return malformed();
  const std::string_view size_text = text.substr(slash + 1);
  const std::string_view range_text = text.substr(0, slash);
  ContentRange parsed;
  if (size_text != "*") {
    parsed.size_bytes = digits(size_text);
    if (!parsed.size_bytes || *parsed.size_bytes == kMax) return malformed();
  }
  if (range_text == "*") {
    if (!parsed.size_bytes) return malformed();
    return parsed;
  }
  const std::size_t dash = range_text.find('-');
  if (dash == std::string_view::npos) return malformed();
  const auto first = digits(range_text.substr(0, dash));
  const auto last = digits(range_text.substr(dash + 1));
  if (!first || !last || *last < *first || *last == kMax) return malformed();
  if (parsed.size_bytes && *last >= *parsed.size_bytes) return malformed();
  parsed.range = ByteRange{*first, *last - *first + 1};
  return parsed;
}

}  // namespace millrace::http
