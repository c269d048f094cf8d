#include "handlers/input.h"

#include <algorithm>
#include <set>

#include "server/rt/text.h"

namespace millrace::handlers {
namespace {

constexpr std::uint32_t kPageMax = 10'000'000;
constexpr std::uint32_t kPerPageMax = 50;

// The media type without parameters, in lower case.
std::string media_type(std::string_view content_type) {
  return rt::lowered(rt::trimmed(content_type.substr(0, content_type.find(';'))));
}

bool is_json(std::string_view content_type) {
  const std::string type = media_type(content_type);
  return type == "application/json" || type.ends_with("+json");
}

std::optional<std::uint32_t> number(std::string_view text, std::uint32_t min, std::uint32_t max) {
  const auto value = rt::whole_number<std::uint32_t>(text);
  return value && *value >= min && *value <= max ? value : std::nullopt;
}

rt::Status read_number(std::uint32_t& into, const std::string& name, const std::string& text, std::uint32_t min,
                       std::uint32_t max) {
  const auto value = number(text, min, max);
  if (!value) {
    return rt::fail(rt::Code::kInvalid,
                    name + " must be a number from " + std::to_string(min) + " to " + std::to_string(max), name);
  }
  into = *value;
  return {};
}

rt::Status read_sort(media::Query& query, const std::string& text) {
  const std::size_t mark = text.find(':');
  const std::string direction = mark == std::string::npos ? "asc" : text.substr(mark + 1);
  if (mark == 0 || text.empty() || (direction != "asc" && direction != "desc")) {
    return rt::fail(rt::Code::kInvalid, "sort must be NAME, NAME:asc or NAME:desc", "sort");
  }
  query.sort = text.substr(0, mark);
  query.descending = direction == "desc";
  return {};
}

rt::Status read_filter(media::Query& query, const std::string& text) {
  const std::size_t mark = text.find('=');
  if (mark == std::string::npos || mark == 0) {
    return rt::fail(rt::Code::kInvalid, "filter must be NAME=VALUE", "filter");
  }
  query.filters.emplace_back(text.substr(0, mark), text.substr(mark + 1));
  return {};
}

rt::Status read_parameter(media::Query& query, const std::string& name, const std::string& text) {
  if (name == "page") return read_number(query.page, name, text, 0, kPageMax);
  if (name == "perPage" || name == "perpage") return read_number(query.per_page, name, text, 1, kPerPageMax);
  if (name == "sort") return read_sort(query, text);
  if (name == "filter") return read_filter(query, text);
  return {};
}

using TextMap = std::map<std::string, std::string>;

rt::Result<std::optional<TextMap>> text_map(const http::Json& json, std::string_view name) {
  const auto object = json.object(name);
  if (!object) return std::unexpected(object.error());
  if (!*object) return std::nullopt;
  TextMap map;
  for (const auto& [key, member] : (*object)->members()) {
    auto text = member.as_text();
    if (!text) {
      const std::string field = std::string(name) + "." + key;
      return rt::fail(rt::Code::kInvalid, field + " must be a string", field);
    }
    map.emplace(key, std::move(*text));
  }
  return map;
}

}  // namespace

rt::Task<rt::Result<std::string>> read_json_text(http::Exchange& exchange) {
  const auto type = exchange.request.fields.get("content-type");
  if (type && !is_json(*type)) {
    co_return rt::fail(rt::Code::kUnsupportedType, "the body must be application/json", "content-type");
  }
  if (exchange.body.length().value_or(0) > http::kJsonBytesMax) {
    co_return rt::fail(rt::Code::kTooLarge,
                       "the body is larger than " + std::to_string(http::kJsonBytesMax) + " bytes");
  }
  co_return co_await http::read_all(exchange.body, http::kJsonBytesMax, &exchange.text);
}

rt::Result<http::Json> parse_body(const std::string& text) {
  return http::Json::parse_object(text.empty() ? "{}" : text);
}

rt::Task<rt::Result<http::Json>> read_json(http::Exchange& exchange) {
  auto text = co_await read_json_text(exchange);
  if (!text) co_return rt::pass(text);
  co_return parse_body(*text);
}

rt::Task<rt::Result<http::Pairs>> read_form(http::Exchange& exchange) {
  const auto type = exchange.request.fields.get("content-type");
  if (!type || media_type(*type) != "application/x-www-form-urlencoded") {
    co_return rt::fail(rt::Code::kInvalid, "the body must be application/x-www-form-urlencoded", "content-type");
  }
  auto text = co_await http::read_all(exchange.body, kFormBytesMax, &exchange.text);
  if (!text) co_return rt::pass(text);
  auto pairs = http::parse_query(*text, true);
  if (!pairs) co_return rt::fail(rt::Code::kInvalid, "the form is not valid percent-encoding");
  std::set<std::string_view> names;
  for (const auto& [name, value] : *pairs) {
    if (!names.insert(name).second) co_return rt::fail(rt::Code::kInvalid, name + " is given twice", name);
  }
  co_return std::move(*pairs);
}

rt::Result<http::Pairs> query_of(const http::Request& request) {
  auto pairs = http::parse_query(request.query(), true);
  if (!pairs) return rt::fail(rt::Code::kInvalid, "the query is not valid percent-encoding", "query");
  return std::move(*pairs);
}

std::optional<std::string> value_of(const http::Pairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return value;
  }
  return std::nullopt;
}

