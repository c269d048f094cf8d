// Uploads of pieces: several uploads, sent in parallel, whose bytes become one file. Each piece knows what it is for,
// so whichever ends last makes the file; the bytes move from record to record as the objects they already are.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "media/records/codec.h"
#include "media/records/id.h"
#include "media/records/keys.h"
#include "media/records/records.h"
#include "media/tenants/tenants.h"
#include "media/uploads/uploads.h"

namespace millrace::media {
namespace {

using rt::Code;

constexpr int kChangeRounds = 16;

rt::Status check_pieces(const std::vector<std::string>& ids) {
  const bool distinct = std::set<std::string_view>(ids.begin(), ids.end()).size() == ids.size();
  if (!ids.empty() && ids.size() <= kPiecesMax && distinct) return {};
  return rt::fail(Code::kInvalid, fmt::format("1 to {} different pieces make a file", kPiecesMax), "pieces");
}

rt::Status check_usable(const Upload& piece) {
  if (!piece.is_piece) return rt::fail(Code::kInvalid, "upload " + piece.id + " is not a piece", "pieces");
  if (is_open(piece)) return {};
  return rt::fail(Code::kConflict, "piece " + piece.id + " is " + std::string(word(piece.state)), "pieces");
}

// Nothing while the size of one is not known.
std::optional<std::uint64_t> size_of(const std::vector<Upload>& pieces) {
  std::uint64_t bytes = 0;
  for (const Upload& piece : pieces) {
    const auto expected = expected_bytes(piece);
    if (!expected || *expected > UINT64_MAX - bytes) return std::nullopt;
    bytes += *expected;
  }
  return bytes;
}

bool is_too_large(std::uint64_t bytes, const Tenant& owner) {
  return owner.upload_max_bytes > 0 && bytes > owner.upload_max_bytes;
}

void put_upload(store::Transaction& transaction, const Upload& upload) {
  const std::string key = keys::upload(upload.tenant, upload.id);
  transaction.require(key, upload.revision);
  transaction.put(key, encode(upload));
}

}  // namespace

rt::Task<rt::Result<std::vector<Upload>>> Uploads::load_pieces(std::string tenant, std::vector<std::string> ids) {
  std::vector<Upload> pieces;
  for (const std::string& id : ids) {
    auto piece = co_await load(tenant, id);
    if (!piece && piece.error().code == Code::kNotFound) {
      co_return rt::fail(Code::kInvalid, "there is no piece " + id, "pieces");
    }
    if (!piece) co_return rt::pass(piece);
    pieces.push_back(std::move(*piece));
  }
  co_return pieces;
}

// What the same pieces were joined into, if the answer to that was lost.
rt::Task<rt::Result<std::optional<Upload>>> Uploads::joined_before(std::vector<Upload> pieces,
                                                                   std::vector<std::string> ids) {
  for (const Upload& piece : pieces) {
    if (!piece.is_piece || piece.joined_into.empty()) continue;
    auto joined = co_await load(piece.tenant, piece.joined_into);
    if (!joined && joined.error().code == Code::kNotFound) continue;
    if (!joined) co_return rt::pass(joined);
    if (joined->pieces == ids && (is_open(*joined) || joined->state == UploadState::kCompleted)) co_return *joined;
    if (is_open(*joined)) {
      co_return rt::fail(Code::kConflict, "piece " + piece.id + " is for upload " + joined->id, "pieces");
    }
  }
  co_return std::nullopt;
}

rt::Task<rt::Result<Upload>> Uploads::concatenate(std::string tenant, NewUpload input, std::vector<std::string> ids) {
  auto owner = tenants_.tenant(tenant);
  if (!owner) co_return rt::pass(owner);
  auto good = co_await check_input(tenant, input);
  if (good) good = check_pieces(ids);
  if (!good) co_return rt::pass(good);
  for (int round = 0; round < kChangeRounds; ++round) {
    auto pieces = co_await load_pieces(tenant, ids);
    if (!pieces) co_return rt::pass(pieces);
    auto before = co_await joined_before(*pieces, ids);
    if (!before) co_return rt::pass(before);
    if (*before) co_return co_await advance(tenant, (*before)->id);
    for (const Upload& piece : *pieces) {
      if (auto usable = check_usable(piece); !usable) co_return rt::pass(usable);
    }
    input.declared_bytes = size_of(*pieces);
    if (is_too_large(input.declared_bytes.value_or(0), *owner)) {
      co_return rt::fail(Code::kTooLarge, "the file is larger than allowed", "fileSize");
    }
    auto upload = announce(tenant, input, *owner);
    upload.pieces = ids;
    store::Transaction transaction;
    put_new(transaction, upload);
    for (Upload& piece : *pieces) {
      piece.joined_into = upload.id;
      put_upload(transaction, piece);
    }
    auto committed = co_await store_.commit(std::move(transaction));
    if (committed) co_return co_await advance(std::move(tenant), std::move(upload.id));
    if (committed.error().code != Code::kConflict) co_return rt::pass(committed);
  }
  co_return rt::fail(Code::kUnavailable, "the pieces are changed too often");
}

rt::Task<rt::Result<Upload>> Uploads::advance(std::string tenant, std::string id) {
  auto upload = co_await load(tenant, id);
  if (!upload || !is_open(*upload)) co_return upload;
  if (upload->is_piece) {
    if (!upload->whole || upload->joined_into.empty()) co_return upload;
    auto joined = co_await advance(tenant, upload->joined_into);
    if (!joined && !is_lost(joined.error())) co_return joined;
    co_return co_await load(std::move(tenant), std::move(id));
  }
  if (is_joined(*upload) && !upload->whole) upload = co_await assemble(std::move(*upload));
  if (!upload || !is_open(*upload) || !upload->whole || !upload->completes_itself) co_return upload;
  auto completed = co_await complete(tenant, id, {});
  if (completed) co_return std::move(completed->upload);
  // Sent anew or cancelled meanwhile: that is how it then is.
  if (completed.error().code == Code::kConflict) co_return co_await load(std::move(tenant), std::move(id));
  co_return rt::pass(completed);
}

// The upload with the bytes of its pieces, or as it is while one of them is not whole.
rt::Task<rt::Result<Upload>> Uploads::assemble(Upload upload) {
  for (int round = 0; round < kChangeRounds; ++round) {
    auto pieces = co_await load_pieces(upload.tenant, upload.pieces);
    const bool gone = pieces ? !std::ranges::all_of(*pieces, is_open) : pieces.error().code == Code::kInvalid;
    if (!pieces && !gone) co_return rt::pass(pieces);
    auto current = co_await load(upload.tenant, upload.id);
    if (!current || !is_open(*current) || current->whole) co_return current;
    if (!gone && !std::ranges::all_of(*pieces, &Upload::whole)) co_return current;
    auto moved = gone ? end(std::move(*current), UploadState::kFailed, "one of its pieces is gone", {})
                      : move_bytes(std::move(*current), std::move(*pieces));
    auto result = co_await std::move(moved);
    if (result || result.error().code != Code::kConflict) co_return result;
  }
  co_return rt::fail(Code::kUnavailable, "the pieces are changed too often");
}

rt::Task<rt::Result<Upload>> Uploads::move_bytes(Upload upload, std::vector<Upload> pieces) {
  auto owner = tenants_.tenant(upload.tenant);
  if (!owner) co_return rt::pass(owner);
  if (is_too_large(size_of(pieces).value_or(UINT64_MAX), *owner)) {
    co_return co_await end(std::move(upload), UploadState::kFailed, "the file is larger than allowed", {});
  }
  store::Transaction transaction;
  for (Upload& piece : pieces) {
    upload.parts.insert(upload.parts.end(), piece.parts.begin(), piece.parts.end());
    upload.bytes_received += piece.bytes_received;
    piece.parts.clear();
    piece.state = UploadState::kCompleted;
    put_upload(transaction, piece);
    transaction.erase(keys::open_upload(piece.swept_ms, piece.tenant, piece.id));
  }
  upload.whole = true;
  upload.state = UploadState::kUploading;
  upload.updated_ms = clock_();
  upload.expires_ms = upload.updated_ms + owner->upload_idle_seconds * 1000;
  put_upload(transaction, upload);
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  upload.revision = *committed;
  co_return upload;
}

// Pieces of one file live as long as the last of them: an activity on one is an activity on all.
rt::Task<rt::Result<std::int64_t>> Uploads::last_expiry(const Upload& upload) {
  std::int64_t last_ms = upload.expires_ms;
  if (upload.expires_ms > clock_()) co_return last_ms;
  std::vector<std::string> ids = upload.pieces;
  if (!upload.joined_into.empty()) {
    auto joined = co_await load(upload.tenant, upload.joined_into);
    if (!joined && !is_lost(joined.error())) co_return rt::pass(joined);
    if (joined && is_open(*joined)) ids = joined->pieces;
  }
  for (const std::string& id : ids) {
    auto piece = co_await load(upload.tenant, id);
    if (!piece && !is_lost(piece.error())) co_return rt::pass(piece);
    if (!piece || !is_open(*piece)) continue;
    merge_progress(*piece);
    last_ms = std::max(last_ms, piece->expires_ms);
  }
  co_return last_ms;
}

}  // namespace millrace::media
