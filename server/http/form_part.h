// What describes one part of a multipart form: its header lines and their parameters (RFC 7578 §4, RFC 2183).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/rt/error.h"

namespace millrace::http {

struct FormPart {
  std::string name;
  // Only a file has one: the last component of what was sent, possibly empty. UTF-8.
  std::optional<std::string> file_name = {};
  std::string content_type = {};  // empty when not sent
};

// The header of a part, line by line.
class FormPartHeader {
 public:
  // Without its CRLF. kInvalid when it is no field of a part or was there before.
  rt::Status add_line(std::string_view line);
  // kInvalid without a Content-Disposition that names the part.
  rt::Result<FormPart> part() const;

 private:
  rt::Status add_disposition(std::string_view value);
  rt::Status add_parameter(std::string_view name, std::string value);
  rt::Status add_encoding(std::string_view value) const;

  std::optional<std::string> name_;
  std::optional<std::string> file_name_;
  std::optional<std::string> extended_name_;
  std::optional<std::string> content_type_;
};

inline constexpr std::size_t kBoundaryMaxBytes = 70;

// The boundary parameter of a multipart/form-data content type. kUnsupportedType for another type, kInvalid when the
// boundary is missing, given twice or not one (RFC 2046 §5.1.1).
rt::Result<std::string> boundary_of(std::string_view content_type);

}  // namespace millrace::http