rt::Result<media::Query> list_query(const http::Request& request) {
  auto pairs = query_of(request);
  if (!pairs) return rt::pass(pairs);
  media::Query query;
  for (const auto& [name, text] : *pairs) {
    if (auto read = read_parameter(query, name, text); !read) return rt::pass(read);
  }
  return query;
}

rt::Result<std::uint32_t> read_number(const http::Pairs& pairs, const std::string& name, NumberRange range) {
  std::uint32_t value = range.usual;
  const auto text = value_of(pairs, name);
  auto read = text ? read_number(value, name, *text, range.min, range.max) : rt::Status();
  if (!read) return rt::pass(read);
  return value;
}

rt::Status read_signed_sort(const http::Pairs& pairs, std::span<const SortName> names, media::Query& query) {
  const auto text = value_of(pairs, "sort");
  if (!text) return {};
  query.descending = text->starts_with('-');
  const std::string_view wanted = std::string_view(*text).substr(query.descending ? 1 : 0);
  std::string known;
  for (const SortName& name : names) {
    if (name.theirs == wanted) {
      query.sort = name.ours;
      return {};
    }
    known += (known.empty() ? "" : ", ") + std::string(name.theirs);
  }
  return rt::fail(rt::Code::kInvalid, "sort must be one of " + known + ", with a - before it for descending", "sort");
}

rt::Task<rt::Result<http::Pairs>> read_fields(http::Exchange& exchange) {
  const auto type = exchange.request.fields.get("content-type");
  if (type && media_type(*type) == "application/x-www-form-urlencoded") co_return co_await read_form(exchange);
  const auto json = co_await read_json(exchange);
  if (!json) co_return std::unexpected(json.error());
  http::Pairs pairs;
  for (const auto& [name, member] : json->members()) {
    if (!member.is_null()) pairs.emplace_back(name, member.as_text().value_or(member.dump()));
  }
  co_return pairs;
}

template <class Get, class Place>
Members& Members::keep(Get&& get, Place& into) {
  if (!status_) return *this;
  auto value = get();
  if (!value) {
    status_ = rt::pass(value);
  } else if (*value) {
    into = std::move(**value);
  }
  return *this;
}

Members& Members::read(std::string_view name, std::string& into) {
  return keep([&] { return json_.text(name); }, into);
}

Members& Members::read(std::string_view name, std::optional<std::string>& into) {
  return keep([&] { return json_.text(name); }, into);
}

Members& Members::read(std::string_view name, std::optional<std::uint64_t>& into) {
  return keep([&] { return json_.integer(name, 0); }, into);
}

Members& Members::read(std::string_view name, std::vector<std::string>& into) {
  return keep([&] { return json_.texts(name); }, into);
}

Members& Members::read(std::string_view name, std::optional<std::vector<std::string>>& into) {
  return keep([&] { return json_.texts(name); }, into);
}

Members& Members::read(std::string_view name, std::map<std::string, std::string>& into) {
  return keep([&] { return text_map(json_, name); }, into);
}

Members& Members::read(std::string_view name, std::optional<std::map<std::string, std::string>>& into) {
  return keep([&] { return text_map(json_, name); }, into);
}

Members& Members::require(std::string_view name, std::string& into) {
  return keep(
      [&] {
        auto text = json_.required_text(name);
        return text ? rt::Result<std::optional<std::string>>(std::move(*text)) : rt::pass(text);
      },
      into);
}

}  // namespace millrace::handlers
