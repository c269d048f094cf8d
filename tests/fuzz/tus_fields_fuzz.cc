// Hostile header fields into the parsers of the tus door. The first byte picks the parser. What is accepted has the
// form that it should, and metadata that is written is read again as the same.
#include <cstdint>
#include <string_view>

#include "handlers/tus/disposition.h"
#include "handlers/tus/fields.h"
#include "media/uploads/uploads.h"
#include "server/http/structured.h"

namespace {

using namespace millrace;
using namespace millrace::handlers;

void hold(bool fact) {
  if (!fact) __builtin_trap();
}

void metadata(std::string_view text) {
  const auto parsed = tus::parse_metadata(text);
  if (parsed) hold(tus::parse_metadata(tus::write_metadata(*parsed)) == *parsed);
}

void concat(std::string_view text) {
  const auto parsed = tus::parse_concat(text);
  if (!parsed) return;
  hold(parsed->is_partial == parsed->ids.empty() && parsed->ids.size() <= media::kPiecesMax);
  for (const auto& id : parsed->ids) hold(!id.empty() && id.find('/') == id.npos);
}

void checksum(std::string_view text) {
  const auto parsed = tus::parse_checksum(text);
  if (!parsed) return;
  hold(!parsed->value.empty());
}

void count(std::string_view text) {
  http::Fields fields;
  fields.add("upload-length", text);
  fields.add("content-type", text);
  (void)tus::byte_count(fields, "upload-length");
  hold(tus::media_type(fields).find(';') == std::string::npos);
}

void items(std::string_view text) {
  const auto integer = http::parse_integer_item(text);
  hold(!integer || (*integer < 1'000'000'000'000'000 && *integer > -1'000'000'000'000'000));
  hold(!integer || !http::parse_boolean_item(text));
}

void disposition(std::string_view text) {
  const auto name = tus::file_name_in(text);
  hold(!name || !name->empty());
}

constexpr void (*kParsers[])(std::string_view) = {metadata, concat, checksum, count, items, disposition};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  if (bytes == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, bytes - 1);
  kParsers[data[0] % std::size(kParsers)](text);
  return 0;
}
