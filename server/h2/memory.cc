#include "server/h2/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace millrace::h2 {
namespace {

constexpr std::size_t kAlignBytes = 64;
constexpr std::size_t kClassStepBytes = 32;
// Of one size, so that a burst is remembered and a flood forgotten.
constexpr std::size_t kBlocksKept = 1024;
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

// Stands in front of each block.
struct alignas(16) SmallPool::Header {
  std::size_t size_class;  // kClasses: too large for a list
  Header* next;
};

SmallPool::~SmallPool() {
  for (FreeList& list : lists_) {
    while (list.first) std::free(std::exchange(list.first, list.first->next));
  }
}

void* SmallPool::take(std::size_t bytes) noexcept {
  const std::size_t size_class = std::min((bytes + kClassStepBytes - 1) / kClassStepBytes, kClasses);
  if (size_class < kClasses && lists_[size_class].first) {
    FreeList& list = lists_[size_class];
    --list.count;
    return std::exchange(list.first, list.first->next) + 1;
  }
  const std::size_t whole = size_class < kClasses ? size_class * kClassStepBytes : bytes;
  void* memory = std::malloc(sizeof(Header) + whole);
  return memory ? new (memory) Header{size_class, nullptr} + 1 : nullptr;
}

void* SmallPool::resize(void* memory, std::size_t bytes) noexcept {
  Header* header = static_cast<Header*>(memory) - 1;
  if (header->size_class == kClasses) {
    void* resized = std::realloc(header, sizeof(Header) + bytes);
    return resized ? static_cast<Header*>(resized) + 1 : nullptr;
  }
  const std::size_t held = header->size_class * kClassStepBytes;
  if (bytes <= held) return memory;
  void* moved = take(bytes);
  if (!moved) return nullptr;
  std::memcpy(moved, memory, held);
  give_back(memory);
  return moved;
}

void SmallPool::give_back(void* memory) noexcept {
  if (!memory) return;
  Header* header = static_cast<Header*>(memory) - 1;
  if (header->size_class == kClasses || lists_[header->size_class].count >= kBlocksKept) return std::free(header);
  FreeList& list = lists_[header->size_class];
  header->next = std::exchange(list.first, header);
  ++list.count;
}

SessionMemory::SessionMemory(SlotPool& slots, SmallPool& small) : slots_(slots), small_(small), slot_(slots.take()) {}

SessionMemory::~SessionMemory() {
  if (slot_) slots_.give_back(slot_);
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
  if (bytes < kSlotSmallestBytes || !fits) return small_.take(bytes);
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
  if (!inside(memory)) return small_.resize(memory, bytes);
  void* moved = small_.take(bytes);
  if (moved) std::memcpy(moved, memory, std::min(bytes, bytes_of(memory)));
  return moved;
}

void SessionMemory::free(void* memory) noexcept {
  if (!inside(memory)) small_.give_back(memory);
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
