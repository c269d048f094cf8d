// Context: what the HTTP/2 sessions of one loop share: the service, the limits, the byte budget, streams to use again
// and the chunk small frames are gathered in. Made by the wiring, one per loop; outlives its sessions.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "server/h2/batch.h"
#include "server/h2/limits.h"
#include "server/h2/memory.h"
#include "server/http/message.h"
#include "server/rt/budget.h"

namespace millrace::h2 {

class Stream;

// Counted over all sessions of the process; rare things only.
struct Stats {
  std::atomic<std::uint64_t> floods{0};           // connections ended for a flood
  std::atomic<std::uint64_t> protocol_errors{0};  // connections ended for the peer's errors
  std::atomic<std::uint64_t> slow_bodies{0};      // requests given up because the body came too slowly
  std::atomic<std::uint64_t> slow_readers{0};     // responses given up because nobody took them
  std::atomic<std::uint64_t> window_growths{0};
  std::atomic<std::uint64_t> copied_bytes{0};  // of request bodies: pieces too small to pin a receive block
};

class Context {
 public:
  Context(http::Service& service, const Limits& limits, rt::Budget& budget, Stats& stats);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  std::unique_ptr<Stream> take_stream();
  void give_back(std::unique_ptr<Stream> stream);

  http::Service& service;
  const Limits limits;
  rt::Budget& budget;
  Stats& stats;
  rt::Ref<Chunk> chunk;
  // By how much the windows of the loop's streams exceed their first size, together. At most a quarter of the budget,
  // so that peers who run ahead of their handlers do not bring memory under pressure by themselves.
  std::int64_t granted_bytes = 0;
  SlotPool slots;
  SmallPool small_blocks;

 private:
  std::vector<std::unique_ptr<Stream>> spare_;
};

}  // namespace millrace::h2
