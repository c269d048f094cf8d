// Everything an HTTP/2 peer can make grow, and how far. Filled from the configuration; constant while sessions run.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace millrace::h2 {

struct Limits {
  // Requests.
  std::uint32_t streams_max = 256;           // open at once on a connection
  std::size_t header_bytes_max = 64 * 1024;  // names and values of one request, and of its trailers; 431 above
  std::size_t header_fields_max = 128;       // of one request; 431 above
  std::size_t continuations_max = 16;        // CONTINUATION frames after one HEADERS

  // Receive windows. All that streams of a loop get beyond their first window is at most a quarter of the byte budget,
  // and nothing above its pressure mark.
  std::int32_t stream_window_bytes = 1 << 20;        // at first
  std::int32_t body_window_bytes = 32 << 20;         // for a body that is announced as larger, or without a length
  std::int32_t stream_window_bytes_max = 64 << 20;   // grown to by a path that is long and fast
  std::int32_t connection_window_bytes = 256 << 20;  // given back on arrival, so it only bounds what is on the way

  // Responses.
  std::size_t source_bytes = 256 * 1024;  // asked of a Source at a time, when less than this is queued
  std::size_t batch_bytes = 1024 * 1024;  // gathered for one write

  // Time.
  std::chrono::milliseconds idle_ms{300'000};          // a connection without streams
  std::chrono::milliseconds hibernate_ms{1'000};       // then it gives its memory back until the peer speaks
  std::chrono::milliseconds head_ms{30'000};           // a request's head must be complete in this time
  std::chrono::milliseconds body_idle_ms{60'000};      // a body must bring body_bytes_min in this time
  std::size_t body_bytes_min = 1024;                   //
  std::chrono::milliseconds response_idle_ms{60'000};  // a peer must take response_bytes_min in this time
  std::size_t response_bytes_min = 1024;               //
  std::chrono::milliseconds linger_ms{1'000};          // reading on after our end, so that GOAWAY is not lost
  std::chrono::milliseconds unwanted_body_ms{3'000};   // reading on after an early answer, so that it is not lost
  std::size_t unwanted_body_bytes = 64 << 20;          // credit for what is read that way

  // Floods: so many at once, and so many per second over time; then GOAWAY ENHANCE_YOUR_CALM.
  std::uint32_t resets_burst = 200;           // RST_STREAM sent by the peer (CVE-2023-44487)
  std::uint32_t resets_per_s = 33;            //
  std::uint32_t provoked_resets_burst = 100;  // streams we reset for the peer's errors (CVE-2025-8671)
  std::uint32_t provoked_resets_per_s = 10;   //
  std::uint32_t control_frames_burst = 1000;  // PING, SETTINGS, PRIORITY, empty DATA
  std::uint32_t control_frames_per_s = 200;   //
  std::size_t outbound_acks_max = 1000;       // answers to PING and SETTINGS that wait to be sent
  std::size_t settings_max = 64;              // entries in one SETTINGS frame
};

}  // namespace millrace::h2
