// A session against a client in memory: what goes over the wire, byte for byte where it matters.
#include "server/h1/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/h1/output.h"
#include "server/rt/bus_guard.h"
#include "server/rt/timer.h"
#include "tests/server/net/loopback.h"
#include "tests/server/rt/lost_bytes.h"

namespace millrace::h1 {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

using Answer = std::function<rt::Task<http::Response>(http::Exchange&)>;

class TestService final : public http::Service {
 public:
  explicit TestService(Answer answer) : answer_(std::move(answer)) {}
  rt::Task<http::Response> answer(http::Exchange& exchange) override {
    targets.push_back(exchange.request.target);
    made_id = std::exchange(exchange.id, "");
    return answer_(exchange);
  }
  void finished(const http::Exchange&, const http::Outcome& outcome) override { outcomes.push_back(outcome); }

  std::string made_id;  // taken away, so that responses are the same every time
  std::vector<std::string> targets;
  std::vector<http::Outcome> outcomes;

 private:
  Answer answer_;
};

rt::Task<http::Response> say_path(http::Exchange& exchange) {
  co_return http::Response::text(200, "text/plain", exchange.request.target);
}

rt::Task<http::Response> echo(http::Exchange& exchange) {
  auto body = co_await http::read_all(exchange.body, 64 << 20);
  if (!body) co_return http::Response::text(400, "text/plain", body.error().message);
  const auto& trailers = exchange.body.trailers();
  if (!trailers.empty()) body->append("|").append(trailers[0].name).append("=").append(trailers[0].value);
  co_return http::Response::text(200, "text/plain", std::move(*body));
}

// The client's end: sends, reads until something came, remembers all.
struct Client {
  net::Transport& transport;
  std::string received = {};
  bool ended = false;

  rt::Task<void> send(std::string bytes) {
    rt::Slices slices{rt::Slice::copy_of(bytes)};
    rt::Status sent = co_await transport.write(std::move(slices));
    if (!sent) ended = true;
  }
  rt::Task<bool> until(std::string text) {
    while (!received.contains(text) && !ended) co_await more();
    co_return received.contains(text);
  }
  rt::Task<void> until_end() {
    while (!ended) co_await more();
  }
  rt::Task<void> more() {
    auto slice = co_await transport.read(5000ms);
    if (!slice || slice->empty()) {
      ended = true;
    } else {
      received += slice->text();
    }
  }
};

using Story = rt::Task<void> (*)(Client&, Session&);

struct Scene {
  Answer answer = say_path;
  Limits limits = {};
  net::Faults faults = {};
  std::string first = {};
};

struct Result {
  std::string received;
  std::vector<std::string> targets;
  std::vector<http::Outcome> outcomes;
};

rt::Task<void> play(Scene& scene, TestService& service, const std::function<rt::Task<void>(Client&, Session&)>& story,
                    std::string& received) {
  auto [near, far] = net::loopback(scene.faults);
  Session session(*far, service, scene.limits);
  Client client{*near};
  rt::Scope scope;
  rt::Slice first = scene.first.empty() ? rt::Slice() : rt::Slice::copy_of(scene.first);
  scope.spawn(session.run(std::move(first)));
  co_await story(client, session);
  near->close();
  co_await scope.join();
  received = std::move(client.received);
}

Result run(Scene scene, const std::function<rt::Task<void>(Client&, Session&)>& story) {
  TestService service(scene.answer);
  Result result;
  rt::run_until_done(play(scene, service, story, result.received));
  for (std::size_t at; (at = result.received.find("date: ")) != std::string::npos;) {
    result.received.erase(at, result.received.find('\n', at) + 1 - at);
  }
  EXPECT_TRUE(service.targets.empty() || service.made_id.size() == 16U);
  result.targets = service.targets;
  result.outcomes = service.outcomes;
  return result;
}

// Sends everything, ends its side and reads to the end.
Result talk(Scene scene, std::string input) {
  static std::string bytes;
  bytes = std::move(input);
  return run(std::move(scene), [](Client& client, Session&) -> rt::Task<void> {
    co_await client.send(bytes);
    client.transport.shut();
    co_await client.until_end();
  });
}

std::string get(std::string_view target, std::string_view fields = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}

std::string put(std::string_view fields, std::string_view body = "") {
  return "PUT /p HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

std::string ok(std::string_view body, std::string_view fields = "") {
  return "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: " + std::to_string(body.size()) + "\r\n" +
         std::string(fields) + "server: millrace\r\n\r\n" + std::string(body);
}

TEST(Session, answers_pipelined_requests_in_order) {
  std::string input;
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    input += get("/" + std::to_string(i));
    expected += ok("/" + std::to_string(i));
  }
  for (const std::size_t piece : {std::size_t{3}, std::size_t{100}, net::PipeFaults::kNever}) {
    const Result result = talk({.faults = {.to_second = {.read_max_bytes = piece}}}, input);
    EXPECT_EQ(result.received, expected);
    EXPECT_EQ(result.outcomes.size(), 300U);
  }
}

TEST(Session, takes_the_bytes_the_listener_has_read) {
  const Result result = run({.first = get("/first")}, [](Client& client, Session&) -> rt::Task<void> {
    co_await client.until("/first");
    co_await client.send(get("/second"));
    co_await client.until("/second");
  });
  EXPECT_EQ(result.received, ok("/first") + ok("/second"));
}

TEST(Session, answers_slow_handlers_in_order_too) {
  const auto slow = [](http::Exchange& exchange) -> rt::Task<http::Response> {
    if (exchange.request.target == "/slow") co_await rt::sleep(20ms);
    co_return http::Response::text(200, "text/plain", exchange.request.target);
  };
  EXPECT_EQ(talk({.answer = slow}, get("/slow") + get("/fast")).received, ok("/slow") + ok("/fast"));
}

TEST(Session, reads_bodies_with_length_and_in_chunks) {
  const std::string input = put("Content-Length: 5\r\n", "hello") +
                            put("Transfer-Encoding: chunked\r\n", "3\r\nhel\r\n2;x\r\nlo\r\n0\r\nX-Sum: 7\r\n\r\n") +
                            put("Content-Length: 0\r\n");
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, net::PipeFaults::kNever}) {
    EXPECT_EQ(talk({.answer = echo, .faults = {.to_second = {.read_max_bytes = piece}}}, input).received,
              ok("hello") + ok("hello|x-sum=7") + ok(""));
  }
}

