// Hostile bytes into an HTTP/2 session over the loopback. The first byte of the input chooses how the bytes are cut and
// whether the preface is sent for it; the service reads bodies and answers in every way there is.
#include <cstdint>
#include <string>

#include "server/h2/session.h"
#include "tests/server/net/loopback.h"

namespace {

using namespace millrace;

class Pieces final : public http::Source {
 public:
  rt::Task<rt::Result<rt::Slices>> next(std::size_t want_bytes) override {
    rt::Slices slices;
    if (left_-- > 0) slices.push_back(rt::Slice::copy_of(std::string(std::min<std::size_t>(want_bytes, 20'000), 'x')));
    if (left_ == -3) co_return rt::fail(rt::Code::kIo, "broken");
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
      response.content_length.reset();
    }
    co_return response;
  }
  void finished(const http::Exchange&, const http::Outcome&) override { --open; }
  int open = 0;
};

rt::Task<void> serve(h2::Session& session) { co_await session.run({}); }

rt::Task<void> drain_answers(net::Transport& transport) {
  for (;;) {
    auto slice = co_await transport.read(std::chrono::milliseconds(1000));
    if (!slice || slice->empty()) co_return;
  }
}

rt::Task<void> play(const std::uint8_t* data, std::size_t bytes, Anything& service, rt::Budget& budget) {
  const std::uint8_t choice = bytes > 0 ? data[0] : 0;
  net::Faults faults;
  if (choice & 1) faults.to_second.read_max_bytes = 1 + (choice >> 4);
  auto [near, far] = net::loopback(faults);
  h2::Limits limits;
  limits.streams_max = 8;
  limits.linger_ms = std::chrono::milliseconds(1);
  limits.resets_burst = 20;
  limits.header_bytes_max = 2000;
  h2::Stats stats;
  h2::Context context(service, limits, budget, stats);
  h2::Session session(*far, context);
  rt::Scope scope;
  scope.spawn(serve(session));
  scope.spawn(drain_answers(*near));
  std::string input = choice & 2 ? "" : "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\4\0\0\0\0\0", 9);
  if (bytes > 1) input.append(reinterpret_cast<const char*>(data) + 1, bytes - 1);
  rt::Slices slices;
  slices.push_back(rt::Slice::copy_of(input));
  rt::Status written = co_await near->write(std::move(slices));
  (void)written;
  if (choice & 4) session.drain();
  near->shut();
  co_await scope.join();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  Anything service;
  rt::Budget budget(std::size_t{1} << 20);
  rt::run_until_done(play(data, bytes, service, budget));
  // Every exchange that began has finished, and every buffer is back.
  if (service.open > 0 || budget.used_bytes() != 0) __builtin_trap();
  return 0;
}
