// Memory of the protocol library. A session of nghttp2 holds 25 KiB all its life, most of it zeros or a frame buffer
// without a frame. Its large allocations are placed in a Slot, page-aligned address space of its own; an idle session
// hibernates: what is not zero is packed into a small text, the pages go back to the kernel, and waking puts the same
// bytes at the same addresses.
//
// Small allocations, a handful for each request, come from free lists.
//
// A SlotPool and a SmallPool belong to one loop; a SessionMemory to one session.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::h2 {

inline constexpr std::size_t kSlotBytes = 28 * 1024;     // what nghttp2 1.52 allocates at once, in pages
inline constexpr std::size_t kSlotSmallestBytes = 1000;  // smaller allocations are SmallPool's

class SlotPool {
 public:
  SlotPool() = default;
  ~SlotPool();
  SlotPool(const SlotPool&) = delete;
  SlotPool& operator=(const SlotPool&) = delete;

  std::byte* take();  // all zeros; null when there is no address space
  void give_back(std::byte* slot) noexcept;

 private:
  static constexpr std::size_t kSlotsPerMap = 128;
  std::vector<std::byte*> maps_;
  std::vector<std::byte*> free_;
};

// Blocks by size class, kept for the next request.
class SmallPool {
 public:
  SmallPool() = default;
  ~SmallPool();
  SmallPool(const SmallPool&) = delete;
  SmallPool& operator=(const SmallPool&) = delete;

  void* take(std::size_t bytes) noexcept;
  void* resize(void* memory, std::size_t bytes) noexcept;
  void give_back(void* memory) noexcept;

 private:
  struct Header;
  static constexpr std::size_t kClasses = 16;
  struct FreeList {
    Header* first = nullptr;
    std::size_t count = 0;
  };
  std::array<FreeList, kClasses> lists_;
};

class SessionMemory {
 public:
  SessionMemory(SlotPool& slots, SmallPool& small);
  ~SessionMemory();
  SessionMemory(const SessionMemory&) = delete;
  SessionMemory& operator=(const SessionMemory&) = delete;

  // nghttp2's four functions.
  void* allocate(std::size_t bytes) noexcept;
  void* allocate_zeroed(std::size_t count, std::size_t bytes) noexcept;
  void* reallocate(void* memory, std::size_t bytes) noexcept;
  void free(void* memory) noexcept;

  // Only while nghttp2 is not called and has nothing to send. Frame buffers come back as zeros.
  void hibernate();
  void wake();
  bool hibernates() const noexcept { return hibernates_; }

 private:
  struct Place {
    std::uint32_t offset = 0;
    std::uint32_t bytes = 0;
  };
  bool inside(const void* memory) const noexcept;
  std::size_t bytes_of(const void* memory) const noexcept;

  SlotPool& slots_;
  SmallPool& small_;
  std::byte* slot_;
  std::array<Place, 8> places_ = {};
  std::uint32_t places_used_ = 0;
  std::uint32_t filled_ = 0;
  bool hibernates_ = false;
  std::string packed_;  // runs of words that are not zero: where, how many, the words
};

}  // namespace millrace::h2
