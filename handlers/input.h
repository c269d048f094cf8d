// From a request to values: bodies, query parameters and list queries, with the offending field named.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "media/records/listing.h"
#include "server/http/json.h"
#include "server/http/message.h"
#include "server/http/url.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::handlers {

inline constexpr std::size_t kFormBytesMax = 64 * 1024;

// The body's text, which must be JSON by its content-type (or have none). kUnsupportedType, kTooLarge.
rt::Task<rt::Result<std::string>> read_json_text(http::Exchange& exchange);
// An object; an empty body counts as an empty one.
rt::Result<http::Json> parse_body(const std::string& text);
rt::Task<rt::Result<http::Json>> read_json(http::Exchange& exchange);
// application/x-www-form-urlencoded (RFC 6749 wants each parameter at most once: kInvalid).
rt::Task<rt::Result<http::Pairs>> read_form(http::Exchange& exchange);

rt::Result<http::Pairs> query_of(const http::Request& request);
// The first value of that name.
std::optional<std::string> value_of(const http::Pairs& pairs, std::string_view name);

// page, perPage (perpage), sort=name[:asc|desc], filter=name=value (repeatable).
rt::Result<media::Query> list_query(const http::Request& request);

struct NumberRange {
  std::uint32_t min;
  std::uint32_t max;
  std::uint32_t usual;  // when it is not given
};
// kInvalid, naming the parameter.
rt::Result<std::uint32_t> read_number(const http::Pairs& pairs, const std::string& name, NumberRange range);

// A door's name for a sort and the domain's.
struct SortName {
  std::string_view theirs;
  std::string_view ours;
};
// sort=NAME or sort=-NAME (descending). kInvalid, naming what there is.
rt::Status read_signed_sort(const http::Pairs& pairs, std::span<const SortName> names, media::Query& query);

// An object's members, or an urlencoded form's fields, as texts: numbers and switches as they are written.
rt::Task<rt::Result<http::Pairs>> read_fields(http::Exchange& exchange);

// Reads members of an object into places; an absent or null one leaves its place alone. Keeps the first error.
class Members {
 public:
  explicit Members(const http::Json& json) : json_(json) {}
  Members& read(std::string_view name, std::string& into);
  Members& read(std::string_view name, std::optional<std::string>& into);
  Members& read(std::string_view name, std::optional<std::uint64_t>& into);
  Members& read(std::string_view name, std::vector<std::string>& into);
  Members& read(std::string_view name, std::optional<std::vector<std::string>>& into);
  // An object of texts.
  Members& read(std::string_view name, std::map<std::string, std::string>& into);
  Members& read(std::string_view name, std::optional<std::map<std::string, std::string>>& into);
  // As read(), but absent, null and empty are errors.
  Members& require(std::string_view name, std::string& into);

  const rt::Status& status() const noexcept { return status_; }

 private:
  template <class Get, class Place>
  Members& keep(Get&& get, Place& into);

  const http::Json& json_;
  rt::Status status_;
};

}  // namespace millrace::handlers
