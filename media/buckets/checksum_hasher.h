// The checksum of bytes that come in pieces, for every algorithm S3 names. CRC32 and CRC64NVME come free with every
// Draft; the others cost a pass over the bytes while they go by. A hasher belongs to one stream, on any thread.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "media/buckets/checksum.h"

namespace millrace::media {

class ChecksumHasher {
 public:
  explicit ChecksumHasher(ChecksumAlgorithm algorithm);
  ~ChecksumHasher();
  ChecksumHasher(ChecksumHasher&&) noexcept;
  ChecksumHasher& operator=(ChecksumHasher&&) noexcept;

  ChecksumAlgorithm algorithm() const noexcept { return algorithm_; }
  void update(std::span<const std::byte> piece);
  // Raw bytes as in Checksum::value. Once.
  std::string finish();

  struct Engine;

 private:
  ChecksumAlgorithm algorithm_;
  std::unique_ptr<Engine> engine_;
};

std::string checksum_of(ChecksumAlgorithm algorithm, std::span<const std::byte> bytes);

}  // namespace millrace::media
