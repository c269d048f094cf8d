#include "server/outbound/client.h"

#include <gtest/gtest.h>

#include "server/rt/block.h"
#include "server/rt/event.h"
#include "server/rt/loop.h"
#include "server/rt/timer.h"
#include "tests/server/outbound/one_answer_server.h"

namespace millrace::outbound {
namespace {

using rt::Code;

const AddressPolicy& only_this_address() {
  static const AddressPolicy policy = AddressPolicy::parse({"127.0.0.1/32"}).value();
  return policy;
}

std::string ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\nX-Kind: Yes\r\n\r\n" + body;
}
std::string moved_to(const std::string& url) {
  return "HTTP/1.1 302 Found\r\nLocation: " + url + "\r\nX-Kind: Moved\r\nContent-Length: 4\r\n\r\ngone";
}

rt::Task<rt::Result<Response>> send_once(const AddressPolicy& policy, Request request) {
  Client client(policy);
  auto response = co_await client.send(std::move(request));
  client.stop();
  co_return response;
}

rt::Result<Response> send(Request request, const AddressPolicy& policy = only_this_address()) {
  return rt::run_until_done(send_once(policy, std::move(request)));
}

TEST(Client, SendsWhatItIsTold) {
  OneAnswerServer server([](const std::string&) { return ok("hello"); });
  const auto response = send({.method = "POST",
                              .url = server.url("/a/../b?sig=%2Fx%20y&z=1"),
                              .fields = {{"Webhook-Id", "m1"}, {"Content-Type", "application/json"}, {"X-None", ""}},
                              .body = "{}"});
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "hello");
  EXPECT_EQ((Head{200, response->fields, {}}.field("x-kind")), "Yes");
  const std::string request = server.requests().at(0);
  EXPECT_TRUE(request.starts_with("POST /a/../b?sig=%2Fx%20y&z=1 HTTP/1.1\r\n")) << request;
  EXPECT_NE(request.find("\r\nWebhook-Id: m1\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("\r\nX-None:"), std::string::npos) << request;
}

TEST(Client, RefusesAddressesBeforeItConnects) {
  OneAnswerServer server([](const std::string&) { return ok("secret"); });
  const AddressPolicy nobody = AddressPolicy::parse({}).value();
  for (const std::string host : {"127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001"}) {
    const auto response = send({.url = "http://" + host + ":" + std::to_string(server.port()) + "/"}, nobody);
    ASSERT_FALSE(response) << host;
    EXPECT_EQ(response.error().code, Code::kForbidden) << host << " " << response.error().message;
  }
  EXPECT_TRUE(server.requests().empty());
}

TEST(Client, RefusesARedirectToAnAddressItMayNotCall) {
  OneAnswerServer server([](const std::string&) { return moved_to("http://127.0.0.2:1/latest/meta-data"); });
  const auto response = send({.url = server.url("/"), .redirects_max = 3});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kForbidden);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(Client, RefusesARedirectToAnotherScheme) {
  OneAnswerServer server([](const std::string&) { return moved_to("file:///etc/passwd"); });
  const auto response = send({.url = server.url("/"), .redirects_max = 3});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kUnprocessable) << response.error().message;
}

TEST(Client, FollowsAsOftenAsItMay) {
  OneAnswerServer server(
      [&](const std::string& request) { return request.starts_with("GET /end ") ? ok("there") : moved_to("/end"); });
  const auto followed = send({.url = server.url("/"), .redirects_max = 1});
  ASSERT_TRUE(followed) << followed.error().message;
  EXPECT_EQ(followed->body, "there");
  EXPECT_EQ((Head{200, followed->fields, {}}.field("x-kind")), "Yes");
  const auto told = send({.url = server.url("/")});
  ASSERT_TRUE(told);
  EXPECT_EQ(told->status, 302);
  OneAnswerServer circle([](const std::string&) { return moved_to("/"); });
  const auto lost = send({.url = circle.url("/"), .redirects_max = 3});
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::kUnprocessable);
  EXPECT_EQ(circle.requests().size(), 4u);
}

TEST(Client, KeepsAuthorizationFromOtherHosts) {
  OneAnswerServer other([](const std::string&) { return ok("there"); });
  OneAnswerServer server([&](const std::string&) { return moved_to(other.url("/")); });
  const auto response =
      send({.url = server.url("/"), .fields = {{"Authorization", "Bearer secret"}}, .redirects_max = 1});
  ASSERT_TRUE(response);
  EXPECT_NE(server.requests().at(0).find("Bearer secret"), std::string::npos);
  EXPECT_EQ(other.requests().at(0).find("Bearer secret"), std::string::npos);
}

