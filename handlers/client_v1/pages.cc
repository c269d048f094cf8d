#include "handlers/client_v1/pages.h"

#include <algorithm>
#include <optional>

#include "server/http/json.h"

namespace millrace::handlers::client_v1 {
namespace {

using http::JsonWriter;

std::string address(const std::string& here, const http::Pairs& query, std::uint64_t page) {
  std::string text = here + "?";
  for (const auto& [name, value] : query) {
    if (name != "page") text += http::percent_encode(name) + "=" + http::percent_encode(value) + "&";
  }
  return text + "page=" + std::to_string(page);
}

}  // namespace

http::Response page_response(const media::Page<media::Media>& page, const std::vector<std::string>& rows,
                             const std::string& here, const http::Pairs& query) {
  const std::uint64_t current = std::uint64_t{page.page} + 1;
  const std::uint64_t last = std::max<std::uint64_t>(1, (page.total + page.per_page - 1) / page.per_page);
  const std::uint64_t before = std::uint64_t{page.page} * page.per_page;
  const auto at = [&](bool there, std::uint64_t number) {
    return there ? std::optional(address(here, query, number)) : std::nullopt;
  };
  const auto place = [&](std::uint64_t number) { return page.items.empty() ? std::nullopt : std::optional(number); };
  JsonWriter json;
  json.begin_object().key("data").begin_array();
  for (const std::string& row : rows) json.raw(row);
  json.end_array().key("links").begin_object();
  json.member("first", at(true, 1)).member("last", at(true, last));
  json.member("prev", at(current > 1, current - 1)).member("next", at(current < last, current + 1)).end_object();
  json.key("meta").begin_object().member("current_page", current).member("from", place(before + 1));
  json.member("last_page", last).member("path", here).member("per_page", page.per_page);
  json.member("to", place(before + page.items.size())).member("total", page.total).end_object().end_object();
  return http::Response::text(200, "application/json", json.take());
}

}  // namespace millrace::handlers::client_v1
