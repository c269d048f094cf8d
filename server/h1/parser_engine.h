// Engine: one message in the library's parser, whose callbacks fill the request. What they refuse stops the library
// with an error of its own and is told by `refusal`. Included by parser.cc alone, because it drags the library in.
#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <string>
#include <string_view>

#include "server/h1/parser.h"

namespace millrace::h1 {

class Engine final : public boost::beast::http::basic_parser<true> {
 public:
  using ErrorCode = boost::beast::error_code;

  // `lowered` is scratch for field names, kept by the caller from message to message.
  Engine(const Limits& limits, std::string& lowered);

  // Parses one structured element from the front; returns what it took. The library remembers where it is.
  std::size_t feed(std::string_view input, http::Request& request, http::Fields& trailers, ErrorCode& code);
  // After the last field of the head: what only the whole of it can tell. Fills the rest of `framing`.
  Refusal check_head();
  // Why feed() failed with `code`.
  Refusal refusal_for(const ErrorCode& code) const;
  std::uint64_t chunk_bytes() const noexcept { return chunk_bytes_; }
  std::uint64_t body_left() const { return content_length_remaining().value_or(0); }

  Framing framing;

 private:
  using Text = boost::beast::string_view;
  using FieldName = boost::beast::http::field;

  void refuse(int status, std::string_view reason, ErrorCode& code);
  void take_target(std::string_view target, ErrorCode& code);
  void note_field(FieldName name, std::string_view value, ErrorCode& code);
  bool is_folded(Text name, Text value) const;

  void on_request_impl(boost::beast::http::verb, Text method, Text target, int version, ErrorCode& code) override;
  void on_field_impl(FieldName name, Text name_text, Text value, ErrorCode& code) override;
  void on_header_impl(ErrorCode&) override { in_trailers_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(Text body, ErrorCode&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t size, Text extensions, ErrorCode& code) override;
  std::size_t on_chunk_body_impl(std::uint64_t, Text body, ErrorCode&) override { return body.size(); }
  void on_response_impl(int, Text, int, ErrorCode&) override {}
  void on_finish_impl(ErrorCode&) override {}

  const Limits& limits_;
  std::string& lowered_;
  http::Request* request_ = nullptr;
  http::Fields* trailers_ = nullptr;
  std::string_view input_;
  Refusal refusal_;
  bool got_request_line_ = false;
  bool absolute_target_ = false;
  bool in_trailers_ = false;
  int hosts_ = 0;
  int lengths_ = 0;
  int codings_ = 0;
  std::uint64_t chunk_bytes_ = 0;
  std::size_t extension_bytes_ = 0;
};

}  // namespace millrace::h1
