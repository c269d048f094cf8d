#include "server/rt/bytes.h"

#include <new>

namespace millrace::rt {
namespace {

// Header and bytes in one allocation.
class HeapBytes final : public Owner {
 public:
  static HeapBytes* make(std::span<const std::byte> bytes) {
    void* memory = ::operator new(sizeof(HeapBytes) + bytes.size());
    auto* owner = new (memory) HeapBytes;
    if (!bytes.empty()) std::memcpy(owner->data(), bytes.data(), bytes.size());
    return owner;
  }
  std::byte* data() noexcept { return reinterpret_cast<std::byte*>(this + 1); }

 private:
  void dispose() noexcept override {
    this->~HeapBytes();
    ::operator delete(this);
  }
};

}  // namespace

Slice Slice::copy_of(std::span<const std::byte> bytes) {
  HeapBytes* owner = HeapBytes::make(bytes);
  return {Ref<Owner>::adopt(owner), owner->data(), bytes.size()};
}

Slice Slice::copy_of(std::string_view text) { return copy_of(std::as_bytes(std::span(text.data(), text.size()))); }

std::size_t total_bytes(const Slices& slices) noexcept {
  std::size_t total = 0;
  for (const Slice& slice : slices) total += slice.size();
  return total;
}

}  // namespace millrace::rt
