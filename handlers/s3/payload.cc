#include "handlers/s3/payload.h"

#include <algorithm>

#include "handlers/s3/checksum_names.h"
#include "server/rt/text.h"

namespace millrace::handlers::s3 {
namespace {

using media::ChecksumAlgorithm;

constexpr std::string_view kSigned = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
constexpr std::string_view kSignedTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
constexpr std::string_view kUnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";
constexpr std::size_t kMd5Bytes = 16;

bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// "x-amz-checksum-crc32" to CRC32; nothing for the fields around checksums.
Result<std::optional<ChecksumAlgorithm>> algorithm_of_field(std::string_view name) {
  if (!name.starts_with(kChecksumPrefix)) return std::nullopt;
  const std::string_view word = name.substr(kChecksumPrefix.size());
  if (word == "algorithm" || word == "type" || word == "mode") return std::nullopt;
  const auto algorithm = algorithm_named(word);
  if (!algorithm) return refuse(reasons::kInvalidRequest, "The checksum " + std::string(name) + " is not known.");
  return algorithm;
}

Result<std::string> raw_checksum(ChecksumAlgorithm algorithm, std::string_view base64) {
  auto raw = http::base64_decode(base64);
  if (!raw || raw->size() != media::digest_bytes(algorithm)) {
    return refuse(reasons::kInvalidRequest,
                  "The value of the checksum " + std::string(word(algorithm)) + " is invalid.");
  }
  return std::move(*raw);
}

}  // namespace

Result<Payload> Payload::open(http::Exchange& exchange, const Caller& caller, std::optional<ChecksumAlgorithm> computed,
                              ChecksumFields meaning) {
  Payload payload(exchange);
  if (auto framing = payload.read_framing(caller); !framing) return pass(framing);
  if (auto digests = payload.read_digests(computed, meaning); !digests) return pass(digests);
  return payload;
}

Status Payload::read_framing(const Caller& caller) {
  const http::Fields& fields = exchange_->request.fields;
  const std::string& hash = caller.signature.payload_hash;
  length_ = exchange_->body.length();
  if (hash == http::sigv4::kUnsignedPayload || is_sha256(hash)) {
    if (fields.get("content-encoding").value_or("").find("aws-chunked") != std::string_view::npos) {
      return refuse(reasons::kNotImplemented, "aws-chunked needs x-amz-content-sha256 to say how it is signed.");
    }
    if (hash == http::sigv4::kUnsignedPayload) return {};
    signed_sha256_ = hash;
    sha256_.emplace(http::Hasher::Kind::kSha256);
    return {};
  }
  const bool is_signed = hash == kSigned || hash == kSignedTrailer;
  if (!is_signed && hash != kUnsignedTrailer) {
    const Reason reason = hash.starts_with("STREAMING-") ? reasons::kNotImplemented : reasons::kInvalidArgument;
    return refuse(reason, "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, a known STREAMING- value, or a SHA-256.");
  }
  const auto decoded = fields.get("x-amz-decoded-content-length");
  if (!decoded) return refuse(reasons::kMissingContentLength, "You must provide x-amz-decoded-content-length.");
  length_ = rt::whole_number<std::uint64_t>(*decoded);
  if (!length_) return refuse(reasons::kInvalidArgument, "x-amz-decoded-content-length is no number.");
  std::optional<http::ChunkChain> chain;
  if (is_signed) {
    chain = http::ChunkChain{caller.signing_key, caller.signature.scope(), caller.signature.time,
                             caller.signature.signature};
  }
  decoder_.emplace(std::move(chain), hash != kSigned);
  return {};
}

Status Payload::read_digests(std::optional<ChecksumAlgorithm> computed, ChecksumFields meaning) {
  if (const auto sent = exchange_->request.fields.get("content-md5")) {
    const auto raw = http::base64_decode(*sent);
    if (!raw || raw->size() != kMd5Bytes) {
      return refuse(reasons::kInvalidDigest, "The Content-MD5 you specified was invalid.");
    }
    sent_md5_ = *raw;
    md5_.emplace(http::Hasher::Kind::kMd5);
  }
  if (meaning == ChecksumFields::kOfObject) return {};
  if (auto read = read_checksum(computed); !read) return read;
  const bool comes_free = algorithm_ == ChecksumAlgorithm::kCrc32 || algorithm_ == ChecksumAlgorithm::kCrc64Nvme;
  if (algorithm_ && !comes_free) hasher_.emplace(*algorithm_);
  return {};
}

Status Payload::read_checksum(std::optional<ChecksumAlgorithm> computed) {
  const http::Fields& fields = exchange_->request.fields;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto algorithm = algorithm_of_field(fields[i].name);
    if (!algorithm) return std::unexpected(algorithm.error());
    if (!*algorithm) continue;
    if (algorithm_) return refuse(reasons::kInvalidRequest, "Expecting a single x-amz-checksum- header.");
    auto raw = raw_checksum(**algorithm, fields[i].value);
    if (!raw) return pass(raw);
    algorithm_ = *algorithm;
    sent_checksum_ = std::move(*raw);
  }
  if (const auto trailer = fields.get("x-amz-trailer"); trailer && decoder_) {
    const auto algorithm = algorithm_of_field(*trailer);
    if (!algorithm) return std::unexpected(algorithm.error());
    if (!*algorithm || algorithm_) {
      return refuse(reasons::kInvalidRequest, "The value specified in the x-amz-trailer header is not supported.");
    }
    algorithm_ = *algorithm;
    checksum_in_trailer_ = true;
  }
  if (!algorithm_) algorithm_ = computed;
  return {};
}

void Payload::see(const rt::Slice& slice) {
  seen_bytes_ += slice.size();
  if (sha256_) sha256_->update(slice.bytes());
  if (md5_) md5_->update(slice.bytes());
  if (hasher_) hasher_->update(slice.bytes());
}

