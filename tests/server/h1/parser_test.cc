#include "server/h1/parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::h1 {
namespace {

using testing::ElementsAre;
using Event = Parser::Event;

// One message as the parser gave it, whatever the pieces its bytes came in.
struct Message {
  std::string method;
  std::string target;
  std::string authority;
  std::vector<std::string> fields;
  Framing framing;
  std::string body = {};
  std::vector<std::string> trailers = {};
  bool ended = false;
};

std::vector<std::string> lines_of(const http::Fields& fields) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    lines.push_back(std::string(fields[i].name) + ": " + std::string(fields[i].value));
  }
  return lines;
}

struct Outcome {
  std::vector<Message> messages;
  int status = 0;
};

// Feeds the whole input in pieces of `piece_bytes`, each in memory of its own, so that a read outside is found.
Outcome parse(std::string_view input, std::size_t piece_bytes = std::string_view::npos, const Limits& limits = {}) {
  Outcome outcome;
  Parser parser(limits);
  http::Request request;
  http::Fields trailers;
  while (!input.empty() && outcome.status == 0) {
    const std::string piece(input.substr(0, piece_bytes));
    input.remove_prefix(piece.size());
    std::span<const std::byte> rest = std::as_bytes(std::span(piece));
    for (bool more = true; more;) {
      const Parser::Step step = parser.next(rest, request, trailers);
      if (step.event == Event::kHead) {
        outcome.messages.push_back({.method = request.method_text,
                                    .target = request.target,
                                    .authority = request.authority,
                                    .fields = lines_of(request.fields),
                                    .framing = parser.framing()});
      } else if (step.event == Event::kBody) {
        const auto body = rest.subspan(step.body_start, step.body_bytes);
        outcome.messages.back().body.append(reinterpret_cast<const char*>(body.data()), body.size());
      } else if (step.event == Event::kEnd) {
        outcome.messages.back().trailers = lines_of(trailers);
        outcome.messages.back().ended = true;
        request = {};
        trailers.clear();
      } else {
        more = false;
        if (step.event == Event::kRefused) outcome.status = parser.refusal().status;
      }
      rest = rest.subspan(step.used_bytes);
    }
  }
  return outcome;
}

// The status a request is refused with, the same for every cut of its bytes; 0 when it is accepted.
int status_of(std::string_view input, const Limits& limits = {}) {
  const int status = parse(input, std::string_view::npos, limits).status;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{7}}) {
    EXPECT_EQ(parse(input, piece, limits).status, status) << input << " in pieces of " << piece;
  }
  return status;
}

std::string with_fields(std::string_view fields) {
  return "POST /a HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}

std::string chunked(std::string_view body) { return with_fields("Transfer-Encoding: chunked\r\n") + std::string(body); }

TEST(Parser, reads_a_request_in_pieces_of_any_size) {
  const std::string input =
      "\r\nPOST /a?b=c HTTP/1.1\r\nHost: example.org:80\r\nX-Empty:\r\nX-Mixed: \t a  b \t\r\nContent-Length: 5\r\n\r\n"
      "hello";
  for (std::size_t piece = 1; piece <= input.size(); ++piece) {
    const Outcome outcome = parse(input, piece);
    ASSERT_EQ(outcome.status, 0) << piece;
    ASSERT_EQ(outcome.messages.size(), 1U) << piece;
    const Message& message = outcome.messages[0];
    EXPECT_EQ(message.method, "POST");
    EXPECT_EQ(message.target, "/a?b=c");
    EXPECT_EQ(message.authority, "example.org:80");
    EXPECT_THAT(message.fields, ElementsAre("host: example.org:80", "x-empty: ", "x-mixed: a  b", "content-length: 5"));
    EXPECT_EQ(message.framing.content_length, 5U);
    EXPECT_TRUE(message.framing.keep_alive);
    EXPECT_EQ(message.body, "hello");
    EXPECT_TRUE(message.ended);
  }
}

TEST(Parser, reads_chunks_and_trailers_in_pieces_of_any_size) {
  const std::string input = chunked(
      "5\r\nhello\r\n00A;name=value;q=\"quo ted\" ; flag\r\n, world!!!\r\n0;last\r\nX-Sum: 1\r\nY: 2\r\n\r\n"
      "GET /next HTTP/1.1\r\nHost: h\r\n\r\n");
  for (std::size_t piece = 1; piece <= input.size(); ++piece) {
    const Outcome outcome = parse(input, piece);
    ASSERT_EQ(outcome.status, 0) << piece;
    ASSERT_EQ(outcome.messages.size(), 2U) << piece;
    EXPECT_EQ(outcome.messages[0].body, "hello, world!!!");
    EXPECT_THAT(outcome.messages[0].trailers, ElementsAre("x-sum: 1", "y: 2"));
    EXPECT_TRUE(outcome.messages[0].ended);
    EXPECT_EQ(outcome.messages[1].target, "/next");
    EXPECT_TRUE(outcome.messages[1].ended);
  }
}

TEST(Parser, reads_pipelined_requests) {
  std::string input;
  for (int i = 0; i < 100; ++i) input += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{13}, std::size_t{1000}, std::string::npos}) {
    const Outcome outcome = parse(input, piece);
    ASSERT_EQ(outcome.messages.size(), 100U);
    EXPECT_EQ(outcome.messages[99].target, "/99");
    EXPECT_TRUE(outcome.messages[99].ended);
  }
}

