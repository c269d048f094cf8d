#include "server/h1/head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

namespace millrace::h1 {
namespace {

struct Reason {
  int status;
  std::string_view text;
};
// In the order of their numbers.
constexpr Reason kReasons[] = {
    {100, "Continue"},
    {103, "Early Hints"},
    {104, "Upload Resumption Supported"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {460, "Checksum Mismatch"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

std::string_view reason_of(int status) {
  const auto* found = std::ranges::lower_bound(kReasons, status, {}, &Reason::status);
  return found != std::end(kReasons) && found->status == status ? found->text : std::string_view();
}

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

void append_status_line(std::string& out, int status) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(status));
  out.append(" ").append(reason_of(status)).append("\r\n");
}

// Fields the session writes itself, or that mean nothing here.
bool is_of_connection(std::string_view name) {
  constexpr std::array<std::string_view, 9> kNames = {"connection", "content-length", "date",
                                                      "keep-alive", "server",         "proxy-connection",
                                                      "upgrade",    "x-request-id",   "transfer-encoding"};
  return std::ranges::find(kNames, name) != kNames.end();
}

// A line end in a value would let its author write fields, or a response, of his own.
bool is_safe(std::string_view text) {
  return std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < ' ' && c != '\t'; });
}

void append_fields(std::string& out, const http::Fields& fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto [name, value] = fields[i];
    if (is_safe(value) && is_safe(name) && !is_of_connection(name)) append_field(out, name, value);
  }
}

}  // namespace

void append_head(std::string& out, int status, const http::Fields& fields, const HeadOptions& options) {
  append_status_line(out, status);
  append_fields(out, fields);
  if (options.content_length) {
    out.append("content-length: ");
    append_number(out, *options.content_length);
    out.append("\r\n");
  }
  if (options.chunked) append_field(out, "transfer-encoding", "chunked");
  if (options.close) append_field(out, "connection", "close");
  if (options.tell_keep_alive) append_field(out, "connection", "keep-alive");
  if (!options.request_id.empty()) append_field(out, "x-request-id", options.request_id);
  append_field(out, "date", options.date);
  out.append("server: millrace\r\n\r\n");
}

void append_inform(std::string& out, int status, const http::Fields& fields) {
  append_status_line(out, status);
  append_fields(out, fields);
  out.append("\r\n");
}

}  // namespace millrace::h1
