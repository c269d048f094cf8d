// UTF-8 (RFC 3629): what JSON, forms and paths from outside must be before they are taken for text. Any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace millrace::http {

// Bytes of the valid sequence at `i`, 0 when there is none: overlong forms and surrogates are not.
std::size_t utf8_length(std::string_view text, std::size_t i) noexcept;
bool is_utf8(std::string_view text) noexcept;
// Characters (code points) of valid UTF-8.
std::size_t utf8_characters(std::string_view text) noexcept;

}  // namespace millrace::http
