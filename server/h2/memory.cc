#include "server/h2/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace millrace::h2 {
namespace {

constexpr std::size_t kAlignBytes = 64;
// Allocations of this size hold a frame while it is sent, and nothing between frames.
constexpr std::size_t kDeadBytes = 16 * 1024;

using Word = std::uint64_t;

struct Run {
  std::uint32_t offset;
  std::uint32_t bytes;
};

Word word_at(const std::byte* at) {
  Word word;
  std::memcpy(&word, at, sizeof(word));
  return word;
}

void append_run(std::string& packed, const std::byte* slot, std::size_t begin, std::size_t end) {
  const Run run{static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
  packed.append(reinterpret_cast<const char*>(&run), sizeof(run));
  packed.append(reinterpret_cast<const char*>(slot + begin), run.bytes);
}

// Packs slot[begin, end), whole words.
void pack(std::string& packed, const std::byte* slot, std::size_t begin, std::size_t end) {
  while (begin < end) {
    while (begin < end && word_at(slot + begin) == 0) begin += sizeof(Word);
    std::size_t stop = begin;
    while (stop < end && word_at(slot + stop) != 0) stop += sizeof(Word);
    if (stop > begin) append_run(packed, slot, begin, stop);
    begin = stop;
  }
}

}  // namespace

SlotPool::~SlotPool() {
  for (std::byte* map : maps_) ::munmap(map, kSlotsPerMap * kSlotBytes);
}

std::byte* SlotPool::take() {
  if (free_.empty()) {
    void* map = ::mmap(nullptr, kSlotsPerMap * kSlotBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED) return nullptr;
    // Huge pages would make every slot resident with the first.
    ::madvise(map, kSlotsPerMap * kSlotBytes, MADV_NOHUGEPAGE);
    maps_.push_back(static_cast<std::byte*>(map));
    for (std::size_t i = 0; i < kSlotsPerMap; ++i) free_.push_back(maps_.back() + i * kSlotBytes);
  }
  std::byte* slot = free_.back();
  free_.pop_back();
  return slot;
}

void SlotPool::give_back(std::byte* slot) noexcept {
  ::madvise(slot, kSlotBytes, MADV_DONTNEED);
  free_.push_back(slot);
}

SessionMemory::SessionMemory(SlotPool& pool) : pool_(pool), slot_(pool.take()) {}

SessionMemory::~SessionMemory() {
  if (slot_) pool_.give_back(slot_);
}

bool SessionMemory::inside(const void* memory) const noexcept {
  const auto* at = static_cast<const std::byte*>(memory);
  return slot_ && at >= slot_ && at < slot_ + kSlotBytes;
}

std::size_t SessionMemory::bytes_of(const void* memory) const noexcept {
  const auto offset = static_cast<std::uint32_t>(static_cast<const std::byte*>(memory) - slot_);
  return std::ranges::find(places_, offset, &Place::offset)->bytes;
}

// Places in the slot are given once and not taken back: nghttp2 keeps them as long as the session.
void* SessionMemory::allocate(std::size_t bytes) noexcept {
  const std::size_t whole = (bytes + kAlignBytes - 1) / kAlignBytes * kAlignBytes;
  const bool fits = slot_ && places_used_ < places_.size() && filled_ + whole <= kSlotBytes;
  if (bytes < kSlotSmallestBytes || !fits) return std::malloc(bytes);
  places_[places_used_++] = {filled_, static_cast<std::uint32_t>(bytes)};
  return slot_ + std::exchange(filled_, filled_ + static_cast<std::uint32_t>(whole));
}

void* SessionMemory::allocate_zeroed(std::size_t count, std::size_t bytes) noexcept {
  void* memory = allocate(count * bytes);
  if (memory && !inside(memory)) std::memset(memory, 0, count * bytes);
  return memory;  // a slot is zeros to begin with
}

void* SessionMemory::reallocate(void* memory, std::size_t bytes) noexcept {
  if (!memory) return allocate(bytes);
  if (!inside(memory)) return std::realloc(memory, bytes);
  void* moved = std::malloc(bytes);
  if (moved) std::memcpy(moved, memory, std::min(bytes, bytes_of(memory)));
  return moved;
}

void SessionMemory::free(void* memory) noexcept {
  if (!inside(memory)) std::free(memory);
}

void SessionMemory::hibernate() {
  if (!slot_ || std::exchange(hibernates_, true)) return;
  for (std::uint32_t i = 0; i < places_used_; ++i) {
    const Place& place = places_[i];
    const std::size_t whole = (place.bytes + sizeof(Word) - 1) / sizeof(Word) * sizeof(Word);
    if (place.bytes < kDeadBytes) pack(packed_, slot_, place.offset, place.offset + whole);
  }
  packed_.shrink_to_fit();
  ::madvise(slot_, kSlotBytes, MADV_DONTNEED);
}

void SessionMemory::wake() {
  if (!std::exchange(hibernates_, false)) return;
  const std::string packed = std::exchange(packed_, {});
  for (std::size_t at = 0; at < packed.size();) {
    Run run;
    std::memcpy(&run, packed.data() + at, sizeof(run));
    at += sizeof(run);
    std::memcpy(slot_ + run.offset, packed.data() + at, run.bytes);
    at += run.bytes;
  }
}

}  // namespace millrace::h2
