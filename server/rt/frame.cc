#include "server/rt/frame.h"

#include <array>
#include <new>
#include <utility>

namespace millrace::rt {
namespace {

constexpr std::size_t kClassStepBytes = 64;
constexpr std::size_t kLargestKeptBytes = 2048;
constexpr std::size_t kClasses = kLargestKeptBytes / kClassStepBytes;
constexpr std::size_t kFramesKept = 512;

struct FreeFrame {
  FreeFrame* next;
};

struct SizeClass {
  FreeFrame* head = nullptr;
  std::size_t count = 0;
};

struct FrameCache {
  std::array<SizeClass, kClasses> classes;
  ~FrameCache() {
    for (auto& size_class : classes) {
      while (size_class.head) ::operator delete(std::exchange(size_class.head, size_class.head->next));
      size_class.count = kFramesKept;  // frames freed after this thread's cache died go straight back
    }
  }
};

std::size_t class_of(std::size_t bytes) { return (bytes + kClassStepBytes - 1) / kClassStepBytes - 1; }

FrameCache& cache() {
  thread_local FrameCache instance;
  return instance;
}

}  // namespace

void* allocate_frame(std::size_t bytes) {
  if (bytes > kLargestKeptBytes) return ::operator new(bytes);
  const std::size_t index = class_of(bytes);
  auto& size_class = cache().classes[index];
  if (!size_class.head) return ::operator new((index + 1) * kClassStepBytes);
  --size_class.count;
  FreeFrame* frame = size_class.head;
  size_class.head = frame->next;
  return frame;
}

void free_frame(void* frame, std::size_t bytes) noexcept {
  if (bytes > kLargestKeptBytes) return ::operator delete(frame);
  auto& size_class = cache().classes[class_of(bytes)];
  if (size_class.count >= kFramesKept) return ::operator delete(frame);
  size_class.head = new (frame) FreeFrame{size_class.head};
  ++size_class.count;
}

}  // namespace millrace::rt