rt::Task<Result<rt::Slices>> Payload::next() {
  rt::Slices content;
  while (content.empty()) {
    auto slice = co_await exchange_->body.next();
    if (!slice) co_return pass(slice);
    if (slice->empty()) break;
    if (!decoder_) {
      content.push_back(std::move(*slice));
    } else if (auto fed = decoder_->feed(std::move(*slice), content); !fed) {
      co_return std::unexpected(Refusal(fed.error()));
    }
  }
  for (const rt::Slice& slice : content) see(slice);
  if (length_ && seen_bytes_ > *length_) {
    co_return refuse(reasons::kIncompleteBody, "The body has more bytes than the request said.");
  }
  co_return content;
}

Result<Verified> Payload::verdict(const store::Checksums& crcs) {
  if (decoder_) {
    if (auto ended = decoder_->finish(); !ended) return std::unexpected(Refusal(ended.error()));
  }
  if (length_ && seen_bytes_ != *length_) {
    return refuse(reasons::kIncompleteBody, "You did not provide the number of bytes specified by the length header.");
  }
  if (sha256_ && http::hex(http::bytes_of(sha256_->finish())) != signed_sha256_) {
    return refuse(reasons::kPayloadMismatch,
                  "The provided 'x-amz-content-sha256' header does not match what was computed.");
  }
  if (md5_ && md5_->finish() != sent_md5_) {
    return refuse(reasons::kBadDigest, "The Content-MD5 you specified did not match what we received.");
  }
  Verified verified;
  verified.md5 = sent_md5_;
  if (auto trailer = check_trailer(); !trailer) return pass(trailer);
  if (!algorithm_) return verified;
  auto computed = checksum(crcs);
  if (!computed) return pass(computed);
  verified.checksums.push_back(std::move(*computed));
  return verified;
}

Status Payload::check_unannounced() const {
  const http::Fields& trailers = decoder_->trailers();
  for (std::size_t i = 0; i < trailers.size(); ++i) {
    const auto algorithm = algorithm_of_field(trailers[i].name);
    if (!algorithm) return std::unexpected(algorithm.error());
    if (*algorithm && !(checksum_in_trailer_ && *algorithm == algorithm_)) {
      return refuse(reasons::kInvalidRequest, "A checksum came in the trailer that x-amz-trailer did not announce.");
    }
  }
  return {};
}

Status Payload::check_trailer() {
  if (!decoder_) return {};
  if (auto known = check_unannounced(); !known) return known;
  if (!checksum_in_trailer_) return {};
  const auto value = decoder_->trailers().get(checksum_field(*algorithm_));
  if (!value) return refuse(reasons::kInvalidRequest, "The trailer that x-amz-trailer announced did not come.");
  auto raw = raw_checksum(*algorithm_, *value);
  if (!raw) return pass(raw);
  sent_checksum_ = std::move(*raw);
  return {};
}

Result<media::Checksum> Payload::checksum(const store::Checksums& crcs) {
  media::Checksum computed;
  if (*algorithm_ == ChecksumAlgorithm::kCrc32) {
    computed = media::crc32_checksum(crcs.crc32);
  } else if (*algorithm_ == ChecksumAlgorithm::kCrc64Nvme) {
    computed = media::crc64nvme_checksum(crcs.crc64nvme);
  } else {
    computed = media::Checksum{*algorithm_, hasher_->finish()};
  }
  if (sent_checksum_ && *sent_checksum_ != computed.value) {
    return refuse(reasons::kBadDigest,
                  "The " + std::string(word(*algorithm_)) + " you specified did not match the calculated checksum.");
  }
  return computed;
}

rt::Task<Result<Received>> receive(Payload payload, media::Intake intake) {
  std::uint64_t bytes = 0;
  for (;;) {
    auto slices = co_await payload.next();
    if (!slices) co_return pass(slices);
    if (slices->empty()) break;
    for (rt::Slice& slice : *slices) {
      bytes += slice.size();
      intake.arrival.advance(slice.size());
      if (bytes > intake.bytes_max) {
        co_return refuse(reasons::kEntityTooLarge, "Your proposed upload exceeds the maximum allowed object size.");
      }
      auto appended = co_await intake.writer->append(std::move(slice));
      if (!appended) co_return pass(appended);
    }
  }
  auto draft = co_await intake.writer->finish();
  if (!draft) co_return pass(draft);
  auto verified = payload.verdict({draft->crc32(), draft->crc64nvme()});
  if (!verified) co_return pass(verified);
  co_return Received{std::move(*draft), std::move(*verified), std::move(intake.arrival)};
}

rt::Task<Result<std::string>> read_document(http::Exchange& exchange, const Caller& caller, std::size_t bytes_max,
                                            ChecksumFields meaning) {
  auto payload = Payload::open(exchange, caller, std::nullopt, meaning);
  if (!payload) co_return pass(payload);
  std::string text;
  for (;;) {
    auto slices = co_await payload->next();
    if (!slices) co_return pass(slices);
    if (slices->empty()) break;
    const std::size_t bytes = rt::total_bytes(*slices);
    if (text.size() + bytes > bytes_max) co_return refuse(reasons::kMaxMessageLength, "Your request was too big.");
    if (!exchange.text.add(bytes)) co_return refuse(reasons::kSlowDown, "Please reduce your request rate.");
    for (const rt::Slice& slice : *slices) text += slice.text();
  }
  store::Checksums crcs;
  crcs.update(http::bytes_of(text));
  auto verified = payload->verdict(crcs);
  if (!verified) co_return pass(verified);
  co_return text;
}

}  // namespace millrace::handlers::s3
