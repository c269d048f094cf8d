// Bytes in motion: a Slice references a run of bytes and keeps its owner alive. Body bytes travel from the socket to
// the store and back as Slices, never copied. Owners are reference counted and thread-safe; a Slice itself belongs to
// one thread at a time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace millrace::rt {

// What keeps a run of bytes alive: a receive Block, a mapped segment, a string. Starts with one reference.
class Owner {
 public:
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) dispose();
  }
  bool unique() const noexcept { return references_.load(std::memory_order_acquire) == 1; }

 protected:
  Owner() = default;
  virtual ~Owner() = default;
  // Last reference gone; deletes the owner or gives it back to its pool. Any thread.
  virtual void dispose() noexcept = 0;
  void revive() noexcept { references_.store(1, std::memory_order_relaxed); }

 private:
  std::atomic<std::uint32_t> references_{1};
};

// A counted reference to an Owner (or a class derived from it).
template <class T>
class Ref {
 public:
  Ref() noexcept = default;
  static Ref adopt(T* owner) noexcept {  // takes over the reference the caller holds
    Ref ref;
    ref.owner_ = owner;
    return ref;
  }
  static Ref share(T* owner) noexcept {
    if (owner) owner->retain();
    return adopt(owner);
  }
  Ref(const Ref& other) noexcept : owner_(other.owner_) {
    if (owner_) owner_->retain();
  }
  Ref(Ref&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(owner_, other.owner_);
    return *this;
  }
  ~Ref() {
    if (owner_) owner_->release();
  }
  T* get() const noexcept { return owner_; }
  T* operator->() const noexcept { return owner_; }
  T& operator*() const noexcept { return *owner_; }
  explicit operator bool() const noexcept { return owner_ != nullptr; }

 private:
  T* owner_ = nullptr;
};

// A run of bytes and the reference that keeps it alive. No owner: the bytes are static.
class Slice {
 public:
  Slice() noexcept = default;
  Slice(Ref<Owner> owner, const std::byte* data, std::size_t size) noexcept
      : owner_(std::move(owner)), data_(data), size_(size) {}
  static Slice of_static(std::string_view text) noexcept {
    return {{}, reinterpret_cast<const std::byte*>(text.data()), text.size()};
  }
  static Slice copy_of(std::span<const std::byte> bytes);
  static Slice copy_of(std::string_view text);

  const std::byte* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  std::string_view text() const noexcept { return {reinterpret_cast<const char*>(data_), size_}; }

  // Shares the owner. `offset + length` must lie inside.
  Slice part(std::size_t offset, std::size_t length) const noexcept { return {owner_, data_ + offset, length}; }
  // Cuts off and returns the first `length` bytes.
  Slice take_front(std::size_t length) noexcept {
    Slice front = part(0, length);
    data_ += length;
    size_ -= length;
    return front;
  }
  // True when `next` continues this slice in the same owner; then they can be merged by `extend`.
  bool continues_with(const Slice& next) const noexcept {
    return owner_.get() == next.owner_.get() && data_ + size_ == next.data_;
  }
  void extend(std::size_t length) noexcept { size_ += length; }

 private:
  Ref<Owner> owner_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

using Slices = std::vector<Slice>;

std::size_t total_bytes(const Slices& slices) noexcept;

}  // namespace millrace::rt
