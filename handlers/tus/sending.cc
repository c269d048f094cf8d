#include "handlers/tus/sending.h"

#include <algorithm>
#include <vector>

#include "handlers/tus/envelope.h"
#include "handlers/tus/resource.h"
#include "media/buckets/checksum_hasher.h"
#include "server/rt/text.h"

namespace millrace::handlers::tus {
namespace {

constexpr const char* kChecksumField = "upload-checksum";

// Computes the checksum as bytes pass; one in the trailer may have any algorithm until it is there.
class Verifier {
 public:
  explicit Verifier(const Piece& piece) : claimed_(piece.checksum), follows_(piece.checksum_follows) {
    if (claimed_) hashers_.emplace_back(claimed_->algorithm);
    if (!follows_) return;
    for (const auto algorithm : media::kChecksumAlgorithms) hashers_.emplace_back(algorithm);
  }

  bool is_needed() const noexcept { return !hashers_.empty(); }
  void update(std::span<const std::byte> bytes) {
    for (auto& hasher : hashers_) hasher.update(bytes);
  }
  // After the last byte.
  rt::Result<bool> holds(const http::Fields& trailers) {
    if (follows_) {
      const auto field = trailers.get(kChecksumField);
      if (!field) return rt::fail(rt::Code::kInvalid, "the trailer has no checksum", kChecksumField);
      auto claimed = parse_checksum(*field);
      if (!claimed) return std::unexpected(claimed.error());
      claimed_ = std::move(*claimed);
    }
    if (!claimed_) return true;
    const auto hasher = std::ranges::find(hashers_, claimed_->algorithm, &media::ChecksumHasher::algorithm);
    return hasher->finish() == claimed_->value;
  }

 private:
  std::optional<media::Checksum> claimed_;
  const bool follows_;
  std::vector<media::ChecksumHasher> hashers_;
};

// Tells how much is durable, so that the sender need not keep it.
class Progress {
 public:
  Progress(http::Exchange& exchange, const Piece& piece) : exchange_(exchange), told_(piece.offset) {
    is_wanted_ = piece.tells_progress;
  }
  void tell(std::uint64_t kept_bytes) {
    if (!is_wanted_ || kept_bytes <= told_) return;
    told_ = kept_bytes;
    http::Fields fields;
    fields.add("upload-offset", std::to_string(kept_bytes));
    fields.add("upload-draft-interop-version", std::to_string(kInteropVersion));
    exchange_.inform(104, fields);
  }

 private:
  http::Exchange& exchange_;
  std::uint64_t told_;
  bool is_wanted_;
};

rt::Task<rt::Status> pour(Services& services, http::Exchange& exchange, const Piece& piece, media::Receiver& receiver,
                          Verifier& verifier) {
  Progress progress(exchange, piece);
  const std::uint64_t end_max = bytes_max(services, piece.tenant);
  for (;;) {
    auto slice = co_await exchange.body.next();
    if (!slice) co_return rt::pass(slice);
    if (slice->empty()) co_return rt::Status();
    if (slice->size() > end_max - std::min(end_max, receiver.position())) {
      co_return rt::fail(rt::Code::kTooLarge, "an upload may have " + std::to_string(end_max) + " bytes at most");
    }
    verifier.update(slice->bytes());
    auto appended = co_await receiver.append(std::move(*slice));
    if (!appended) co_return appended;
    progress.tell(receiver.kept_bytes());
  }
}

bool ends_file(const media::Receiver& receiver, const Piece& piece) {
  if (piece.end == Piece::End::kMore) return false;
  const bool reached = receiver.total_bytes() == receiver.position();
  return piece.end == Piece::End::kFile ? reached || !receiver.total_bytes() : reached;
}

rt::Task<rt::Result<media::Upload>> finish(media::Receiver& receiver, const Piece& piece, bool good) {
  if (!good) return receiver.finish(false);
  return ends_file(receiver, piece) ? receiver.finish(true) : receiver.finish_piece();
}

bool announces_checksum(std::string_view trailer_field) {
  for (std::string_view rest = trailer_field; !rest.empty();) {
    std::string_view name = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(name.size() + 1, rest.size()));
    if (rt::same_word(rt::trimmed(name), kChecksumField)) return true;
  }
  return false;
}

}  // namespace

rt::Error named(rt::Error error) {
  if (error.field == "fileSize") error.field = "upload-length";
  if (error.field == "pieces") error.field = "upload-concat";
  if (error.field == "fileName" || error.field == "metadata") error.field = "upload-metadata";
  return error;
}

rt::Status read_checksum(const http::Request& request, Piece& piece) {
  const auto field = single(request.fields, kChecksumField);
  if (!field) return std::unexpected(field.error());
  piece.checksum_follows = !*field && announces_checksum(request.fields.get("trailer").value_or(""));
  if (!*field) return {};
  auto claimed = parse_checksum(**field);
  if (!claimed) return std::unexpected(claimed.error());
  piece.checksum = std::move(*claimed);
  return {};
}

rt::Task<rt::Result<Received>> receive(Services& services, http::Exchange& exchange, Piece piece) {
  http::Body& body = exchange.body;
  auto evict = [&body] { body.fail({rt::Code::kConflict, "a newer transfer of this upload took over"}); };
  auto receiver = co_await services.uploads.open_receiver(piece.tenant, piece.id, piece.offset, evict,
                                                          piece.total_bytes, media::Placing::kAppend);
  if (!receiver) co_return rt::pass(receiver);
  Verifier verifier(piece);
  if (verifier.is_needed()) (*receiver)->hold_back();
  const rt::Status poured = co_await pour(services, exchange, piece, **receiver, verifier);
  const rt::Result<bool> holds = poured ? verifier.holds(body.trailers()) : false;
  auto upload = co_await finish(**receiver, piece, poured && holds && *holds);
  if (!poured) co_return std::unexpected(poured.error());
  if (!holds) co_return std::unexpected(holds.error());
  if (!upload) co_return rt::pass(upload);
  if (*holds && piece.end == Piece::End::kFile && !upload->whole) {
    co_return rt::fail(rt::Code::kInvalid, "the file does not end where it was announced to", "upload-length");
  }
  if (*holds && upload->whole) upload = co_await services.uploads.advance(piece.tenant, piece.id);
  if (!upload) co_return rt::pass(upload);
  co_return Received{std::move(*upload), !*holds};
}

rt::Task<http::Response> explain(Services& services, Piece piece, rt::Error error) {
  if (error.code == rt::Code::kConflict) {
    const auto upload = co_await services.uploads.get(piece.tenant, piece.id);
    if (upload && is_open(*upload) && upload->bytes_received != piece.offset) {
      co_return wrong_offset(*upload, piece.offset);
    }
  }
  http::Response response = refuse(named(std::move(error)));
  if (response.status == 413) response.fields.add("upload-limit", limits_of(services, piece.tenant, nullptr));
  co_return response;
}

}  // namespace millrace::handlers::tus
