// A multipart upload of S3 as values: one object on its way in, in numbered parts that come in any order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media/buckets/bucket.h"
#include "media/buckets/checksum.h"
#include "store/store.h"

namespace millrace::media {

inline constexpr std::uint32_t kPartsMax = 10'000;
inline constexpr std::uint64_t kPartMinBytes = 5ull << 20;  // but for the last
inline constexpr std::uint64_t kPartMaxBytes = 5ull << 30;

struct MultipartRef {
  std::string tenant;
  std::string bucket;
  std::string key;
  std::string id;
  auto operator<=>(const MultipartRef&) const = default;
};

enum class MultipartState : std::uint8_t {
  kOpen,
  kSealed,     // being completed or aborted; a part that comes calls that off
  kCompleted,  // kept for a while to answer a repeat
};

struct Multipart {
  MultipartRef ref;
  MultipartState state = MultipartState::kOpen;
  ObjectHeaders headers;
  Tags tags;
  std::optional<ChecksumAlgorithm> algorithm;  // that every part is sent with
  bool composite = false;                      // the whole's checksum is one of the parts' checksums
  std::int64_t created_ms = 0;
  std::int64_t swept_ms = 0;    // its place in the index by expiry
  std::string completed_parts;  // when completed: what was asked for, to know a repeat
  BucketObject completed;       // when completed: what was answered
  store::Revision revision = 0;
};

struct MultipartPart {
  std::uint32_t number = 0;
  store::ObjectId object;
  std::uint64_t size_bytes = 0;
  std::uint32_t crc32 = 0;
  std::uint64_t crc64nvme = 0;
  std::string etag;
  std::vector<Checksum> checksums;
  std::int64_t modified_ms = 0;
  store::Revision revision = 0;
};

}  // namespace millrace::media
