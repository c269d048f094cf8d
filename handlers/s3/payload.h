// The body of an S3 request: its framing comes off as it arrives, and everything the client said of its bytes (the
// signed hash, Content-MD5, a checksum in a field or in a trailer, the length) is compared with them before anybody
// believes them. Slices pass through uncopied.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "handlers/s3/auth.h"
#include "handlers/s3/refusal.h"
#include "media/buckets/bucket.h"
#include "media/buckets/checksum_hasher.h"
#include "server/http/aws_chunked.h"
#include "server/http/message.h"
#include "server/rt/bytes.h"
#include "store/crc.h"

namespace millrace::handlers::s3 {

// What was compared and was right.
struct Verified {
  std::string md5;  // raw; empty when none was sent
  std::vector<media::Checksum> checksums;
};

// What x-amz-checksum-… is a checksum of: the body, or (CompleteMultipartUpload) the object that comes of it.
enum class ChecksumFields : std::uint8_t { kOfBody, kOfObject };

class Payload {
 public:
  // `exchange` and `caller` outlive it. Refuses what the fields alone show to be wrong. `computed`: a checksum to be
  // made of the bytes also when the client sent none.
  static Result<Payload> open(http::Exchange& exchange, const Caller& caller,
                              std::optional<media::ChecksumAlgorithm> computed = std::nullopt,
                              ChecksumFields meaning = ChecksumFields::kOfBody);

  // Of the content, without framing; when known.
  std::optional<std::uint64_t> length() const noexcept { return length_; }
  // The next slices of content; none is the end.
  rt::Task<Result<rt::Slices>> next();
  // After the end: what was sent along, if all of it is true. `crcs` of the content were computed by the one who took
  // it, so that these two cost no second pass.
  Result<Verified> verdict(const store::Checksums& crcs);

 private:
  explicit Payload(http::Exchange& exchange) : exchange_(&exchange) {}
  Status read_framing(const Caller& caller);
  Status read_digests(std::optional<media::ChecksumAlgorithm> computed, ChecksumFields meaning);
  Status read_checksum(std::optional<media::ChecksumAlgorithm> computed);
  void see(const rt::Slice& slice);
  // Nobody computes a checksum that comes as a surprise.
  Status check_unannounced() const;
  Status check_trailer();
  Result<media::Checksum> checksum(const store::Checksums& crcs);

  http::Exchange* exchange_;
  std::optional<http::AwsChunkedDecoder> decoder_;
  std::optional<std::uint64_t> length_;
  std::uint64_t seen_bytes_ = 0;
  std::optional<http::Hasher> sha256_;
  std::string signed_sha256_;  // hexadecimal
  std::optional<http::Hasher> md5_;
  std::string sent_md5_;  // raw
  std::optional<media::ChecksumAlgorithm> algorithm_;
  std::optional<media::ChecksumHasher> hasher_;
  std::optional<std::string> sent_checksum_;  // raw
  bool checksum_in_trailer_ = false;
};

struct Received {
  store::Draft draft;
  Verified verified;
  media::Arrival arrival;  // goes on with the draft
};

// The whole payload into a draft.
rt::Task<Result<Received>> receive(Payload payload, media::Intake intake);

// The whole payload as text; MaxMessageLengthExceeded beyond `bytes_max`.
rt::Task<Result<std::string>> read_document(http::Exchange& exchange, const Caller& caller, std::size_t bytes_max,
                                            ChecksumFields meaning = ChecksumFields::kOfBody);

}  // namespace millrace::handlers::s3
