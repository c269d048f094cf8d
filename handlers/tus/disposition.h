// Content-Disposition of a request (RFC 6266): the name of the file it brings. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace::handlers::tus {

// `filename*` (RFC 8187, UTF-8) before `filename`. Nothing when there is no usable name.
std::optional<std::string> file_name_in(std::string_view field);

}  // namespace millrace::handlers::tus
