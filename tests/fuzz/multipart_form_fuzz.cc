// Hostile forms: any bytes, split anywhere, say the same as in one piece, and nothing grows beyond its limit. The first
// two bytes choose how the rest is split.
#include <cstdint>
#include <string>

#include "server/http/multipart_form.h"

namespace {

using namespace millrace;
using Kind = http::MultipartForm::Event::Kind;

constexpr http::FormLimits kLimits{
    .parts_max = 8, .header_bytes_max = 256, .field_bytes_max = 64, .padding_bytes_max = 64};

void require(bool kept) {
  if (!kept) __builtin_trap();
}

// What the form says up to its end or its first error.
std::string told(std::string_view text, std::size_t first, std::size_t step) {
  http::MultipartForm form("b", kLimits);
  std::string out;
  std::size_t piece = first;
  for (;;) {
    auto event = form.next();
    if (!event) return out + "error";
    require(event->value.size() <= kLimits.field_bytes_max);
    if (event->kind == Kind::kEnd) return out + "end";
    if (event->kind == Kind::kNeedsInput) {
      if (text.empty()) form.finish();
      form.feed(rt::Slice::copy_of(text.substr(0, piece)));
      text.remove_prefix(std::min(piece, text.size()));
      piece = step;
    } else if (event->kind == Kind::kBytes) {
      require(!event->bytes.empty());
      out += event->bytes.text();
    } else {
      out += "|" + event->part.name + "=" + event->value + event->part.file_name.value_or("");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  if (bytes < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, bytes - 2);
  const std::string whole = told(text, text.size() + 1, 1);
  const std::string split = told(text, std::size_t{1} + data[0], std::size_t{1} + data[1]);
  // An error may be seen before or after the bytes of a file that stand in the same piece.
  require(whole == split || (whole.ends_with("error") && split.ends_with("error")));
  (void)http::boundary_of(text);
  return 0;
}
