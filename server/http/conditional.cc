#include "server/http/conditional.h"

#include "server/http/date.h"

namespace millrace::http {
namespace {

bool is_weak(std::string_view etag) { return etag.starts_with("W/"); }

std::string_view opaque(std::string_view etag) { return is_weak(etag) ? etag.substr(2) : etag; }

bool matches(std::string_view a, std::string_view b, bool strongly) {
  if (strongly && (is_weak(a) || is_weak(b))) return false;
  return !a.empty() && opaque(a) == opaque(b);
}

// Cuts the next entity tag off a list. Nothing at the end and at the first thing that is none; tags may contain commas.
std::optional<std::string_view> take_etag(std::string_view& list) {
  while (!list.empty() && (list.front() == ' ' || list.front() == '\t' || list.front() == ',')) list.remove_prefix(1);
  const std::size_t quote = is_weak(list) ? 2 : 0;
  if (list.size() <= quote || list[quote] != '"') return std::nullopt;
  const std::size_t end = list.find('"', quote + 1);
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view etag = list.substr(0, end + 1);
  list.remove_prefix(end + 1);
  return etag;
}

bool list_contains(std::string_view list, std::string_view etag, bool strongly) {
  while (const auto listed = take_etag(list)) {
    if (matches(*listed, etag, strongly)) return true;
  }
  return false;
}

// Over all fields of that name, because lists may be split. Nothing when the request has none.
std::optional<bool> field_names(const Request& request, std::string_view name, const Validators& current,
                                bool strongly) {
  std::optional<bool> named;
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    if (request.fields[i].name != name) continue;
    const std::string_view list = request.fields[i].value;
    const bool here = current.exists && (list == "*" || list_contains(list, current.etag, strongly));
    named = named.value_or(false) || here;
  }
  return named;
}

std::optional<std::int64_t> date_field(const Request& request, std::string_view name) {
  const auto text = request.fields.get(name);
  return text ? parse_http_date(*text) : std::nullopt;
}

}  // namespace

Verdict evaluate_conditions(const Request& request, const Validators& current) {
  const bool reads = request.method == Method::kGet || request.method == Method::kHead;
  if (const auto named = field_names(request, "if-match", current, /*strongly=*/true)) {
    if (!*named) return Verdict::kPreconditionFailed;
  } else if (const auto since = date_field(request, "if-unmodified-since"); since && current.last_modified) {
    if (*current.last_modified > *since) return Verdict::kPreconditionFailed;
  }
  if (const auto named = field_names(request, "if-none-match", current, /*strongly=*/false)) {
    if (*named) return reads ? Verdict::kNotModified : Verdict::kPreconditionFailed;
  } else if (const auto since = date_field(request, "if-modified-since"); since && reads && current.last_modified) {
    if (*current.last_modified <= *since) return Verdict::kNotModified;
  }
  return Verdict::kProceed;
}

bool range_condition_holds(const Request& request, const Validators& current) {
  const auto condition = request.fields.get("if-range");
  if (!condition) return true;
  if (condition->starts_with('"')) return matches(*condition, current.etag, /*strongly=*/true);
  // A date is only strong when the clock has moved on since; ours always has when the exact date is known.
  const auto date = parse_http_date(*condition);
  return date && current.last_modified == date;
}

}  // namespace millrace::http
