// Hostile field values and targets into the small parsers of server/http: ranges, conditions, forwarded hops, dates,
// percent-encoding, base64. Each keeps its promises for any input.
#include <cstdint>
#include <string>

#include "server/http/conditional.h"
#include "server/http/crypto.h"
#include "server/http/date.h"
#include "server/http/forwarded.h"
#include "server/http/range.h"
#include "server/http/url.h"

namespace {

using namespace millrace::http;

void require(bool kept) {
  if (!kept) __builtin_trap();
}

void ranges(std::string_view text, std::uint64_t size) {
  const RangeChoice choice = choose_range(text, size);
  if (choice.kind == RangeChoice::Kind::kPart) {
    require(choice.range.length > 0 && choice.range.first < size && choice.range.length <= size - choice.range.first);
    const auto parsed = parse_content_range(content_range(choice.range, size));
    require(parsed && parsed->range == choice.range && parsed->size_bytes == size);
  }
  (void)parse_content_range(text);
}

void encodings(std::string_view text) {
  require(percent_decode(percent_encode(text)) == text);
  require(base64_decode(base64(bytes_of(text))) == text);
  if (const auto decoded = base64_decode(text)) require(base64(bytes_of(*decoded)) == text);
  require(unhex(hex(bytes_of(text))) == text);
  (void)percent_decode(text);
  (void)parse_query(text, true);
  if (const auto date = parse_http_date(text)) require(http_date(*date).size() == 29);
}

void requests(const std::string& text) {
  Request request;
  request.peer.address = "10.0.0.1";
  request.authority = "inside";
  for (const char* name : {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"}) {
    request.fields.add(name, text);
  }
  (void)evaluate_conditions(request, {text, 1, true});
  (void)range_condition_holds(request, {text, 1, true});
  for (const char* name : {"forwarded", "x-forwarded-for"}) {
    Request hop = request;
    hop.fields.clear();
    hop.fields.add(name, text);
    hop.fields.add("x-forwarded-host", text);
    hop.fields.add("x-forwarded-proto", text);
    apply_forwarded(hop, [](std::string_view address) { return address.starts_with("10."); });
    require(hop.authority.find_first_of("/ \"\r\n@") == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  if (bytes == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, bytes - 1);
  ranges(text, std::uint64_t{data[0]} * data[0] * 1000 + data[0]);
  encodings(text);
  requests(text);
  return 0;
}
