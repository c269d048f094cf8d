// What a peer can make an HTTP/1.1 connection hold or wait for. The operator's configuration fills it.
#pragma once

#include <chrono>
#include <cstddef>

namespace millrace::h1 {

struct Limits {
  // Request line and fields together; 431 (414 while still in the request line).
  std::size_t head_bytes = 64 * 1024;
  std::size_t target_bytes = 16 * 1024;
  std::size_t fields_max = 128;
  // One chunk-size line; all chunk extensions of one body; the trailer section.
  std::size_t chunk_line_bytes = 512;
  std::size_t extension_bytes = 16 * 1024;
  std::size_t trailer_bytes = 16 * 1024;

  // Body bytes the handler has not asked for yet: above it the transport is not read.
  std::size_t body_waiting_bytes = 1024 * 1024;
  // Bytes of pipelined requests read before the response in progress is done.
  std::size_t ahead_bytes = 64 * 1024;
  std::size_t ahead_reads = 16;  // each may pin a receive block
  // What is read and thrown away of a body nobody wanted, to keep the connection; more, and it closes.
  std::size_t discard_bytes = 256 * 1024;
  // Response bytes waiting for the socket; a Source is not asked for more above it.
  std::size_t output_bytes = 512 * 1024;

  // A keep-alive connection without a request.
  std::chrono::milliseconds idle_ms{75'000};
  // From the first byte of a request to the end of its fields.
  std::chrono::milliseconds head_ms{15'000};
  // Between two pieces of a request body the handler waits for.
  std::chrono::milliseconds body_stall_ms{60'000};
  // A closing connection that the peer keeps feeding.
  std::chrono::milliseconds linger_ms{3'000};
};

}  // namespace millrace::h1
