// Bytes of a mapped file that was cut short since: touching them raises SIGBUS, system calls fail with EFAULT.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "server/rt/bytes.h"

namespace millrace::rt {

class LostBytes final : public Owner {
 public:
  // The first `kept_bytes` can still be read; they are 'x'.
  static Slice make(std::size_t bytes, std::size_t kept_bytes = 0) {
    std::string path = std::filesystem::temp_directory_path() / "millrace-lost-XXXXXX";
    const int file = ::mkstemp(path.data());
    ::unlink(path.c_str());
    EXPECT_EQ(::ftruncate(file, static_cast<off_t>(bytes)), 0);
    const std::string text(kept_bytes, 'x');
    EXPECT_EQ(::pwrite(file, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    void* memory = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
    EXPECT_NE(memory, MAP_FAILED);
    EXPECT_EQ(::ftruncate(file, static_cast<off_t>(kept_bytes)), 0);
    ::close(file);
    return {Ref<Owner>::adopt(new LostBytes(memory, bytes)), static_cast<const std::byte*>(memory), bytes};
  }

 private:
  LostBytes(void* memory, std::size_t bytes) : memory_(memory), bytes_(bytes) {}
  void dispose() noexcept override {
    ::munmap(memory_, bytes_);
    delete this;
  }
  void* memory_;
  std::size_t bytes_;
};

}  // namespace millrace::rt
