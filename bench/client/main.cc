// The load client of the bench: PUTs bodies that nobody has seen before, GETs, slow uploads and idle connections, over
// HTTP/2 or HTTP/1.1, in clear text or TLS, on one thread. One line of JSON tells what happened.

#include <fmt/core.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include "bench/client/body.h"
#include "bench/client/driver.h"
#include "bench/client/options.h"
#include "bench/client/work.h"

namespace {

using namespace millrace::bench;

int emit(const Options& options) {
  constexpr uint64_t kPieceBytes = 1 << 20;
  const BodyPool bodies(options.seed, options.shift_bytes);
  std::FILE* file = std::fopen(options.emit.c_str(), "wb");
  if (file == nullptr) {
    fmt::print(stderr, "loadclient: cannot write {}\n", options.emit);
    return 1;
  }
  std::vector<uint8_t> piece(kPieceBytes);
  const uint64_t total = options.size_bytes + options.shift_bytes;
  bool good = true;
  for (uint64_t at = 0; at < total && good; at += kPieceBytes) {
    const std::span<uint8_t> part(piece.data(), std::min(kPieceBytes, total - at));
    bodies.fill(options.first_body, at, part);
    good = std::fwrite(part.data(), 1, part.size(), file) == part.size();
  }
  return std::fclose(file) == 0 && good ? 0 : 1;
}

int load(const Options& options) {
  Work work(options);
  uint64_t failed = 0;
  {
    Driver driver(work);
    driver.run();
    if (options.hold) {
      fmt::print("{{\"ready\":true,\"open\":{}}}\n", driver.open_connections());
      std::fflush(stdout);
      driver.hold();
      fmt::print("{{\"open\":{}}}\n", driver.open_connections());
    }
  }
  failed = work.failed();
  fmt::print("{}\n", work.report());
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  const Options options = parse_options(argc, argv);
  return options.emit.empty() ? load(options) : emit(options);
}
