// Transfer: one request to another server and its answer, whose body comes in pieces as they are asked for. What
// arrived and is unread is bounded: then nothing is taken from the connection, and the sender waits. libcurl's buffer
// is copied once, into blocks that count against the byte budget; from there on bytes move as Slices. On the client's
// loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/rt/bytes.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::outbound {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method = "GET";
  std::string url;
  Fields fields = {};
  std::string body = {};
  std::int64_t connect_ms = 10'000;
  std::int64_t total_ms = 30'000;  // 0: no limit
  std::int64_t idle_ms = 0;        // the server sends less than 1 KiB/s for so long, in whole seconds; 0: no limit
  std::uint32_t redirects_max = 0;
  std::size_t response_bytes_max = 64 << 10;  // of send(): what is beyond it is dropped
};

struct Head {
  int status = 0;
  Fields fields;    // names in lower case; of the last answer when there were redirects
  std::string url;  // where that came from

  // The first of that name, in lower case.
  std::optional<std::string> field(std::string_view name) const;
};

struct Core;

class Transfer {
 public:
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // The answer's head, or why there is none (Client::send() names the errors).
  rt::Task<rt::Result<Head>> head();
  // The next piece of the body; an empty one is its end. kClosed when it was cut. One caller at a time.
  rt::Task<rt::Result<rt::Slice>> next();
  // Ends it now: the connection closes, head() and next() answer kCancelled.
  void stop();

 private:
  friend class Client;
  friend struct Core;
  struct State;
  explicit Transfer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace millrace::outbound
