#include "media/uploads/uploads.h"

#include <fmt/format.h>

#include <algorithm>

#include "media/buckets/multipart_records.h"
#include "media/catalog/moving.h"
#include "media/catalog/short_id.h"
#include "media/events/event.h"
#include "media/records/codec.h"
#include "media/records/id.h"
#include "media/records/keys.h"
#include "media/records/limits.h"
#include "media/records/records.h"
#include "media/records/select.h"
#include "media/tenants/encode_minutes.h"
#include "media/tenants/tenants.h"
#include "media/uploads/transfers.h"

namespace millrace::media {
namespace {

using rt::Code;

// Each lost race means that another change won; a receiver's checkpoints are the most frequent.
constexpr int kChangeRounds = 16;

constexpr Field<Upload> kFields[] = {
    {"fileName", [](const Upload& upload) { return upload.file_name; }},
    {"name", [](const Upload& upload) { return upload.file_name; }},
    {"title", [](const Upload& upload) { return upload.title; }},
    {"state", [](const Upload& upload) { return std::string(word(upload.state)); }},
    {"type", [](const Upload& upload) { return std::string(word(upload.type)); }},
    {"channelId", [](const Upload& upload) { return upload.channel_id; }},
    {"mediaId", [](const Upload& upload) { return upload.media_id; }},
    {"createdAt", [](const Upload& upload) { return keys::ordered(upload.created_ms); }, false},
    {"updatedAt", [](const Upload& upload) { return keys::ordered(upload.updated_ms); }, false},
    {"size", [](const Upload& upload) { return keys::ordered(static_cast<std::int64_t>(upload.bytes_received)); },
     false},
};

std::unexpected<rt::Error> invalid(std::string message, std::string field) {
  return rt::fail(Code::kInvalid, std::move(message), std::move(field));
}

rt::Status check_texts(const NewUpload& input) {
  auto good = check_text(input.file_name, {"a file name", "fileName", 1, kFileNameMaxBytes});
  if (good) good = check_text(input.title, {"a title", "title", 0, kTitleMaxBytes});
  if (!good) return good;
  if (input.content_type.size() > kTitleMaxBytes) return invalid("the content type is too long", "contentType");
  good = check_metadata(input.metadata);
  if (good) good = check_details(input.details);
  return good ? check_languages(input.transcript_languages) : good;
}

rt::Status check_takes_bytes(const Upload& upload) {
  if (!is_open(upload)) return not_open(upload);
  if (is_joined(upload))
    return rt::fail(Code::kForbidden, "the upload is joined from others and takes no bytes itself");
  return {};
}

std::uint64_t bytes_max_of(const Upload& upload, const Tenant& owner) {
  const std::uint64_t allowed = owner.upload_max_bytes > 0 ? owner.upload_max_bytes : UINT64_MAX;
  return upload.declared_bytes.value_or(allowed);
}

// The size that the sender tells, against what was announced or is allowed.
rt::Status check_total(const Upload& upload, const Tenant& owner, std::uint64_t total_bytes) {
  if (total_bytes > bytes_max_of(upload, owner)) {
    return rt::fail(Code::kTooLarge, "the file is larger than announced or allowed", "fileSize");
  }
  if (total_bytes < upload.declared_bytes.value_or(0)) {
    return invalid(fmt::format("{} bytes were announced, not {}", *upload.declared_bytes, total_bytes), "fileSize");
  }
  return {};
}

// Who goes on is bound by what was said before.
ReceiverLimits limits_of(const Upload& upload, const Tenant& owner, bool goes_on,
                         std::optional<std::uint64_t> total_bytes) {
  const auto expected = goes_on ? expected_bytes(upload) : std::nullopt;
  if (expected) total_bytes = expected;
  return {.file_max_bytes = total_bytes.value_or(bytes_max_of(upload, owner)),
          .total_bytes = total_bytes,
          .idle_ms = owner.upload_idle_seconds * 1000};
}

Upload make_upload(std::string tenant, NewUpload input, std::int64_t now_ms, std::int64_t idle_ms) {
  if (input.content_type.empty()) input.content_type = "application/octet-stream";
  return {.id = new_uuid(),
          .tenant = std::move(tenant),
          .type = input.type,
          .file_name = std::move(input.file_name),
          .content_type = std::move(input.content_type),
          .declared_bytes = input.declared_bytes,
          .channel_id = std::move(input.channel_id),
          .title = std::move(input.title),
          .transcript_languages = std::move(input.transcript_languages),
          .metadata = std::move(input.metadata),
          .details = std::move(input.details),
          .created_ms = now_ms,
          .updated_ms = now_ms,
          .expires_ms = now_ms + idle_ms,
          .total_bytes = {},
          .media_id = {},
          .duplicate_of = {},
          .error = {},
          .etag = {},
          .parts = {},
          .completes_itself = input.completes_itself,
          .is_piece = input.is_piece,
          .joined_into = {},
          .pieces = {},
          .swept_ms = now_ms + idle_ms};
}

}  // namespace

std::unexpected<rt::Error> not_open(const Upload& upload) {
  return rt::fail(Code::kConflict, "the upload is " + std::string(word(upload.state)));
}

Uploads::Uploads(store::Store& store, Tenants& tenants, Jobs& jobs, Clock clock)
    : store_(store),
      tenants_(tenants),
      jobs_(jobs),
      clock_(clock),
      transfers_(std::make_unique<Transfers>()),
      incoming_(clock) {}

Uploads::~Uploads() = default;

rt::Task<rt::Result<Upload>> Uploads::create(std::string tenant, NewUpload input) {
  auto owner = tenants_.tenant(tenant);
  if (!owner) co_return rt::pass(owner);
  auto good = co_await check_input(tenant, input);
  if (!good) co_return rt::pass(good);
  if (owner->upload_max_bytes > 0 && input.declared_bytes.value_or(0) > owner->upload_max_bytes) {
    co_return rt::fail(Code::kTooLarge, "the file is larger than allowed", "fileSize");
  }
  good = co_await check_quota(tenant, input);
  if (!good) co_return rt::pass(good);
  Upload upload = announce(std::move(tenant), std::move(input), *owner);
  store::Transaction transaction;
  put_new(transaction, upload);
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  upload.revision = *committed;
  co_return upload;
}

rt::Task<rt::Status> Uploads::check_input(std::string tenant, const NewUpload& input) {
  auto good = check_texts(input);
  if (!good) co_return good;
  co_return co_await check_channel(std::move(tenant), input.channel_id);
}

rt::Task<rt::Status> Uploads::check_quota(std::string tenant, const NewUpload& input) {
  auto room = tenants_.check_room(tenant, input.declared_bytes.value_or(0));
  if (!room || !is_said_to_move(input.content_type, input.file_name)) co_return room;
  co_return co_await EncodeMinutes(store_, tenants_, clock_).check_room(std::move(tenant), 0);
}

Upload Uploads::announce(std::string tenant, NewUpload input, const Tenant& owner) const {
  return make_upload(std::move(tenant), std::move(input), clock_(), owner.upload_idle_seconds * 1000);
}

// Pieces are found by who knows them, like the parts of any other upload; lists and events are about files.
void Uploads::put_new(store::Transaction& transaction, const Upload& upload) const {
  transaction.put(keys::upload(upload.tenant, upload.id), encode(upload));
  transaction.put(keys::open_upload(upload.swept_ms, upload.tenant, upload.id), {});
  if (upload.is_piece) return;
  transaction.put(keys::upload_time(upload.tenant, upload.created_ms, upload.id), {});
  add_event(transaction, event_of(upload, "created"), upload.created_ms);
}

rt::Task<rt::Status> Uploads::check_channel(std::string tenant, std::string channel_id) {
  if (channel_id.empty()) co_return rt::Status{};
  auto channel = co_await store_.get(keys::channel(tenant, channel_id));
  if (!channel) co_return rt::pass(channel);
  if (!*channel) co_return invalid("no such channel", "channelId");
  co_return rt::Status{};
}

rt::Task<rt::Result<Upload>> Uploads::load(std::string tenant, std::string id) {
  auto record = co_await get_record(store_, keys::upload(tenant, id), "upload");
  if (!record) co_return rt::pass(record);
  co_return decode_upload(*record);
}

void Uploads::merge_progress(Upload& upload) const {
  if (!is_open(upload)) return;
  const auto position = transfers_->position(keys::upload(upload.tenant, upload.id));
  if (!position) return;
  const std::int64_t idle_ms = upload.expires_ms - upload.updated_ms;
  upload.state = UploadState::kUploading;
  upload.bytes_received = *position;
  upload.whole = false;
  upload.updated_ms = clock_();
  upload.expires_ms = upload.updated_ms + idle_ms;
}

rt::Task<rt::Result<Upload>> Uploads::get(std::string tenant, std::string id) {
  auto upload = co_await load(std::move(tenant), std::move(id));
  if (!upload) co_return upload;
  auto merged = co_await merge_parts(*upload);
  if (!merged) co_return rt::pass(merged);
  merge_progress(*upload);
  co_return upload;
}

rt::Task<rt::Status> Uploads::merge_all(std::vector<Upload>& uploads) {
  for (Upload& upload : uploads) {
    auto merged = co_await merge_parts(upload);
    if (!merged) co_return merged;
    merge_progress(upload);
  }
  co_return rt::Status();
}

rt::Task<rt::Result<std::string>> Uploads::id_of(std::string tenant, std::string short_id) {
  return find_by_short_id(store_, keys::uploads(tenant), std::move(short_id), "upload");
}

rt::Task<rt::Result<Page<Upload>>> Uploads::list(std::string tenant, Query query) {
  if (query.filters.empty() && query.sort.empty()) {
    auto page = co_await newest<Upload>(store_, tenant, keys::upload_times(tenant), keys::upload, decode_upload, query);
    auto merged = page ? co_await merge_all(page->items) : rt::Status();
    if (!merged) co_return rt::pass(merged);
    co_return page;
  }
  auto all = co_await load_all<Upload>(store_, keys::uploads(tenant), decode_upload);
  if (!all) co_return rt::pass(all);
  std::erase_if(*all, [](const Upload& upload) { return upload.is_piece; });
  auto merged = co_await merge_all(*all);
  if (!merged) co_return rt::pass(merged);
  co_return select<Upload>(std::move(*all), query, kFields);
}

rt::Task<rt::Result<std::unique_ptr<Receiver>>> Uploads::open_receiver(std::string tenant, std::string id,
                                                                       std::uint64_t offset,
                                                                       std::function<void()> on_evicted,
                                                                       std::optional<std::uint64_t> total_bytes,
                                                                       Placing placing) {
  auto owner = tenants_.tenant(tenant);
  if (!owner) co_return rt::pass(owner);
  // Looked at before anybody is evicted: a request that cannot go on must not stop one that can.
  auto upload = co_await load(tenant, id);
  if (!upload) co_return rt::pass(upload);
  auto good = check_takes_bytes(*upload);
  if (!good) co_return rt::pass(good);
  good = total_bytes ? check_total(*upload, *owner, *total_bytes) : rt::Status();
  if (!good) co_return rt::pass(good);
  auto transfer = co_await transfers_->begin(keys::upload(tenant, id), std::move(on_evicted), kEvictionWaitMs);
  if (!transfer) co_return rt::pass(transfer);
  upload = co_await open_upload(std::move(tenant), std::move(id), offset, total_bytes, placing);
  if (!upload) {
    transfers_->end(*transfer);
    co_return rt::pass(upload);
  }
  const bool goes_on = offset > 0 || placing == Placing::kAppend;
  const ReceiverLimits limits = limits_of(*upload, *owner, goes_on, total_bytes);
  co_return std::make_unique<Receiver>(store_, *transfers_, std::move(*transfer), std::move(*upload), offset, limits,
                                       clock_);
}

// The upload, when a transfer may begin at this offset.
rt::Task<rt::Result<Upload>> Uploads::open_upload(std::string tenant, std::string id, std::uint64_t offset,
                                                  std::optional<std::uint64_t> total_bytes, Placing placing) {
  auto upload = co_await load(std::move(tenant), std::move(id));
  if (!upload) co_return upload;
  auto good = check_takes_bytes(*upload);
  if (!good) co_return rt::pass(good);
  const bool goes_on = offset > 0 || placing == Placing::kAppend;
  if (goes_on && offset != upload->bytes_received) {
    co_return rt::fail(Code::kConflict, fmt::format("continue at byte {}", upload->bytes_received));
  }
  const auto expected = expected_bytes(*upload);
  if (goes_on && total_bytes && expected && *total_bytes != *expected) {
    co_return rt::fail(Code::kConflict, fmt::format("the file has {} bytes, not {}", *expected, *total_bytes),
                       "fileSize");
  }
  co_return upload;
}

rt::Task<rt::Result<Upload>> Uploads::settle(std::string tenant, std::string id) {
  auto upload = co_await load(tenant, id);
  if (!upload) co_return upload;
  auto settled = co_await transfers_->settle(keys::upload(tenant, id), kEvictionWaitMs);
  if (!settled) co_return rt::pass(settled);
  co_return co_await load(std::move(tenant), std::move(id));
}

rt::Task<rt::Result<Upload>> Uploads::declare_whole(std::string tenant, std::string id, std::uint64_t total_bytes) {
  auto receiver = co_await open_receiver(std::move(tenant), std::move(id), total_bytes, {}, total_bytes);
  if (!receiver) co_return rt::pass(receiver);
  co_return co_await (*receiver)->finish(true);
}

rt::Task<rt::Result<Upload>> Uploads::rename(std::string tenant, std::string id, std::string file_name) {
  auto good = check_text(file_name, {"a file name", "fileName", 1, kFileNameMaxBytes});
  if (!good) co_return rt::pass(good);
  for (int round = 0; round < kChangeRounds; ++round) {
    auto upload = co_await load(tenant, id);
    if (!upload || upload->file_name == file_name) co_return upload;
    if (!is_open(*upload)) co_return not_open(*upload);
    upload->file_name = file_name;
    store::Transaction transaction;
    transaction.require(keys::upload(tenant, id), upload->revision);
    transaction.put(keys::upload(tenant, id), encode(*upload));
    auto committed = co_await store_.commit(std::move(transaction));
    if (committed) upload->revision = *committed;
    if (committed) co_return upload;
    if (committed.error().code != Code::kConflict) co_return rt::pass(committed);
  }
  co_return rt::fail(Code::kUnavailable, "the upload is changed too often");
}

rt::Task<rt::Result<Upload>> Uploads::cancel(std::string tenant, std::string id) {
  for (int round = 0; round < kChangeRounds; ++round) {
    auto upload = co_await load(tenant, id);
    if (!upload) co_return upload;
    if (upload->state == UploadState::kCompleted) co_return not_open(*upload);
    if (!is_open(*upload)) co_return upload;
    auto ended = co_await end(std::move(*upload), UploadState::kCancelled, {}, {});
    if (ended) transfers_->evict(keys::upload(tenant, id));
    if (ended || ended.error().code != Code::kConflict) co_return ended;
  }
  co_return rt::fail(Code::kUnavailable, "the upload is changed too often");
}

// The one way out other than completing: the bytes go with the state. kConflict also when one of the seals was broken.
rt::Task<rt::Result<Upload>> Uploads::end(Upload upload, UploadState state, std::string error, std::string duplicate_of,
                                          std::vector<Multipart> sealed) {
  const std::string key = keys::upload(upload.tenant, upload.id);
  store::Transaction transaction;
  for (const Multipart& each : sealed) transaction.require(keys::multipart(path_of(each.ref)), each.revision);
  for (const UploadPart& part : upload.parts) transaction.remove(part.object);
  upload.parts.clear();
  upload.state = state;
  upload.error = std::move(error);
  upload.duplicate_of = std::move(duplicate_of);
  upload.updated_ms = clock_();
  transaction.require(key, upload.revision);
  transaction.put(key, encode(upload));
  transaction.erase(keys::open_upload(upload.swept_ms, upload.tenant, upload.id));
  if (!upload.is_piece) add_event(transaction, event_of(upload, word(state)), upload.updated_ms);
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  upload.revision = *committed;
  co_await drop_parts(upload);
  co_return upload;
}

rt::Task<rt::Status> Uploads::remove(std::string tenant, std::string id) {
  auto upload = co_await load(std::move(tenant), std::move(id));
  if (!upload) co_return rt::pass(upload);
  if (upload->state != UploadState::kCompleted) co_return not_open(*upload);
  const std::string key = keys::upload(upload->tenant, upload->id);
  store::Transaction transaction;
  transaction.require(key, upload->revision);
  transaction.erase(key);
  transaction.erase(keys::upload_time(upload->tenant, upload->created_ms, upload->id));
  auto committed = co_await store_.commit(std::move(transaction));
  if (committed) co_return rt::Status{};
  // Only another removal changes a completed upload.
  if (committed.error().code == Code::kConflict) co_return rt::fail(Code::kNotFound, "no such upload");
  co_return rt::pass(committed);
}

}  // namespace millrace::media
