#include "handlers/v1/ids.h"

#include "media/catalog/short_id.h"

namespace millrace::handlers::v1 {

std::string id_text(std::string_view kind, std::string_view id) { return std::string(kind) + media::short_id(id); }

rt::Result<std::string> digits_of(std::string_view kind, std::string_view text) {
  if (text.starts_with(kind)) return std::string(text.substr(kind.size()));
  return rt::fail(rt::Code::kNotFound, "there is no " + std::string(kind) + "… with this id");
}

}  // namespace millrace::handlers::v1
