#include "handlers/v1/rules.h"

#include <algorithm>
#include <cctype>

#include "server/http/utf8.h"
#include "server/rt/text.h"

namespace millrace::handlers::v1 {
namespace {

bool is_subtype_char(unsigned char c) { return std::isalnum(c) || c == '.' || c == '+' || c == '-'; }

}  // namespace

rt::Status check_length(const std::optional<std::string>& text, const char* field, std::size_t characters_max) {
  if (http::utf8_characters(text.value_or("")) <= characters_max) return {};
  return rt::fail(rt::Code::kInvalid,
                  std::string(field) + " has at most " + std::to_string(characters_max) + " characters", field);
}

rt::Status check_mime_type(std::string_view text) {
  const std::string type = rt::lowered(text.substr(0, text.find('/')));
  const std::string_view subtype = text.substr(std::min(type.size() + 1, text.size()));
  const bool good =
      (type == "video" || type == "audio") && !subtype.empty() && std::ranges::all_of(subtype, is_subtype_char);
  if (good) return {};
  return rt::fail(rt::Code::kInvalid, "mime_type must be video/… or audio/…", "mime_type");
}

}  // namespace millrace::handlers::v1