TEST(Client, DropsWhatIsTooMuch) {
  OneAnswerServer server([](const std::string&) { return ok(std::string(300'000, 'x')); });
  const auto response = send({.url = server.url("/"), .response_bytes_max = 1000});
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body.size(), 1000u);
}

TEST(Client, RefusesFieldsThatBringOthersAlong) {
  const auto response = send({.url = "http://127.0.0.1:1/", .fields = {{"A", "b\r\nHost: c"}}});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kInvalid);
}

TEST(Client, TellsWhyThereIsNoAnswer) {
  EXPECT_EQ(send({.url = "http://127.0.0.1:1/"}).error().code, Code::kIo);
  EXPECT_EQ(send({.url = "file:///etc/passwd"}).error().code, Code::kInvalid);
  OneAnswerServer silent([](const std::string&) { return ""; });
  EXPECT_EQ(send({.url = silent.url("/"), .total_ms = 50}).error().code, Code::kTimeout);
  EXPECT_EQ(send({.url = silent.url("/"), .total_ms = 0, .idle_ms = 1000}).error().code, Code::kTimeout);
  OneAnswerServer cutting([](const std::string&) { return "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"; });
  EXPECT_EQ(send({.url = cutting.url("/")}).error().code, Code::kClosed);
}

rt::Task<void> stop_soon(Client& client) {
  co_await rt::sleep(std::chrono::milliseconds(20));
  client.stop();
}

rt::Task<rt::Result<Response>> send_and_stop(std::string url) {
  Client client(only_this_address());
  rt::Scope scope;
  scope.spawn(stop_soon(client));
  auto response = co_await client.send({.url = std::move(url), .total_ms = 0});
  co_await scope.join();
  auto after = co_await client.send({.url = "http://127.0.0.1:1/"});
  if (after || after.error().code != Code::kCancelled) co_return rt::fail(Code::kInternal, "sent after stop()");
  co_return response;
}

TEST(Client, StopEndsWhatRuns) {
  OneAnswerServer silent([](const std::string&) { return ""; });
  const auto response = rt::run_until_done(send_and_stop(silent.url("/")));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, Code::kCancelled);
}

struct Read {
  std::string body;
  std::size_t most_charged_bytes = 0;
  bool ended = false;
};

rt::Task<Read> read_slowly(std::string url, rt::Budget& budget) {
  Client client(only_this_address(), {.budget = &budget});
  const auto transfer = client.open({.url = std::move(url)});
  Read read;
  auto head = co_await transfer->head();
  if (!head) co_return read;
  // The server would send everything now.
  co_await rt::sleep(std::chrono::milliseconds(100));
  for (;;) {
    read.most_charged_bytes = std::max(read.most_charged_bytes, budget.used_bytes());
    auto piece = co_await transfer->next();
    if (!piece) co_return read;
    read.ended = piece->empty();
    if (read.ended) break;
    read.body += piece->text();
  }
  client.stop();
  co_return read;
}

std::string long_body() {
  std::string body(20 << 20, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 2654435761u >> 13);
  return body;
}

TEST(Transfer, MakesTheServerWaitForItsReader) {
  const std::string body = long_body();
  OneAnswerServer server([&](const std::string&) { return ok(body); });
  rt::Budget budget(64 << 20);
  const Read read = rt::run_until_done(read_slowly(server.url("/"), budget));
  EXPECT_TRUE(read.ended);
  EXPECT_TRUE(read.body == body);
  EXPECT_LE(read.most_charged_bytes, 4u * rt::kBlockBytes);
  EXPECT_GT(read.most_charged_bytes, 0u);
  EXPECT_EQ(budget.used_bytes(), 0u);
}

TEST(Transfer, GoesOnWhenThereIsRoomInTheBudgetAgain) {
  const std::string body = long_body().substr(0, 3 << 20);
  OneAnswerServer server([&](const std::string&) { return ok(body); });
  rt::Budget budget(1);
  const Read read = rt::run_until_done(read_slowly(server.url("/"), budget));
  EXPECT_TRUE(read.ended);
  EXPECT_TRUE(read.body == body);
  EXPECT_LE(read.most_charged_bytes, rt::kBlockBytes);
}

}  // namespace
}  // namespace millrace::outbound
