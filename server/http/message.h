// Request, Response and the Exchange that joins them: what every protocol session produces and every handler sees.
// No protocol header is included here or above.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "server/http/body.h"
#include "server/http/fields.h"
#include "server/rt/bytes.h"
#include "server/rt/error.h"
#include "server/rt/kept_text.h"
#include "server/rt/task.h"

namespace millrace::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };

Method method_of(std::string_view name) noexcept;
std::string_view name_of(Method method) noexcept;

enum class Protocol : std::uint8_t { kHttp1, kHttp2 };

// Who is at the other end. Filled by the connection (and PROXY protocol), then corrected from Forwarded headers of
// trusted proxies before a handler sees it.
struct Peer {
  std::string address;  // textual IP, no port
  bool tls = false;     // the outside scheme is https
  Protocol protocol = Protocol::kHttp1;
};

struct Request {
  Method method = Method::kGet;
  std::string method_text;
  std::string target;     // path and query, as sent
  std::string authority;  // host[:port] the client asked for
  Fields fields;
  Peer peer;

  std::string_view path() const noexcept;   // undecoded, without the query
  std::string_view query() const noexcept;  // undecoded, without the '?'
};

// A response body that is produced as the peer takes it.
class Source {
 public:
  virtual ~Source() = default;
  // The next slices, about `want_bytes` together; none is the end. An Error aborts the response: the peer sees a reset,
  // never a body that looks complete.
  virtual rt::Task<rt::Result<rt::Slices>> next(std::size_t want_bytes) = 0;
};

struct Response {
  int status = 200;
  Fields fields;
  // A short text, bytes already at hand, or a source with its exact length.
  std::variant<std::monostate, std::string, rt::Slice, std::unique_ptr<Source>> body;
  // Bytes the body has (or would have, for HEAD and 304). Unset with a Source: sent without content-length.
  std::optional<std::uint64_t> content_length;
  // Close the connection (HTTP/1.1) after this response, because the framing can no longer be trusted.
  bool close = false;

  static Response text(int status, std::string content_type, std::string body);
  static Response empty(int status);
};

// How much its caller may still ask for: what RateLimit-* and, once there is nothing left, Retry-After tell
// (draft-ietf-httpapi-ratelimit-headers-06).
struct Allowance {
  std::uint64_t limit = 0;         // requests at once
  std::uint64_t remaining = 0;     // requests
  std::int64_t reset_seconds = 0;  // until all of them are there again
  std::int64_t wait_seconds = 0;   // until the next request; 0: it may come at once
};

// One request and the place its answer goes. Owned by the protocol session; alive until the response has been sent or
// aborted. Runs on one loop.
class Exchange {
 public:
  Request request;
  Body body;
  std::string id;                      // X-Request-Id
  std::int64_t started_us = 0;         // monotonic clock
  std::string route;                   // the pattern that matched, for logs and metrics
  std::string tenant;                  // who asked, once known; for logs
  std::vector<std::string> params;     // path parameters in the order of the pattern, percent-decoded
  std::optional<Allowance> allowance;  // of who asked, when it is limited
  // Nobody seems to wait for the answer any more: the peer reset the request or ended its side of the connection. It
  // may still take one, but long work for it is in vain.
  bool peer_left = false;
  rt::KeptText text;  // of the body; given back with the answer

  // Sends an informational response (100, 103, 104). Does nothing once the final response has begun.
  virtual void inform(int status, const Fields& fields) = 0;

 protected:
  ~Exchange() = default;
};

// How an exchange ended; what the request log and the metrics are made of.
struct Outcome {
  int status = 0;                // as sent; 499 when the client left first
  std::uint64_t sent_bytes = 0;  // body bytes
  std::uint64_t received_bytes = 0;
  std::string_view error;  // why it was aborted, empty when it was not
};

// What the protocol sessions serve. `answer` never fails: an error is a response.
class Service {
 public:
  virtual ~Service() = default;
  virtual rt::Task<Response> answer(Exchange& exchange) = 0;
  // Called once for each exchange, after the last byte was handed to the socket or the exchange was aborted.
  virtual void finished(const Exchange& exchange, const Outcome& outcome) = 0;
};

}  // namespace millrace::http
