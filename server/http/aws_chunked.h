// The aws-chunked framing of SigV4 bodies (STREAMING-AWS4-HMAC-SHA256-PAYLOAD, -TRAILER, and
// STREAMING-UNSIGNED-PAYLOAD-TRAILER), taken off as the bytes come in: payload leaves as sub-slices of what arrived,
// framing is copied a line at a time. A chunk's signature is known only at its end, so the payload must not be believed
// before finish().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/crypto.h"
#include "server/http/fields.h"
#include "server/http/sigv4.h"
#include "server/rt/bytes.h"

namespace millrace::http {

inline constexpr std::size_t kChunkLineBytesMax = 1024;  // size and signature, or one trailer field
inline constexpr std::size_t kChunkTrailersMax = 16;

// What the first chunk's signature continues from.
struct ChunkChain {
  Sha256Digest signing_key;
  std::string scope;
  std::string time;  // YYYYMMDDTHHMMSSZ
  std::string seed;  // the request's own signature
};

class AwsChunkedDecoder {
 public:
  // No `chain`: chunks are not signed. `trailers`: fields may follow the last chunk, signed too when chunks are.
  AwsChunkedDecoder(std::optional<ChunkChain> chain, bool trailers);

  // Appends the payload inside `input` to `payload`. kIncompleteBody for broken framing, kSignatureDoesNotMatch for a
  // chunk or trailer that is not what was signed; nothing may be fed after either.
  sigv4::Result<void> feed(rt::Slice input, rt::Slices& payload);
  // When the body has ended: kIncompleteBody unless its last chunk was there.
  sigv4::Result<void> finish() const;

  // Names in lower case; complete once finish() succeeded.
  const Fields& trailers() const noexcept { return trailers_; }

 private:
  enum class Stage : std::uint8_t { kHead, kData, kDataEnd, kTrailer, kDone };

  sigv4::Result<void> take_line(rt::Slice& input);
  sigv4::Result<void> on_line(std::string_view line);
  sigv4::Result<void> on_head(std::string_view line);
  sigv4::Result<void> on_trailer(std::string_view line);
  sigv4::Result<void> end_chunk();
  sigv4::Result<void> end_trailers();
  void take_data(rt::Slice& input, rt::Slices& payload);
  std::string chunk_signature();
  std::string trailer_signature() const;

  const std::optional<ChunkChain> chain_;
  const bool has_trailers_;
  Stage stage_ = Stage::kHead;
  std::string line_;        // of framing, as far as it has come
  std::uint64_t left_ = 0;  // of the chunk
  bool last_ = false;       // the chunk of size zero began
  std::string previous_;    // signature of the chunk before, then of the last
  std::string claimed_;     // signature the chunk came with
  Hasher hasher_{Hasher::Kind::kSha256};
  Fields trailers_;
  std::string trailer_text_;  // as it is signed
  std::optional<std::string> trailer_claim_;
};

}  // namespace millrace::http
