#include "server/http/form_part.h"

#include <algorithm>
#include <cctype>

#include "server/http/url.h"
#include "server/http/utf8.h"
#include "server/rt/text.h"

namespace millrace::http {
namespace {

using rt::Code;
using rt::same_word;
using rt::trimmed;

std::unexpected<rt::Error> invalid(std::string message, std::string field = {}) {
  return rt::fail(Code::kInvalid, std::move(message), std::move(field));
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// RFC 9110 §5.6.2.
bool is_token_char(unsigned char c) {
  return std::isalnum(c) || std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(c)) != std::string_view::npos;
}

bool is_token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_token_char); }

bool is_boundary_char(unsigned char c) {
  return std::isalnum(c) || std::string_view("'()+_,-./:=? ").find(static_cast<char>(c)) != std::string_view::npos;
}

struct Parameter {
  std::string_view name;
  std::string value;
};

// A backslash escapes a quote or itself and nothing else: old browsers send Windows paths as they are.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool escaped = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\');
    if (!escaped && text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    value += escaped ? text[++i] : text[i];
  }
  return std::nullopt;
}

std::string take_bare(std::string_view& text) {
  const std::string_view value = trimmed(text.substr(0, text.find(';')));
  text.remove_prefix(std::min(text.find(';'), text.size()));
  return std::string(value);
}

// Steps over the semicolon before the next parameter.
bool has_more(std::string_view& rest) {
  while (!rest.empty() && (rest.front() == ';' || is_blank(rest.front()))) rest.remove_prefix(1);
  return !rest.empty();
}

// `name=value` off the front of what follows a type.
rt::Result<Parameter> take_parameter(std::string_view& rest) {
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return invalid("a parameter has no value");
  Parameter parameter{trimmed(rest.substr(0, equals)), {}};
  if (!is_token(parameter.name)) return invalid("a parameter has no name");
  rest = trimmed(rest.substr(equals + 1));
  if (!rest.starts_with('"')) {
    parameter.value = take_bare(rest);
    if (!is_token(parameter.value)) return invalid("the value of a parameter needs quotes");
    return parameter;
  }
  auto quoted = take_quoted(rest);
  if (!quoted) return invalid("a quote is never closed");
  parameter.value = std::move(*quoted);
  rest = trimmed(rest);
  if (!rest.empty() && !rest.starts_with(';')) return invalid("something follows a quoted value");
  return parameter;
}

// Browsers write a quote in a name as %22 (WHATWG, multipart/form-data encoding).
std::string unescaped(std::string text) {
  for (std::size_t at = 0; (at = text.find("%22", at)) != std::string::npos; ++at) text.replace(at, 3, "\"");
  return text;
}

// RFC 8187, for those who send it although RFC 7578 does not want them to: they write what `filename` cannot hold.
std::optional<std::string> extended(std::string_view value) {
  constexpr std::string_view kUtf8 = "utf-8''";
  if (!same_word(value.substr(0, kUtf8.size()), kUtf8)) return std::nullopt;
  return percent_decode(value.substr(kUtf8.size()));
}

// Directories are the sender's own business (RFC 7578 §4.2); one that ends with a directory names no file.
std::string last_component(const std::string& path) {
  const std::size_t slash = path.find_last_of("/\\");
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return name == "." || name == ".." ? std::string() : name;
}

rt::Status keep_once(std::optional<std::string>& place, std::string value, const char* what) {
  if (place) return invalid(std::string(what) + " of a form part is given twice");
  if (!is_utf8(value)) return invalid(std::string(what) + " of a form part is not UTF-8");
  place = std::move(value);
  return {};
}

}  // namespace

rt::Status FormPartHeader::add_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
    return invalid("a header line of a form part is malformed");
  }
  const auto is_bad = [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; };
  if (std::ranges::any_of(line, is_bad)) return invalid("a header line of a form part has control characters");
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (same_word(name, "content-disposition")) return add_disposition(value);
  if (same_word(name, "content-type")) return keep_once(content_type_, std::string(value), "the Content-Type");
  if (same_word(name, "content-transfer-encoding")) return add_encoding(value);
  return {};
}

rt::Status FormPartHeader::add_disposition(std::string_view value) {
  if (name_) return invalid("the Content-Disposition of a form part is given twice");
  std::string_view rest = value;
  if (!same_word(take_bare(rest), "form-data"))
    return invalid("the Content-Disposition of a form part is not form-data");
  while (has_more(rest)) {
    auto parameter = take_parameter(rest);
    if (!parameter) return rt::pass(parameter);
    if (auto kept = add_parameter(parameter->name, std::move(parameter->value)); !kept) return kept;
  }
  if (extended_name_) file_name_ = last_component(*extended_name_);
  if (!name_) return invalid("a form part has no name");
  return {};
}

rt::Status FormPartHeader::add_parameter(std::string_view name, std::string value) {
  if (same_word(name, "name")) return keep_once(name_, unescaped(std::move(value)), "the name");
  if (same_word(name, "filename"))
    return keep_once(file_name_, last_component(unescaped(std::move(value))), "the filename");
  if (!same_word(name, "filename*")) return {};
  auto decoded = extended(value);
  if (!decoded) return invalid("the filename* of a form part cannot be read");
  return keep_once(extended_name_, std::move(*decoded), "the filename*");
}

// Deprecated and never sent by what is in use; bytes that would have to be decoded must not be taken as they are.
rt::Status FormPartHeader::add_encoding(std::string_view value) const {
  for (const char* plain : {"7bit", "8bit", "binary"}) {
    if (same_word(value, plain)) return {};
  }
  return invalid("a form part has a Content-Transfer-Encoding, which forms over HTTP do not have");
}

rt::Result<FormPart> FormPartHeader::part() const {
  if (!name_) return invalid("a form part has no Content-Disposition");
  return FormPart{*name_, file_name_, content_type_.value_or("")};
}

rt::Result<std::string> boundary_of(std::string_view content_type) {
  std::string_view rest = content_type;
  if (!same_word(take_bare(rest), "multipart/form-data")) {
    return rt::fail(Code::kUnsupportedType, "the body must be multipart/form-data", "content-type");
  }
  std::optional<std::string> boundary;
  while (has_more(rest)) {
    auto parameter = take_parameter(rest);
    if (!parameter) return invalid("the content type is malformed: " + parameter.error().message, "content-type");
    if (!same_word(parameter->name, "boundary")) continue;
    if (boundary) return invalid("the boundary is given twice", "content-type");
    boundary = std::move(parameter->value);
  }
  if (!boundary || boundary->empty()) return invalid("the content type has no boundary", "content-type");
  if (boundary->size() > kBoundaryMaxBytes || boundary->back() == ' ' ||
      !std::ranges::all_of(*boundary, is_boundary_char)) {
    return invalid("the boundary is not one", "content-type");
  }
  return std::move(*boundary);
}

}  // namespace millrace::http
