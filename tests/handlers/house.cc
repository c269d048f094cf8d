#include "tests/handlers/house.h"

#include <gtest/gtest.h>

#include "server/rt/event.h"

namespace millrace::handlers {
namespace {

class FakeExchange final : public http::Exchange {
 public:
  void inform(int status, const http::Fields& fields) override { informed.emplace_back(status, fields); }
  std::vector<std::pair<int, http::Fields>> informed;
};

void fill(http::Exchange& exchange, const Ask& ask) {
  http::Request& request = exchange.request;
  request.method = http::method_of(ask.method);
  request.method_text = ask.method;
  request.target = ask.target;
  request.authority = "media.example:8080";
  request.peer = {ask.peer, false, http::Protocol::kHttp2};
  for (const auto& [name, value] : ask.fields) request.fields.add(name, value);
  if (!ask.key.empty()) request.fields.add("authorization", "Bearer " + ask.key);
  exchange.id = "made-here";
  exchange.peer_left = ask.peer_left;
  const bool measured = ask.measured && !ask.breaks;
  exchange.body.open(nullptr, measured ? std::optional<std::uint64_t>(ask.body.size()) : std::nullopt);
  const std::string_view body = ask.body;
  for (std::size_t at = 0; at < body.size(); at += 1000) {
    exchange.body.push(rt::Slice::copy_of(body.substr(at, 1000)));
  }
  if (ask.breaks) {
    exchange.body.fail({rt::Code::kClosed, "the peer went away"});
  } else {
    for (const auto& [name, value] : ask.trailers) exchange.body.trailers().add(name, value);
    exchange.body.end();
  }
}

rt::Task<void> take_body(http::Response& response, Reply& reply, bool head) {
  if (head) co_return;
  if (auto* text = std::get_if<std::string>(&response.body)) reply.body = *text;
  if (auto* slice = std::get_if<rt::Slice>(&response.body)) reply.body = slice->text();
  auto* source = std::get_if<std::unique_ptr<http::Source>>(&response.body);
  while (source) {
    const auto slices = co_await (*source)->next(4000);
    reply.source_failed = !slices;
    if (!slices || slices->empty()) co_return;
    for (const rt::Slice& slice : *slices) reply.body += slice.text();
  }
}

// While somebody else works; `done` is theirs.
rt::Task<void> count_turns(const bool* done, int& turns) {
  while (!*done) {
    ++turns;
    co_await rt::yield();
  }
}

rt::Task<Reply> answered(Gateway& gateway, const Ask& ask) {
  FakeExchange exchange;
  fill(exchange, ask);
  Reply reply;
  bool done = !ask.counts_turns;
  rt::Scope scope;
  scope.spawn(count_turns(&done, reply.turns));
  http::Response response = co_await gateway.answer(exchange);
  done = true;
  co_await scope.join();
  co_await take_body(response, reply, ask.method == "HEAD");
  reply.status = response.status;
  reply.content_length = response.content_length;
  reply.fields = std::move(response.fields);
  reply.request_id = exchange.id;
  reply.informed = std::move(exchange.informed);
  reply.tenant = exchange.tenant;
  co_return reply;
}

}  // namespace

std::string Reply::at(std::string_view path) const {
  auto json = http::Json::parse(body);
  if (!json) return "not JSON: " + body;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    const auto inner = json->value(path.substr(0, dot));
    if (!inner || !*inner) return "absent";
    json = **inner;
    path.remove_prefix(dot + 1);
  }
  const auto value = json->value(path);
  if (!value || !*value) return json->has(path) ? "null" : "absent";
  return (*value)->as_text().value_or((*value)->dump());
}

House::House(Settings settings) {
  const media::ServerSecret secret{};
  tenants = std::move(*rt::run_until_done(media::Tenants::open(store, secret)));
  const auto keep = [this](const media::NewKey& key) {
    admin = key;
    return rt::Status();
  };
  EXPECT_TRUE(rt::run_until_done(tenants->bootstrap(keep)));
  stand_on(store, std::move(settings));
}

void House::stand_on(store::Store& other, Settings settings) {
  gateway.reset();
  services.reset();
  domain = std::make_unique<media::Domain>(other, *tenants);
  catalog = &domain->catalog;
  jobs = &domain->jobs;
  uploads = &domain->uploads;
  buckets = &domain->buckets;
  services = std::make_unique<Services>(*domain, text);
  services->settings = std::move(settings);
  services->metrics_text = [] { return std::string("# metrics\n"); };
  gateway = std::make_unique<Gateway>(*services);
}

House::~House() = default;

Reply House::ask(const Ask& request) { return rt::run_until_done(answered(*gateway, request)); }

Reply House::call(const std::string& method, const std::string& target, const std::string& body,
                  std::vector<std::pair<std::string, std::string>> fields) {
  if (!body.empty()) fields.emplace_back("content-type", "application/json");
  return ask({.method = method, .target = target, .body = body, .fields = std::move(fields), .key = admin.bearer});
}

std::pair<std::string, std::string> House::new_put(const std::string& more) {
  const Reply reply = call("POST", "/v2/uploads", R"({"fileName":"clip.mp4","type":"put")" + more + "}");
  EXPECT_EQ(reply.status, 201) << reply.body;
  const std::string url = reply.at("data.input.url");
  return {reply.at("data.id"), url.substr(url.find('/', url.find("//") + 2))};
}

std::string House::ingest(const std::string& content) {
  const auto [id, address] = new_put();
  EXPECT_EQ(ask({.method = "PUT", .target = address, .body = content}).status, 200);
  const Reply done = call("POST", "/v2/uploads/" + id + "/complete");
  EXPECT_EQ(done.status, 200) << done.body;
  return done.at("data.mediaId");
}

}  // namespace millrace::handlers
