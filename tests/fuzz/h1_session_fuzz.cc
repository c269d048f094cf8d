// Hostile bytes into an HTTP/1.1 session over the loopback. The first byte chooses how they are cut and how the
// connection ends; the service reads bodies, or does not, and answers in every way there is.
#include <cstdint>
#include <string>

#include "server/h1/session.h"
#include "tests/server/net/loopback.h"

namespace {

using namespace millrace;

class Pieces final : public http::Source {
 public:
  rt::Task<rt::Result<rt::Slices>> next(std::size_t want_bytes) override {
    rt::Slices slices;
    if (left_-- > 0) slices.push_back(rt::Slice::copy_of(std::string(std::min<std::size_t>(want_bytes, 20'000), 'x')));
    co_return slices;
  }

 private:
  int left_ = 3;
};

class Anything final : public http::Service {
 public:
  rt::Task<http::Response> answer(http::Exchange& exchange) override {
    ++open;
    const std::string target = exchange.request.target;
    if (target.size() % 2 == 0) {
      auto body = co_await http::read_all(exchange.body, 100'000);
      if (!body) co_return http::Response::text(400, "text/plain", body.error().message);
    }
    if (target.size() % 3 == 0) exchange.inform(103, {});
    http::Response response = http::Response::text(200, "text/plain", std::string(target.size() * 500, 'y'));
    if (target.size() % 5 == 0) {
      response.body = std::make_unique<Pieces>();
      response.content_length = target.size() % 7 == 0 ? std::optional<std::uint64_t>(50'000) : std::nullopt;
    }
    co_return response;
  }
  void finished(const http::Exchange&, const http::Outcome&) override { --open; }
  int open = 0;
};

rt::Task<void> drain_answers(net::Transport& transport) {
  for (;;) {
    auto slice = co_await transport.read(std::chrono::milliseconds(1000));
    if (!slice || slice->empty()) co_return;
  }
}

rt::Task<void> play(const std::uint8_t* data, std::size_t bytes, Anything& service) {
  const std::uint8_t choice = bytes > 0 ? data[0] : 0;
  net::Faults faults;
  if (choice & 1) faults.to_second.read_max_bytes = 1 + (choice >> 4);
  if (choice & 8) faults.to_second.reset_after_bytes = bytes / 2 + 1;
  auto [near, far] = net::loopback(faults);
  h1::Limits limits;
  limits.head_bytes = 1024;
  limits.body_waiting_bytes = 64;
  limits.ahead_bytes = 64;
  limits.discard_bytes = 128;
  limits.output_bytes = 1000;
  limits.linger_ms = std::chrono::milliseconds(1);
  h1::Session session(*far, service, limits);
  rt::Scope scope;
  rt::Slice first;
  if (choice & 2) first = rt::Slice::of_static("GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /1");
  scope.spawn(session.run(std::move(first)));
  scope.spawn(drain_answers(*near));
  if (bytes > 1) {
    rt::Slices slices;
    slices.push_back(rt::Slice::copy_of(std::string_view(reinterpret_cast<const char*>(data) + 1, bytes - 1)));
    rt::Status written = co_await near->write(std::move(slices));
    (void)written;
  }
  if (choice & 4) session.drain();
  near->shut();
  co_await scope.join();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  Anything service;
  rt::run_until_done(play(data, bytes, service));
  // Every exchange that began has finished, once.
  if (service.open != 0) __builtin_trap();
  return 0;
}
