// Client: our requests to other servers (imports, webhooks), on one loop: libcurl's multi interface driven by the
// loop's polls and timers. Every address is checked after it was resolved, again at every redirect, and the connection
// is pinned to the address that was checked (address_policy.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/outbound/address_policy.h"
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
  std::int64_t total_ms = 30'000;
  std::uint32_t redirects_max = 0;
  std::size_t response_bytes_max = 64 << 10;  // what is beyond it is dropped
};

struct Response {
  int status = 0;
  Fields fields;  // names in lower case
  std::string body;
};

class Client {
 public:
  // On the calling loop; the policy outlives it.
  explicit Client(const AddressPolicy& policy);
  ~Client();

  // A short exchange whose answer is kept whole. An error when there is no answer: kForbidden when the address may not
  // be called, kTimeout, kIo in words; kCancelled after stop().
  rt::Task<rt::Result<Response>> send(Request request);
  // Ends all that runs.
  void stop();

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace millrace::outbound
