#include "handlers/described_original.h"

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

DescribedOriginal::DescribedOriginal(media::Original described)
    : original(std::move(described)),
      validators{"\"" + original.etag + "\"", original.modified_ms / 1000},
      validator_fields(fields_of(validators)),
      fields(validator_fields) {
  fields.add("accept-ranges", "bytes");
  fields.add("content-type", is_field_text(original.content_type) ? original.content_type : "application/octet-stream");
  fields.add("content-disposition", disposition(original.file_name));
  // What was uploaded as a picture must not become a script.
  fields.add("x-content-type-options", "nosniff");
}

rt::Task<rt::Result<std::shared_ptr<const DescribedOriginal>>> DescribedOriginals::get(media::Catalog& catalog,
                                                                                       std::string tenant,
                                                                                       std::string id) {
  std::string key = tenant + "/" + id;
  const std::uint64_t stamp = catalog.stamp(tenant, id);
  const auto kept = kept_.find(key);
  if (kept && kept->stamp == stamp) co_return kept->described;
  auto original = co_await catalog.original(std::move(tenant), std::move(id));
  if (!original) co_return rt::pass(original);
  auto described = std::make_shared<const DescribedOriginal>(std::move(*original));
  kept_.put(std::move(key), std::make_shared<const Kept>(described, stamp), 1);
  co_return described;
}

}  // namespace millrace::handlers
