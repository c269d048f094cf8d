#include "server/h1/parser_engine.h"

#include <algorithm>
#include <array>
#include <limits>

namespace millrace::h1 {
namespace {

using boost::beast::http::error;
using boost::beast::http::field;

std::string_view view_of(boost::beast::string_view text) { return {text.data(), text.size()}; }

bool equals_ignoring_case(std::string_view a, std::string_view lower) {
  return std::ranges::equal(a, lower, [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x + 32 : x) == y; });
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Characters a host[:port] can have (RFC 3986 §3.2), user information excluded.
constexpr std::array<bool, 256> kAuthorityChars = [] {
  std::array<bool, 256> chars{};
  for (const char c :
       std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:[]%!$&'()*+;="))
    chars[static_cast<unsigned char>(c)] = true;
  return chars;
}();

bool is_authority(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return kAuthorityChars[static_cast<unsigned char>(c)]; });
}

// "http://host/path" becomes host and /path.
bool split_absolute(std::string_view target, std::string_view& authority, std::string_view& rest) {
  const std::size_t scheme = equals_ignoring_case(target.substr(0, 7), "http://")    ? 7
                             : equals_ignoring_case(target.substr(0, 8), "https://") ? 8
                                                                                     : 0;
  if (scheme == 0) return false;
  target.remove_prefix(scheme);
  const std::size_t end = std::min(target.find_first_of("/?"), target.size());
  authority = target.substr(0, end);
  rest = target.substr(end);
  return !authority.empty();
}

}  // namespace

Engine::Engine(const Limits& limits, std::string& lowered) : limits_(limits), lowered_(lowered) {
  header_limit(static_cast<std::uint32_t>(limits.head_bytes));
  // Not `none`: this version takes every length for more than that.
  body_limit(std::numeric_limits<std::uint64_t>::max());
}

std::size_t Engine::feed(std::string_view input, http::Request& request, http::Fields& trailers, ErrorCode& code) {
  request_ = &request;
  trailers_ = &trailers;
  input_ = input;
  return put(boost::asio::const_buffer(input.data(), input.size()), code);
}

Refusal Engine::check_head() {
  if (hosts_ > 1) return {400, "more than one host field"};
  if (framing.http11 && hosts_ == 0) return {400, "the host field is missing"};
  if (!is_authority(request_->authority)) return {400, "malformed host"};
  if (lengths_ > 1) return {400, "more than one content-length"};
  if (codings_ > 0) {
    if (lengths_ > 0) return {400, "both content-length and transfer-encoding"};
    if (!framing.http11) return {400, "transfer-encoding in HTTP/1.0"};
    if (codings_ > 1 || !chunked()) return {501, "only the chunked transfer coding is understood"};
  }
  framing.chunked = codings_ > 0;
  framing.keep_alive = keep_alive();
  if (lengths_ > 0) framing.content_length = content_length().value_or(0);
  return {};
}

Refusal Engine::refusal_for(const ErrorCode& code) const {
  if (refusal_.status != 0) return refusal_;
  if (code == error::header_limit) {
    return got_request_line_ ? Refusal{431, "the header fields are too large"} : Refusal{414, "the target is too long"};
  }
  if (code == error::bad_method) return {400, "malformed method"};
  if (code == error::bad_target) return {400, "malformed target"};
  if (code == error::bad_version) return {400, "malformed protocol version"};
  if (code == error::bad_content_length) return {400, "malformed content-length"};
  if (code == error::bad_transfer_encoding) return {400, "malformed transfer-encoding"};
  if (code == error::bad_chunk || code == error::bad_chunk_extension) return {400, "malformed chunk"};
  return {400, "malformed header field"};
}

void Engine::refuse(int status, std::string_view reason, ErrorCode& code) {
  refusal_ = {status, reason};
  code = error::bad_value;
}

void Engine::on_request_impl(boost::beast::http::verb, Text method, Text target, int version, ErrorCode& code) {
  got_request_line_ = true;
  framing.http11 = version == 11;
  request_->method_text.assign(method.data(), method.size());
  request_->method = http::method_of(request_->method_text);
  if (target.size() > limits_.target_bytes) return refuse(414, "the target is too long", code);
  take_target(view_of(target), code);
}

void Engine::take_target(std::string_view target, ErrorCode& code) {
  std::string_view authority;
  std::string_view rest;
  request_->target.clear();
  request_->authority.clear();
  if (target.contains('#')) return refuse(400, "a fragment in the target", code);
  if (target.front() == '/' || (target == "*" && request_->method == http::Method::kOptions)) {
    request_->target = target;
  } else if (split_absolute(target, authority, rest)) {
    absolute_target_ = true;
    request_->authority = authority;
    if (!rest.starts_with('/')) request_->target = "/";
    request_->target += rest;
  } else if (request_->method_text == "CONNECT") {
    refuse(501, "no tunnels here", code);
  } else {
    refuse(400, "malformed target", code);
  }
}

void Engine::on_field_impl(FieldName name, Text name_text, Text value, ErrorCode& code) {
  if (is_folded(name_text, value)) return refuse(400, "a folded header field", code);
  http::Fields& fields = in_trailers_ ? *trailers_ : request_->fields;
  if (fields.size() >= limits_.fields_max) return refuse(431, "too many header fields", code);
  lowered_.assign(name_text.data(), name_text.size());
  for (char& c : lowered_) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  fields.add(lowered_, view_of(value));
  if (!in_trailers_) note_field(name, view_of(value), code);
}

// The fields that frame the message or say where it goes.
void Engine::note_field(FieldName name, std::string_view value, ErrorCode& code) {
  if (name == field::host) {
    ++hosts_;
    if (!absolute_target_) request_->authority = value;
  } else if (name == field::content_length) {
    ++lengths_;
    if (!is_digits(value)) refuse(400, "malformed content-length", code);
  } else if (name == field::transfer_encoding) {
    codings_ += equals_ignoring_case(value, "chunked") ? 1 : 2;
  } else if (name == field::expect && framing.http11) {
    const bool known = equals_ignoring_case(value, "100-continue");
    (known ? framing.expects_continue : framing.expects_unknown) = true;
  }
}

// The library joins folded lines in a buffer of its own, or skips line ends before the value: then the value does not
// lie on the line of its name.
bool Engine::is_folded(Text name, Text value) const {
  const char* const end = input_.data() + input_.size();
  const char* between = name.data() + name.size() + 1;
  if (value.data() < between || value.data() > end) return true;
  for (; between != value.data(); ++between) {
    if (*between != ' ' && *between != '\t') return true;
  }
  return false;
}

void Engine::on_chunk_header_impl(std::uint64_t size, Text extensions, ErrorCode& code) {
  chunk_bytes_ = size;
  extension_bytes_ += extensions.size();
  if (extension_bytes_ > limits_.extension_bytes) refuse(400, "too many chunk extensions", code);
}

}  // namespace millrace::h1
