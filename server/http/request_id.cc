#include "server/http/request_id.h"

#include <array>
#include <cstdint>

#include "server/http/crypto.h"

namespace millrace::http {
namespace {

std::uint64_t random_start() {
  std::array<std::byte, 8> bytes;
  random_bytes(bytes);
  std::uint64_t start = 0;
  for (std::byte byte : bytes) start = start << 8 | std::to_integer<std::uint64_t>(byte);
  return start;
}

// One step of SplitMix64: a bijection, so a thread's ids never repeat.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

void make_request_id(std::string& id) {
  thread_local std::uint64_t counter = random_start();
  std::uint64_t value = mixed(counter++);
  id.resize(16);
  for (char& digit : id) {
    digit = "0123456789abcdef"[value & 15];
    value >>= 4;
  }
}

}  // namespace millrace::http
