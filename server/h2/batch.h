// Batch: what one write takes. Frames made by the protocol library are copied into a chunk that all sessions of a loop
// share; body slices are referenced. Filled by one session at a time, between two suspensions.
#pragma once

#include <cstddef>
#include <span>

#include "server/rt/budget.h"
#include "server/rt/bytes.h"

namespace millrace::h2 {

inline constexpr std::size_t kChunkBytes = 64 * 1024;

// Memory for frame headers and other small things, written front to back, reused once nobody references it.
class Chunk final : public rt::Owner {
 public:
  explicit Chunk(rt::Budget& budget);
  std::span<std::byte> room() noexcept { return std::span(bytes_).subspan(filled_); }
  void fill(std::size_t bytes) noexcept { filled_ += bytes; }
  void reuse() noexcept { filled_ = 0; }

 private:
  ~Chunk() override;
  void dispose() noexcept override { delete this; }

  rt::Budget& budget_;
  std::size_t filled_ = 0;
  std::byte bytes_[kChunkBytes];
};

class Batch {
 public:
  explicit Batch(rt::Ref<Chunk>& shared, rt::Budget& budget) : chunk_(shared), budget_(budget) {}

  void begin();
  void copy(std::span<const std::byte> bytes);
  void reference(rt::Slice slice);
  std::size_t bytes() const noexcept { return bytes_; }
  rt::Slices take() noexcept;

 private:
  rt::Ref<Chunk>& chunk_;  // the loop's
  rt::Budget& budget_;
  rt::Slices slices_;
  std::size_t bytes_ = 0;
  bool extendable_ = false;  // the last slice ends where the chunk's room begins
};

}  // namespace millrace::h2
