#include "media/imports/answer.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/http/utf8.h"
#include "server/rt/text.h"

namespace millrace::media {
namespace {

using rt::same_word;
using rt::trimmed;

constexpr std::size_t kNameBytesMax = 255;
constexpr std::size_t kValidatorBytesMax = 1024;

// A weak ETag says nothing of bytes, and a date counts as good enough (RFC 9110 section 13.1.5).
std::string validator_of(const outbound::Head& head) {
  const std::string etag = head.field("etag").value_or("");
  if (etag.size() > kValidatorBytesMax) return {};
  if (etag.starts_with('"') && etag.ends_with('"') && etag.size() >= 2) return etag;
  const std::string modified = head.field("last-modified").value_or("");
  return etag.empty() && modified.size() <= kValidatorBytesMax ? modified : std::string();
}

std::string content_type_of(const outbound::Head& head) {
  const std::string text = head.field("content-type").value_or("");
  const std::string_view type = trimmed(std::string_view(text).substr(0, text.find(';')));
  const bool sane = type.size() <= kNameBytesMax && type.find('/') != std::string_view::npos &&
                    std::ranges::all_of(type, [](unsigned char c) { return c > ' ' && c < 0x7f; });
  return sane ? std::string(type) : std::string();
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_code = text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
    decoded += is_code ? static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
    if (is_code) i += 2;
  }
  return decoded;
}

// The last part of what may be a path of any system; empty when it is no name.
std::string usable_name(std::string name) {
  if (const std::size_t slash = name.find_last_of("/\\"); slash != std::string::npos) name.erase(0, slash + 1);
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  const bool usable = !name.empty() && name != "." && name != ".." && name.size() <= kNameBytesMax &&
                      std::ranges::none_of(name, is_control) && http::is_utf8(name);
  return usable ? name : std::string();
}

// A token or a quoted string, taken off the front of `rest` with the ';' behind it.
std::string take_value(std::string_view& rest) {
  std::string value;
  if (rest.starts_with('"')) {
    std::size_t i = 1;
    for (; i < rest.size() && rest[i] != '"'; ++i) {
      if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
      value += rest[i];
    }
    rest.remove_prefix(std::min(i + 1, rest.size()));
  } else {
    value = trimmed(rest.substr(0, rest.find(';')));
  }
  rest.remove_prefix(std::min(rest.find(';'), rest.size()));
  return value;
}

std::string_view reason(int status) {
  switch (status) {
    case 400:
      return " Bad Request";
    case 401:
      return " Unauthorized";
    case 403:
      return " Forbidden";
    case 404:
      return " Not Found";
    case 405:
      return " Method Not Allowed";
    case 408:
      return " Request Timeout";
    case 410:
      return " Gone";
    case 416:
      return " Range Not Satisfiable";
    case 425:
      return " Too Early";
    case 429:
      return " Too Many Requests";
    case 500:
      return " Internal Server Error";
    case 502:
      return " Bad Gateway";
    case 503:
      return " Service Unavailable";
    case 504:
      return " Gateway Timeout";
    default:
      return "";
  }
}

Answer failure(const outbound::Head& head) {
  const int status = head.status;
  const bool passes = status >= 500 || status == 408 || status == 425 || status == 429;
  Answer answer{.kind = passes ? AnswerKind::kLater : AnswerKind::kNever,
                .words = fmt::format("the server answered {}{}", status, reason(status))};
  const auto seconds = rt::whole_number<std::uint64_t>(head.field("retry-after").value_or(""));
  if (seconds && *seconds < 1'000'000) answer.wait_ms = static_cast<std::int64_t>(*seconds) * 1000;
  return answer;
}

Answer rest_of(const outbound::Head& head, std::uint64_t offset) {
  const auto range = parse_content_range(head.field("content-range").value_or(""));
  if (!range || range->first != offset) return {.kind = AnswerKind::kAnew, .words = "the server sent another range"};
  return {.kind = AnswerKind::kRest, .total_bytes = range->total};
}

Answer nothing_behind(const outbound::Head& head, std::uint64_t offset) {
  const auto range = parse_content_range(head.field("content-range").value_or(""));
  const bool all_here = range && range->total == offset;
  return {.kind = all_here ? AnswerKind::kAllHere : AnswerKind::kAnew, .words = "the server has no such range"};
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view text) {
  if (!text.starts_with("bytes ")) return std::nullopt;
  text.remove_prefix(6);
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  ContentRange range;
  const std::string_view total = text.substr(slash + 1);
  if (total != "*") range.total = rt::whole_number<std::uint64_t>(total);
  if (total != "*" && !range.total) return std::nullopt;
  const std::string_view bytes = text.substr(0, slash);
  if (bytes == "*") return range.total ? std::optional(range) : std::nullopt;
  const std::size_t dash = bytes.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  range.first = rt::whole_number<std::uint64_t>(bytes.substr(0, dash));
  const auto last = rt::whole_number<std::uint64_t>(bytes.substr(dash + 1));
  if (!range.first || !last || *last < *range.first || *last >= range.total.value_or(UINT64_MAX)) return std::nullopt;
  return range;
}

std::string disposition_file_name(std::string_view text) {
  std::string plain;
  std::string extended;
  text.remove_prefix(std::min(text.find(';'), text.size()));
  while (text.starts_with(';')) {
    text.remove_prefix(1);
    const std::size_t mark = text.find('=');
    if (mark == std::string_view::npos) break;
    const std::string_view name = trimmed(text.substr(0, mark));
    text = text.substr(mark + 1);
    text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
    std::string value = take_value(text);
    if (same_word(name, "filename")) plain = value;
    if (same_word(name, "filename*") && same_word(value.substr(0, 5), "UTF-8")) {
      const std::size_t quote = value.find('\'', 6);
      if (quote != std::string::npos) extended = percent_decoded(std::string_view(value).substr(quote + 1));
    }
  }
  std::string best = usable_name(std::move(extended));
  return best.empty() ? usable_name(std::move(plain)) : best;
}

Answer judge(const outbound::Head& head, std::uint64_t offset) {
  Answer answer;
  if (head.status == 200) {
    answer.kind = AnswerKind::kWhole;
    answer.total_bytes = rt::whole_number<std::uint64_t>(head.field("content-length").value_or(""));
  } else if (head.status == 206 && offset > 0) {
    answer = rest_of(head, offset);
  } else if (head.status == 416 && offset > 0) {
    answer = nothing_behind(head, offset);
  } else {
    answer = failure(head);
  }
  answer.validator = validator_of(head);
  answer.content_type = content_type_of(head);
  answer.file_name = disposition_file_name(head.field("content-disposition").value_or(""));
  return answer;
}

}  // namespace millrace::media
