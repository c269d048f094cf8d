// A server that answers GET with "ok", GET /zeros?N with N MiB and reads and discards every request body: the protocol
// stack alone, to measure it against other servers. Not part of the product.
//
//   h2_sink CLEAR_ADDRESS:PORT TLS_ADDRESS:PORT DIRECTORY_FOR_CERTIFICATE [LOOPS]
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "server/h2/context.h"
#include "server/h2/session.h"
#include "server/net/listener.h"
#include "server/rt/loop.h"

namespace {

using namespace millrace;

constexpr std::size_t kZeroBytes = 4 << 20;

class Zeros final : public http::Source {
 public:
  explicit Zeros(std::uint64_t bytes) : left_(bytes) {}
  rt::Task<rt::Result<rt::Slices>> next(std::size_t want_bytes) override {
    static const std::string zeros(kZeroBytes, '\0');
    rt::Slices slices;
    const std::size_t part = std::min<std::uint64_t>(left_, want_bytes);
    if (part > 0) slices.push_back(rt::Slice::of_static(std::string_view(zeros).substr(0, part)));
    left_ -= part;
    co_return slices;
  }

 private:
  std::uint64_t left_;
};

class Sink final : public http::Service {
 public:
  rt::Task<http::Response> answer(http::Exchange& exchange) override {
    while (!exchange.body.ended() || exchange.body.waiting_bytes() > 0) {
      auto slice = co_await exchange.body.next();
      if (!slice || slice->empty()) break;
    }
    if (exchange.request.path() == "/zeros") {
      http::Response response;
      response.content_length = std::strtoull(std::string(exchange.request.query()).c_str(), nullptr, 10) << 20;
      response.body = std::make_unique<Zeros>(*response.content_length);
      co_return response;
    }
    co_return http::Response::text(200, "text/plain", "ok");
  }
  void finished(const http::Exchange&, const http::Outcome&) override {}
};

struct Shared {
  Sink sink;
  h2::Limits limits;
  h2::Stats stats;
  net::ListenerStats listener_stats;
  rt::Budget budget{std::size_t{512} << 20};
  std::shared_ptr<net::TlsContext> tls;
};

void serve(rt::Loop& loop, Shared& shared, net::Listening clear, net::Listening encrypted) {
  h2::Context context(shared.sink, shared.limits, shared.budget, shared.stats);
  auto pool = rt::BlockPool::make(shared.budget);
  const net::SessionFactory factory = [&context](net::Transport& transport, net::Wire) {
    return std::make_unique<h2::Session>(transport, context);
  };
  net::ListenerSetup tls_setup;
  tls_setup.tls = shared.tls;
  net::Listener first(std::move(clear), {}, pool, factory, shared.listener_stats);
  net::Listener second(std::move(encrypted), tls_setup, pool, factory, shared.listener_stats);
  loop.post([&] {
    first.start();
    second.start();
  });
  loop.run();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  std::signal(SIGPIPE, SIG_IGN);
  const std::size_t loops = argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 1;
  Shared shared;
  auto clear = net::listen_on(argv[1], loops, 1024);
  auto encrypted = net::listen_on(argv[2], loops, 1024);
  auto files = net::development_certificate(argv[3]);
  auto tls = files ? net::TlsContext::load(*files) : rt::pass(files);
  if (!clear || !encrypted || !tls) return 1;
  shared.tls = *tls;
  std::printf("%s %s\n", clear->front().address().c_str(), encrypted->front().address().c_str());
  std::fflush(stdout);
  std::vector<std::unique_ptr<rt::Loop>> running;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < loops; ++i) {
    running.push_back(std::make_unique<rt::Loop>());
    threads.emplace_back([&, i] { serve(*running[i], shared, std::move((*clear)[i]), std::move((*encrypted)[i])); });
  }
  for (std::thread& thread : threads) thread.join();
}
