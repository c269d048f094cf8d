#include "handlers/representation_fields.h"

#include <algorithm>

#include "server/http/date.h"
#include "server/http/url.h"

namespace millrace::handlers {
namespace {

bool is_field_text(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
}

// The name twice: for old clients without what they might misread, and as it is (RFC 6266).
std::string disposition(const std::string& file_name) {
  std::string plain = file_name;
  std::ranges::replace_if(plain, [](unsigned char c) { return c < 0x20 || c >= 0x7f || c == '"' || c == '\\'; }, '_');
  return "attachment; filename=\"" + plain + "\"; filename*=UTF-8''" + http::percent_encode(file_name);
}

http::Fields fields_of(const http::Validators& validators) {
  http::Fields fields;
  fields.add("etag", validators.etag);
  fields.add("last-modified", http::http_date(*validators.last_modified));
  fields.add("cache-control", "private");
  return fields;
}

}  // namespace

Representation::Representation(std::uint64_t bytes, const std::string& etag, std::int64_t modified_ms,
                               const std::string& content_type, const std::string& file_name)
    : size_bytes(bytes),
      validators{"\"" + etag + "\"", modified_ms / 1000},
      validator_fields(fields_of(validators)),
      fields(validator_fields) {
  fields.add("accept-ranges", "bytes");
  fields.add("content-type", is_field_text(content_type) ? content_type : "application/octet-stream");
  fields.add("content-disposition", disposition(file_name));
  // What was uploaded as a picture must not become a script.
  fields.add("x-content-type-options", "nosniff");
}

}  // namespace millrace::handlers
