// The head of an HTTP/1.1 response as text: status line, the handler's fields without those that belong to the
// connection, and the fields that frame the message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/http/message.h"

namespace millrace::h1 {

struct HeadOptions {
  std::string_view date;
  std::string_view request_id;                  // empty: none
  std::optional<std::uint64_t> content_length;  // unset: not told
  bool chunked = false;
  bool close = false;
  bool tell_keep_alive = false;  // to an HTTP/1.0 client
};

void append_head(std::string& out, int status, const http::Fields& fields, const HeadOptions& options);
// A 1xx response: status line and fields only.
void append_inform(std::string& out, int status, const http::Fields& fields);

}  // namespace millrace::h1