TEST(Parser, body_runs_point_into_the_input) {
  const Limits limits;
  Parser parser(limits);
  http::Request request;
  http::Fields trailers;
  const std::string input = chunked("5\r\nhello\r\n");
  const auto bytes = std::as_bytes(std::span(input));
  const auto head = parser.next(bytes, request, trailers);
  ASSERT_EQ(head.event, Event::kHead);
  const auto body = parser.next(bytes.subspan(head.used_bytes), request, trailers);
  ASSERT_EQ(body.event, Event::kBody);
  EXPECT_EQ(input.substr(head.used_bytes + body.body_start, body.body_bytes), "hello");
}

TEST(Parser, knows_whether_the_connection_persists) {
  const auto keep = [](std::string_view input) { return parse(input).messages.at(0).framing.keep_alive; };
  EXPECT_TRUE(keep("GET / HTTP/1.1\r\nHost: h\r\n\r\n"));
  EXPECT_FALSE(keep("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n"));
  EXPECT_FALSE(keep("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keep("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST(Parser, takes_the_authority_of_an_absolute_target) {
  const Message message = parse("GET HTTP://Other:81?q HTTP/1.1\r\nHost: h\r\n\r\n").messages.at(0);
  EXPECT_EQ(message.authority, "Other:81");
  EXPECT_EQ(message.target, "/?q");
  EXPECT_EQ(parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").messages.at(0).target, "*");
}

TEST(Parser, tells_expectations_apart) {
  EXPECT_TRUE(parse(with_fields("Expect: 100-Continue\r\n")).messages.at(0).framing.expects_continue);
  EXPECT_TRUE(parse(with_fields("Expect: cake\r\n")).messages.at(0).framing.expects_unknown);
}

TEST(Parser, refuses_a_bad_request_line) {
  EXPECT_EQ(status_of("GET /\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET\r\n"), 400);
  EXPECT_EQ(status_of(" GET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET  / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1 \r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\nHost: h\n\n"), 400);
  EXPECT_EQ(status_of("G\x01T / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET /#f HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET x HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET * HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET http:// HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET http://u@h/ HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTQ/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/1.2\r\nHost: h\r\n\r\n"), 505);
  EXPECT_EQ(status_of("CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n"), 501);
  EXPECT_EQ(status_of("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of("\rGET / HTTP/1.1\r\nHost: h\r\n\r\n"), 400);
}

TEST(Parser, refuses_bad_fields) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), 400);
  EXPECT_EQ(status_of(with_fields("X : y\r\n")), 400);
  EXPECT_EQ(status_of(with_fields(": y\r\n")), 400);
  EXPECT_EQ(status_of(with_fields("X y\r\n")), 400);
  EXPECT_EQ(status_of(with_fields("X: y\n")), 400);
  EXPECT_EQ(status_of(with_fields("X: a\rb\r\n")), 400);
  EXPECT_EQ(status_of(with_fields(std::string_view("X: a\0b\r\n", 8))), 400);
  EXPECT_EQ(status_of(with_fields("X: a\x1f\r\n")), 400);
  EXPECT_EQ(status_of(with_fields("X\xc3: a\r\n")), 400);
}

TEST(Parser, refuses_folded_fields_in_every_shape) {
  EXPECT_EQ(status_of(with_fields("X: a\r\n b\r\n")), 400);
  EXPECT_EQ(status_of(with_fields("X:\r\n b\r\n")), 400);
  EXPECT_EQ(status_of(with_fields("X: a\r\n\t\r\n")), 400);
  EXPECT_EQ(status_of(with_fields("X:\r\n \r\n")), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n Host: h\r\n\r\n"), 400);
  EXPECT_EQ(status_of(chunked("0\r\nX: a\r\n b\r\n\r\n")), 400);
}

TEST(Parser, refuses_doubtful_lengths) {
  EXPECT_EQ(status_of(with_fields("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")), 400);
  EXPECT_EQ(status_of(with_fields("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n")), 400);
  EXPECT_EQ(status_of(with_fields("Transfer-Encoding: identity\r\nContent-Length: 1\r\n")), 400);
  EXPECT_EQ(status_of(with_fields("Content-Length: 1\r\nContent-Length: 2\r\n")), 400);
  EXPECT_EQ(status_of(with_fields("Content-Length: 1\r\nContent-Length: 1\r\n")), 400);
  for (const char* length : {"1, 1", "1,2", "+1", "-1", "0x1", "1 1", "", "a", "18446744073709551616", "1;"}) {
    EXPECT_EQ(status_of(with_fields("Content-Length: " + std::string(length) + "\r\n")), 400) << length;
  }
}

TEST(Parser, understands_no_coding_but_chunked) {
  for (const char* coding : {"gzip, chunked", "chunked, gzip", "identity", "gzip", "xchunked", "chunked;q=1", ""}) {
    EXPECT_EQ(status_of(with_fields("Transfer-Encoding: " + std::string(coding) + "\r\n")), 501) << coding;
  }
  EXPECT_NE(status_of(with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")), 0);
  EXPECT_NE(status_of(with_fields("Transfer-Encoding: chunked, chunked\r\n")), 0);
  EXPECT_EQ(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(status_of(with_fields("Transfer-Encoding: CHUNKED\r\n")), 0);
}

TEST(Parser, refuses_bad_chunks) {
  for (const char* body : {"5\nhello\r\n",
                           "5\r\nhelloo\r\n",
                           "5\r\nhell\r\n0\r\n",
                           "x\r\n",
                           "\r\n",
                           " 5\r\nhello\r\n",
                           "-5\r\nhello\r\n",
                           "0x5\r\nhello\r\n",
                           "5 \r\nhello\r\n",
                           "5;\r\nhello\r\n",
                           "5;a\rb\r\nhello\r\n",
                           "5;a=\"b\r\nhello\r\n",
                           "5;a=\"\r\n\"\r\nhello\r\n",
                           "5,\r\nhello\r\n",
                           "10000000000000000\r\n",
                           "00000000000000005\r\nhello\r\n",
                           "0\r\n\n",
                           "0;a=\"\r\n\r\n",
                           "0\r\nX : y\r\n\r\n",
                           "0\r\nContent-Length: 5\r\n\r\n",
                           "0\r\nX\r\n\r\n"}) {
    EXPECT_EQ(status_of(chunked(body)), 400) << body;
  }
}

TEST(Parser, holds_its_limits) {
  Limits limits;
  limits.head_bytes = 200;
  limits.target_bytes = 20;
  limits.fields_max = 4;
  limits.chunk_line_bytes = 16;
  limits.extension_bytes = 20;
  limits.trailer_bytes = 40;
  EXPECT_EQ(status_of("GET /" + std::string(20, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", limits), 414);
  EXPECT_EQ(status_of("GET /" + std::string(300, 'a'), limits), 414);
  EXPECT_EQ(status_of(with_fields("X: " + std::string(200, 'a') + "\r\n"), limits), 431);
  EXPECT_EQ(status_of(with_fields("X: " + std::string(90, 'a') + "\r\nY: " + std::string(90, 'a') + "\r\n"), limits),
            431);
  EXPECT_EQ(status_of(with_fields("A: 1\r\nB: 2\r\nC: 3\r\n"), limits), 0);
  EXPECT_EQ(status_of(with_fields("A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n"), limits), 431);
  EXPECT_EQ(status_of(chunked("1;" + std::string(20, 'a') + "\r\n"), limits), 400);
  EXPECT_EQ(status_of(chunked("1;aaaaaaaa\r\nx\r\n1;aaaaaaaa\r\nx\r\n1;aaaaaaaa\r\nx\r\n"), limits), 400);
  EXPECT_EQ(status_of(chunked("0\r\nX: " + std::string(40, 'a') + "\r\n\r\n"), limits), 431);
}

TEST(Parser, tells_how_much_body_is_left) {
  const Limits limits;
  Parser parser(limits);
  http::Request request;
  http::Fields trailers;
  const std::string input = with_fields("Content-Length: 10\r\n") + "abc";
  auto bytes = std::as_bytes(std::span(input));
  bytes = bytes.subspan(parser.next(bytes, request, trailers).used_bytes);
  EXPECT_EQ(parser.body_left(), 10U);
  parser.next(bytes, request, trailers);
  EXPECT_EQ(parser.body_left(), 7U);
}

}  // namespace
}  // namespace millrace::h1
