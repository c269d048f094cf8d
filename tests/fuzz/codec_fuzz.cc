// Values of segments and index from bytes that nobody vouches for: what a decoder accepts must survive being encoded
// and decoded again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/codec.h"

namespace {

using namespace millrace::store;

template <class Decode>
void round_trip(std::string_view bytes, Decode decode) {
  const auto value = decode(bytes);
  if (!value) return;
  const std::string once = encode(*value);
  const auto again = decode(once);
  if (!again || encode(*again) != once) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0:
      round_trip(bytes, decode_chunk);
      break;
    case 1:
      round_trip(bytes, decode_chunk_entry);
      break;
    case 2:
      round_trip(bytes, decode_object);
      break;
    case 3:
      round_trip(bytes, decode_record);
      break;
    case 4:
      round_trip(bytes, decode_commit_group);
      break;
    default:
      round_trip(bytes, decode_applied);
      break;
  }
  return 0;
}
