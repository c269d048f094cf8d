#include "server/http/aws_chunked.h"

#include <algorithm>
#include <charconv>

namespace millrace::http {
namespace {

using sigv4::Fault;

constexpr std::string_view kSignatureMark = ";chunk-signature=";
constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature";
constexpr std::size_t kSizeDigitsMax = 15;

sigv4::Result<void> broken(std::string_view what) {
  return std::unexpected(sigv4::Failure{Fault::kIncompleteBody, "The chunked body is malformed: " + std::string(what)});
}

sigv4::Result<void> tampered(std::string_view what) {
  return std::unexpected(
      sigv4::Failure{Fault::kSignatureDoesNotMatch, "The signature of the " + std::string(what) + " does not match."});
}

std::string hash_of(std::string_view text) { return hex(sha256(bytes_of(text))); }

std::string_view without_spaces(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

std::string lowered(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  return lower;
}

}  // namespace

AwsChunkedDecoder::AwsChunkedDecoder(std::optional<ChunkChain> chain, bool trailers)
    : chain_(std::move(chain)), has_trailers_(trailers), previous_(chain_ ? chain_->seed : "") {}

sigv4::Result<void> AwsChunkedDecoder::feed(rt::Slice input, rt::Slices& payload) {
  while (!input.empty()) {
    if (stage_ == Stage::kData) {
      take_data(input, payload);
    } else if (stage_ == Stage::kDone) {
      return broken("something follows the last chunk");
    } else if (auto taken = take_line(input); !taken) {
      return taken;
    }
  }
  return {};
}

sigv4::Result<void> AwsChunkedDecoder::finish() const {
  if (stage_ == Stage::kDone) return {};
  return broken("it ends before the last chunk");
}

void AwsChunkedDecoder::take_data(rt::Slice& input, rt::Slices& payload) {
  const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size()));
  payload.push_back(input.take_front(bytes));
  if (chain_) hasher_.update(payload.back().bytes());
  left_ -= bytes;
  if (left_ == 0) stage_ = Stage::kDataEnd;
}

// Up to and with the next LF, or as far as the input goes.
sigv4::Result<void> AwsChunkedDecoder::take_line(rt::Slice& input) {
  const std::string_view text = input.text();
  const std::size_t end = text.find('\n');
  const std::size_t bytes = end == std::string_view::npos ? text.size() : end + 1;
  if (line_.size() + bytes > kChunkLineBytesMax) return broken("a line of it is too long");
  line_.append(text.substr(0, bytes));
  input.take_front(bytes);
  if (end == std::string_view::npos) return {};
  std::string_view line = line_;
  line.remove_suffix(1);
  if (!line.ends_with('\r') && stage_ != Stage::kTrailer) return broken("a line does not end with CRLF");
  if (line.ends_with('\r')) line.remove_suffix(1);
  auto done = on_line(line);
  line_.clear();
  return done;
}

sigv4::Result<void> AwsChunkedDecoder::on_line(std::string_view line) {
  switch (stage_) {
    case Stage::kHead:
      return on_head(line);
    case Stage::kDataEnd:
      if (!line.empty()) return broken("a chunk is longer than it says");
      return end_chunk();
    default:
      return on_trailer(line);
  }
}

sigv4::Result<void> AwsChunkedDecoder::on_head(std::string_view line) {
  const std::string_view digits = line.substr(0, line.find(';'));
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
  if (digits.empty() || digits.size() > kSizeDigitsMax || problem != std::errc() ||
      end != digits.data() + digits.size()) {
    return broken("the size of a chunk is no hexadecimal number");
  }
  if (chain_) {
    const std::string_view extension = line.substr(digits.size());
    if (!extension.starts_with(kSignatureMark)) return broken("a chunk has no signature");
    claimed_ = extension.substr(kSignatureMark.size());
  }
  stage_ = Stage::kData;
  if (left_ > 0) return {};
  last_ = true;
  return end_chunk();
}

sigv4::Result<void> AwsChunkedDecoder::end_chunk() {
  if (chain_) {
    const std::string expected = chunk_signature();
    if (!constant_time_equal(expected, claimed_)) return tampered("chunk");
    previous_ = expected;
  }
  stage_ = last_ ? Stage::kTrailer : Stage::kHead;
  return {};
}

// Some clients end the field before the trailer's signature with an extra LF, which makes an empty line of it.
sigv4::Result<void> AwsChunkedDecoder::on_trailer(std::string_view line) {
  if (line.empty()) {
    const bool signature_follows = chain_ && has_trailers_ && !trailers_.empty() && !trailer_claim_;
    return signature_follows ? sigv4::Result<void>() : end_trailers();
  }
  const std::size_t colon = line.find(':');
  if (!has_trailers_ || colon == std::string_view::npos) return broken("there is no trailer to come");
  const std::string name = lowered(without_spaces(line.substr(0, colon)));
  const std::string_view value = without_spaces(line.substr(colon + 1));
  if (name.empty() || !std::ranges::all_of(name, is_token_character)) return broken("a trailer has no proper name");
  if (trailer_claim_) return broken("a trailer follows the trailer's signature");
  if (name == kTrailerSignature) {
    trailer_claim_ = value;
    return {};
  }
  if (trailers_.size() == kChunkTrailersMax) return broken("there are too many trailers");
  trailers_.add(name, value);
  trailer_text_ += name + ":" + std::string(value) + "\n";
  return {};
}

sigv4::Result<void> AwsChunkedDecoder::end_trailers() {
  if (chain_ && has_trailers_) {
    if (!trailer_claim_ || !constant_time_equal(trailer_signature(), *trailer_claim_)) return tampered("trailer");
  }
  stage_ = Stage::kDone;
  return {};
}

std::string AwsChunkedDecoder::chunk_signature() {
  const std::string text = "AWS4-HMAC-SHA256-PAYLOAD\n" + chain_->time + "\n" + chain_->scope + "\n" + previous_ +
                           "\n" + hash_of("") + "\n" + hex(bytes_of(hasher_.finish()));
  return hex(hmac_sha256(chain_->signing_key, bytes_of(text)));
}

std::string AwsChunkedDecoder::trailer_signature() const {
  const std::string text = "AWS4-HMAC-SHA256-TRAILER\n" + chain_->time + "\n" + chain_->scope + "\n" + previous_ +
                           "\n" + hash_of(trailer_text_);
  return hex(hmac_sha256(chain_->signing_key, bytes_of(text)));
}

}  // namespace millrace::http
