// Structured field values (RFC 9651), as far as our fields need them: items that are an Integer or a Boolean.
// Parameters are read over, as the standard wants of those one does not know.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::http {

// §3.3.1: at most 15 digits. Nothing when the field is anything else.
std::optional<std::int64_t> parse_integer_item(std::string_view field);
// §3.3.6: "?1", "?0".
std::optional<bool> parse_boolean_item(std::string_view field);

}  // namespace millrace::http