TEST(Session, carries_large_bodies_both_ways) {
  std::string body(3 << 20, 'x');
  for (std::size_t i = 0; i < body.size(); i += 999) body[i] = static_cast<char>('a' + i % 23);
  const Result result = talk({.answer = echo}, put("Content-Length: " + std::to_string(body.size()) + "\r\n", body));
  EXPECT_TRUE(result.received == ok(body));
  EXPECT_EQ(result.outcomes.at(0).received_bytes, body.size());
  EXPECT_EQ(result.outcomes.at(0).sent_bytes, body.size());
}

TEST(Session, stops_reading_when_the_handler_does) {
  static std::size_t most_waiting;
  most_waiting = 0;
  const auto lazy = [](http::Exchange& exchange) -> rt::Task<http::Response> {
    co_await rt::sleep(50ms);
    most_waiting = exchange.body.waiting_bytes();
    co_return co_await echo(exchange);
  };
  Scene scene{.answer = lazy};
  scene.limits.body_waiting_bytes = 100'000;
  scene.faults.to_second.read_max_bytes = 20'000;
  const std::string body(2 << 20, 'b');
  const Result result = talk(std::move(scene), put("Content-Length: " + std::to_string(body.size()) + "\r\n", body));
  EXPECT_TRUE(result.received == ok(body));
  EXPECT_LE(most_waiting, 120'000U);
  EXPECT_GE(most_waiting, 100'000U);
}

TEST(Session, sends_100_when_the_handler_asks_for_the_body) {
  const Result result = run({.answer = echo}, [](Client& client, Session&) -> rt::Task<void> {
    co_await client.send(put("Expect: 100-continue\r\nContent-Length: 2\r\n"));
    co_await client.until("100 Continue\r\n\r\n");
    co_await client.send("hi");
    co_await client.until("hi");
  });
  EXPECT_EQ(result.received, "HTTP/1.1 100 Continue\r\n\r\n" + ok("hi"));
}

TEST(Session, sends_100_where_there_is_no_body_too) {
  const std::string answers = talk({}, put("Expect: 100-continue\r\nContent-Length: 0\r\n") + get("/next")).received;
  EXPECT_EQ(answers, "HTTP/1.1 100 Continue\r\n\r\n" + ok("/p") + ok("/next"));
}

TEST(Session, sends_no_100_to_a_client_that_did_not_wait) {
  EXPECT_EQ(talk({.answer = echo}, put("Expect: 100-continue\r\nContent-Length: 2\r\n", "hi")).received, ok("hi"));
}

TEST(Session, closes_when_the_body_was_announced_and_not_wanted) {
  const Result result = run({}, [](Client& client, Session&) -> rt::Task<void> {
    co_await client.send(put("Expect: 100-continue\r\nContent-Length: 2\r\n"));
    co_await client.until_end();
  });
  EXPECT_EQ(result.received, ok("/p", "connection: close\r\n"));
}

TEST(Session, refuses_other_expectations) {
  EXPECT_THAT(talk({}, get("/", "Expect: cake\r\n")).received, StartsWith("HTTP/1.1 417 Expectation Failed\r\n"));
}

TEST(Session, keeps_the_connection_over_a_small_unread_body) {
  const std::string body(100'000, 'x');
  const std::string input = put("Content-Length: 100000\r\n", body) + get("/next");
  EXPECT_EQ(talk({.faults = {.to_second = {.read_max_bytes = 1000}}}, input).received, ok("/p") + ok("/next"));
}

TEST(Session, closes_over_a_large_unread_body_after_the_client_saw_the_answer) {
  const Result result = run({}, [](Client& client, Session&) -> rt::Task<void> {
    co_await client.send(put("Content-Length: 100000000\r\n", std::string(1000, 'x')));
    co_await client.until("/p");
    co_await client.send(std::string(1 << 20, 'x'));
    client.transport.shut();
    co_await client.until_end();
  });
  EXPECT_EQ(result.received, ok("/p", "connection: close\r\n"));
  EXPECT_EQ(result.outcomes.size(), 1U);
}

TEST(Session, refuses_what_it_cannot_parse_after_the_answers_before_it) {
  const Result result = talk({}, get("/a") + "BAD\r\n\r\n" + get("/b"));
  EXPECT_THAT(result.received, StartsWith(ok("/a") + "HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(result.received, HasSubstr("connection: close\r\n"));
  EXPECT_THAT(result.targets, ElementsAre("/a"));
}

TEST(Session, tells_the_handler_of_a_broken_chunk) {
  const Result result = talk({.answer = echo}, put("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\nzz\r\n"));
  EXPECT_THAT(result.received, StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(result.received, HasSubstr("connection: close\r\n"));
  EXPECT_THAT(result.received, HasSubstr("malformed chunk size"));
}

TEST(Session, tells_the_handler_when_the_client_leaves) {
  const Result result = run({.answer = echo}, [](Client& client, Session&) -> rt::Task<void> {
    co_await client.send(put("Content-Length: 100\r\n", "some"));
    client.transport.close();
    co_return;
  });
  ASSERT_EQ(result.outcomes.size(), 1U);
}

TEST(Session, counts_a_reset_client_as_499) {
  const auto slow = [](http::Exchange& exchange) -> rt::Task<http::Response> {
    co_await rt::sleep(30ms);
    co_return http::Response::text(200, "text/plain", exchange.request.target);
  };
  Scene scene{.answer = slow};
  scene.faults.to_second.reset_after_bytes = get("/").size();
  const Result result = run(std::move(scene), [](Client& client, Session&) -> rt::Task<void> {
    co_await client.send(get("/") + "x");
    co_await client.until_end();
  });
  ASSERT_EQ(result.outcomes.size(), 1U);
  EXPECT_EQ(result.outcomes[0].status, 499);
  EXPECT_EQ(result.outcomes[0].error, "the peer went away");
}

TEST(Session, ends_the_connection_when_asked_to) {
  EXPECT_EQ(talk({}, get("/a", "Connection: close\r\n") + get("/b")).received, ok("/a", "connection: close\r\n"));
  EXPECT_EQ(talk({}, "GET /a HTTP/1.0\r\n\r\n").received, ok("/a", "connection: close\r\n"));
  EXPECT_EQ(talk({}, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").received,
            ok("/a", "connection: keep-alive\r\n"));
}

TEST(Session, sends_no_body_to_head_and_for_204_and_304) {
  const auto by_path = [](http::Exchange& exchange) -> rt::Task<http::Response> {
    if (exchange.request.target == "/204") co_return http::Response::empty(204);
    http::Response response = http::Response::text(200, "text/plain", "body");
    if (exchange.request.target == "/304") response.status = 304;
    co_return response;
  };
  const std::string received =
      talk({.answer = by_path}, "HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n" + get("/204") + get("/304") + get("/end"))
          .received;
  EXPECT_EQ(received,
            "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 4\r\nserver: millrace\r\n\r\n"
            "HTTP/1.1 204 No Content\r\nserver: millrace\r\n\r\n"
            "HTTP/1.1 304 Not Modified\r\ncontent-type: text/plain\r\ncontent-length: 4\r\nserver: millrace\r\n\r\n" +
                ok("body"));
}

// Gives `pieces` slices of ten bytes, then the end or an error.
class Pieces final : public http::Source {
 public:
  Pieces(int pieces, bool fails) : pieces_(pieces), fails_(fails) {}
  rt::Task<rt::Result<rt::Slices>> next(std::size_t) override {
    co_await rt::sleep(0ms);
    if (pieces_ == 0 && fails_) co_return rt::fail(rt::Code::kDamaged, "damaged");
    rt::Slices slices;
    if (pieces_-- > 0) slices.push_back(rt::Slice::of_static("0123456789"));
    co_return slices;
  }

 private:
  int pieces_;
  bool fails_;
};

rt::Task<http::Response> give_pieces(int count, bool fails, std::optional<std::uint64_t> length) {
  http::Response response;
  response.body = std::make_unique<Pieces>(count, fails);
  response.content_length = length;
  co_return response;
}

Answer pieces(int count, bool fails, std::optional<std::uint64_t> length) {
  return [=](http::Exchange&) { return give_pieces(count, fails, length); };
}

TEST(Session, streams_a_source_of_known_length) {
  EXPECT_EQ(talk({.answer = pieces(2, false, 20)}, get("/a") + get("/b")).received,
            "HTTP/1.1 200 OK\r\ncontent-length: 20\r\nserver: millrace\r\n\r\n01234567890123456789"
            "HTTP/1.1 200 OK\r\ncontent-length: 20\r\nserver: millrace\r\n\r\n01234567890123456789");
}

TEST(Session, streams_a_source_of_unknown_length) {
  EXPECT_EQ(talk({.answer = pieces(2, false, {})}, get("/")).received,
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nserver: millrace\r\n\r\n"
            "a\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n");
  EXPECT_EQ(talk({.answer = pieces(2, false, {})}, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").received,
            "HTTP/1.1 200 OK\r\nconnection: close\r\nserver: millrace\r\n\r\n01234567890123456789");
}

TEST(Session, never_makes_a_failed_response_look_complete) {
  for (const auto& answer : {pieces(2, true, {}), pieces(1, false, 20), pieces(3, false, 15)}) {
    const Result result = talk({.answer = answer}, get("/") + get("/next"));
    EXPECT_THAT(result.received, Not(HasSubstr("0\r\n\r\n")));
    ASSERT_EQ(result.outcomes.size(), 1U);
    EXPECT_THAT(std::string(result.outcomes[0].error), StartsWith("the source"));
  }
}

TEST(Session, leaves_bytes_that_cannot_be_read_to_the_write) {
  rt::install_bus_guard();
  Output output;
  output.text() = "head";
  output.append(rt::LostBytes::make(100));
  const rt::Slices slices = output.take();
  ASSERT_EQ(slices.size(), 2U);
  EXPECT_EQ(slices[0].text(), "head");
  EXPECT_EQ(slices[1].size(), 100U);
}

TEST(Session, streams_more_than_the_peer_takes_at_once) {
  Scene scene{.answer = pieces(2000, false, 20'000)};
  scene.limits.output_bytes = 100;
  scene.faults.to_first = {.read_max_bytes = 50, .room_bytes = 60};
  EXPECT_EQ(talk(std::move(scene), get("/")).outcomes.at(0).sent_bytes, 20'000U);
}

TEST(Session, informs_before_the_final_response_only) {
  const auto hint = [](http::Exchange& exchange) -> rt::Task<http::Response> {
    http::Fields fields;
    fields.add("link", "</a>");
    exchange.inform(103, fields);
    co_return http::Response::text(200, "text/plain", "x");
  };
  EXPECT_EQ(talk({.answer = hint}, get("/")).received, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + ok("x"));
  EXPECT_EQ(talk({.answer = hint}, "GET / HTTP/1.0\r\n\r\n").received, ok("x", "connection: close\r\n"));
}

TEST(Session, tells_the_request_id_and_lets_no_field_split_the_response) {
  const auto split = [](http::Exchange& exchange) -> rt::Task<http::Response> {
    exchange.id = "req-1";
    http::Response response = http::Response::text(200, "text/plain", "x");
    response.fields.add("location", "/a\r\nset-cookie: evil");
    response.fields.add("transfer-encoding", "chunked");
    co_return response;
  };
  EXPECT_EQ(talk({.answer = split}, get("/")).received, ok("x", "x-request-id: req-1\r\n"));
}

TEST(Session, drops_a_client_that_sends_its_head_too_slowly) {
  Scene scene;
  scene.limits.head_ms = 20ms;
  const Result result = run(std::move(scene), [](Client& client, Session&) -> rt::Task<void> {
    co_await client.send("GET / HT");
    co_await client.until_end();
  });
  EXPECT_THAT(result.received, StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST(Session, closes_an_idle_connection_without_a_word) {
  Scene scene;
  scene.limits.idle_ms = 20ms;
  const Result result = run(std::move(scene), [](Client& client, Session&) -> rt::Task<void> {
    co_await client.send(get("/a"));
    co_await client.until_end();
  });
  EXPECT_EQ(result.received, ok("/a"));
}

TEST(Session, fails_a_body_that_stalls) {
  Scene scene{.answer = echo};
  scene.limits.body_stall_ms = 20ms;
  const Result result = run(std::move(scene), [](Client& client, Session&) -> rt::Task<void> {
    co_await client.send(put("Content-Length: 5\r\n", "he"));
    co_await client.until_end();
  });
  EXPECT_THAT(result.received, HasSubstr("the peer sent nothing in time"));
  EXPECT_THAT(result.received, HasSubstr("connection: close\r\n"));
}

TEST(Session, gives_up_on_a_peer_that_takes_nothing) {
  Scene scene{.answer = pieces(100, false, 1000)};
  scene.limits.output_bytes = 100;
  scene.faults.to_first.room_bytes = 50;
  scene.faults.write_limit = 20ms;
  const Result result = run(std::move(scene), [](Client& client, Session&) -> rt::Task<void> {
    co_await client.send(get("/"));
    co_await rt::sleep(100ms);
  });
  ASSERT_EQ(result.outcomes.size(), 1U);
  EXPECT_EQ(result.outcomes[0].status, 499);
}

TEST(Session, drains_after_the_response_in_progress) {
  const auto slow = [](http::Exchange& exchange) -> rt::Task<http::Response> {
    co_await rt::sleep(20ms);
    co_return http::Response::text(200, "text/plain", exchange.request.target);
  };
  const Result busy = run({.answer = slow}, [](Client& client, Session& session) -> rt::Task<void> {
    co_await client.send(get("/a") + get("/b"));
    co_await rt::sleep(5ms);
    session.drain();
    co_await client.until_end();
  });
  EXPECT_EQ(busy.received, ok("/a", "connection: close\r\n"));
  const Result idle = run({}, [](Client& client, Session& session) -> rt::Task<void> {
    co_await client.send(get("/a"));
    co_await client.until("/a");
    session.drain();
    co_await client.until_end();
  });
  EXPECT_EQ(idle.received, ok("/a"));
}

TEST(Session, forgets_the_last_request) {
  const auto tell = [](http::Exchange& exchange) -> rt::Task<http::Response> {
    const bool clean = exchange.params.empty() && exchange.tenant.empty() && exchange.route.empty() &&
                       exchange.request.peer.address == "127.0.0.1";
    exchange.params.push_back("p");
    exchange.tenant = "t";
    exchange.route = "r";
    exchange.request.peer.address = "other";
    std::string text = clean ? "clean" : "dirty";
    text += std::to_string(exchange.request.fields.size());
    co_return http::Response::text(200, "text/plain", std::move(text));
  };
  EXPECT_EQ(talk({.answer = tell}, get("/", "A: b\r\n") + get("/")).received, ok("clean2") + ok("clean1"));
}

}  // namespace
}  // namespace millrace::h1
