// Objects of buckets: put, look, tag, remove.
#include <algorithm>
#include <utility>

#include "media/buckets/bucket_records.h"
#include "media/buckets/buckets.h"
#include "media/records/codec_bucket.h"
#include "media/records/keys.h"
#include "media/tenants/tenants.h"
#include "media/uploads/upload_object.h"
#include "server/rt/event.h"

namespace millrace::media {
namespace {

using rt::Code;

constexpr std::size_t kRemovedAtOnce = 100;

rt::Status check(const PutObject& input) {
  auto good = check_object_key(input.key);
  if (good) good = check_headers(input.headers);
  return good ? check_tags(input.tags) : good;
}

std::unexpected<rt::Error> no_object() { return rt::fail(Code::kNotFound, "no such object", "key"); }

std::unexpected<rt::Error> changed_too_often() {
  return rt::fail(Code::kUnavailable, "the object is changed too often", "key");
}

BucketObject object_of(PutObject input, const store::Draft& draft, std::int64_t now_ms) {
  if (input.checksums.empty()) input.checksums = {crc64nvme_checksum(draft.crc64nvme())};
  return {.tenant = std::move(input.tenant),
          .bucket = std::move(input.bucket),
          .key = std::move(input.key),
          .object = store::ObjectId::random(),
          .size_bytes = draft.size_bytes(),
          .etag = etag_of(input.md5, draft.crc64nvme(), draft.size_bytes()),
          .checksums = std::move(input.checksums),
          .headers = std::move(input.headers),
          .tags = std::move(input.tags),
          .part_count = 0,
          .modified_ms = now_ms};
}

rt::Status check_size(std::uint64_t size_bytes, std::uint64_t bytes_max) {
  if (size_bytes <= bytes_max) return {};
  return rt::fail(Code::kTooLarge, "the object is larger than allowed", "fileSize");
}

std::uint64_t bytes_max_of(const Tenant& owner) {
  return owner.upload_max_bytes > 0 ? std::min(owner.upload_max_bytes, kObjectMaxBytes) : kObjectMaxBytes;
}

bool is_lost_race(const rt::Error& error) { return error.code == Code::kConflict && error.field.empty(); }

}  // namespace

rt::Task<rt::Result<Intake>> Buckets::begin(PutObject input, std::optional<std::uint64_t> size_bytes) {
  auto good = check(input);
  if (!good) co_return rt::pass(good);
  auto owner = tenants_.tenant(input.tenant);
  if (!owner) co_return rt::pass(owner);
  std::uint64_t bytes_max = bytes_max_of(*owner);
  Arrival arrival;
  if (input.bucket == kUploadsBucket) {
    // Counted before it is looked for: a sweep sees one or is seen.
    arrival = incoming_.bodies.begin(upload_record_of(input.tenant, input.key), owner->upload_idle_seconds * 1000);
    auto upload = co_await open_upload_of(store_, input.tenant, input.key);
    if (!upload) co_return rt::pass(upload);
    bytes_max = file_bytes_max(*upload, *owner);
    good = size_bytes ? check_file_size(*upload, *owner, *size_bytes) : rt::Status();
  } else {
    auto bucket = co_await load_bucket(store_, input.tenant, input.bucket);
    if (!bucket) co_return rt::pass(bucket);
    good = check_size(size_bytes.value_or(0), bytes_max);
  }
  if (good) good = tenants_.check_room(input.tenant, size_bytes.value_or(0));
  if (!good) co_return rt::pass(good);
  auto existing = co_await find(input.tenant, input.bucket, input.key);
  if (!existing) co_return rt::pass(existing);
  good = check_condition(input.condition, *existing);
  if (!good) co_return rt::pass(good);
  co_return Intake{store_.writer(input.tenant), bytes_max, std::move(arrival)};
}

rt::Task<rt::Result<BucketObject>> Buckets::put(PutObject input, store::Draft draft, Arrival arrival) {
  auto good = check(input);
  if (!good) co_return rt::pass(good);
  const bool is_upload = input.bucket == kUploadsBucket;
  const WriteCondition condition = std::move(input.condition);
  BucketObject object = object_of(std::move(input), draft, clock_());
  for (int round = 0; round < kBucketRounds; ++round) {
    auto existing = co_await find(object.tenant, object.bucket, object.key);
    if (!existing) co_return rt::pass(existing);
    good = check_condition(condition, *existing);
    if (!good) co_return rt::pass(good);
    // The content is shared, so that a lost race does not lose the bytes.
    store::Draft bytes(draft.content());
    auto put = is_upload ? put_in_uploads(object, std::move(bytes))
                         : put_in_bucket(object, std::move(*existing), std::move(bytes));
    auto committed = co_await std::move(put);
    if (committed) {
      arrival.committed();
      object.revision = *committed;
      co_return object;
    }
    if (!is_lost_race(committed.error())) co_return rt::pass(committed);
  }
  co_return changed_too_often();
}

rt::Task<rt::Result<store::Revision>> Buckets::put_in_bucket(BucketObject object, std::optional<BucketObject> existing,
                                                             store::Draft draft) {
  auto bucket = co_await load_bucket(store_, object.tenant, object.bucket);
  if (!bucket) co_return rt::pass(bucket);
  store::Transaction transaction;
  hold_bucket(transaction, *bucket);
  replace_object(transaction, object, existing);
  transaction.create(object.object, std::move(draft));
  co_return co_await store_.commit(std::move(transaction));
}

rt::Task<rt::Result<store::Revision>> Buckets::put_in_uploads(BucketObject object, store::Draft draft) {
  auto owner = tenants_.tenant(object.tenant);
  if (!owner) co_return rt::pass(owner);
  auto upload = co_await open_upload_of(store_, object.tenant, object.key);
  if (!upload) co_return rt::pass(upload);
  auto good = check_file_size(*upload, *owner, object.size_bytes);
  if (!good) co_return rt::pass(good);
  store::Transaction transaction;
  put_whole(transaction, std::move(*upload), object, draft.crc64nvme(), owner->upload_idle_seconds * 1000);
  transaction.create(object.object, std::move(draft));
  co_return co_await store_.commit(std::move(transaction));
}

rt::Task<rt::Result<std::optional<BucketObject>>> Buckets::find(std::string tenant, std::string bucket,
                                                                std::string key) {
  if (bucket != kUploadsBucket) co_return co_await find_object(store_, tenant, bucket, key);
  auto upload = co_await open_upload_of(store_, std::move(tenant), std::move(key));
  if (upload) co_return media::object_of(*upload);
  if (is_refusal(upload.error())) co_return std::nullopt;
  co_return rt::pass(upload);
}

rt::Task<rt::Result<BucketObject>> Buckets::object(std::string tenant, std::string bucket, std::string key) {
  auto there = co_await load_bucket(store_, tenant, bucket);
  if (!there) co_return rt::pass(there);
  auto found = co_await find(std::move(tenant), std::move(bucket), std::move(key));
  if (!found) co_return rt::pass(found);
  if (!*found) co_return no_object();
  co_return std::move(**found);
}

rt::Task<rt::Result<std::unique_ptr<store::Reader>>> Buckets::read(BucketObject object, std::uint64_t offset,
                                                                   std::uint64_t length) {
  auto reader = co_await store_.read(object.object, offset, length);
  if (!reader && reader.error().code == Code::kNotFound) co_return object_replaced();
  co_return reader;
}

rt::Task<rt::Result<std::vector<ObjectPart>>> Buckets::parts(BucketObject object) {
  if (object.part_count == 0) co_return std::vector<ObjectPart>();
  auto record = co_await store_.get(keys::object_parts(object.object.text()));
  if (!record) co_return rt::pass(record);
  if (!*record) co_return object_replaced();
  co_return decode_object_parts((*record)->value);
}

rt::Task<rt::Status> Buckets::remove_object(std::string tenant, std::string bucket, std::string key,
                                            std::string if_match) {
  if (bucket == kUploadsBucket) {
    co_return rt::fail(Code::kForbidden, "cancel the upload instead of deleting its object", "bucket");
  }
  for (int round = 0; round < kBucketRounds; ++round) {
    auto there = co_await load_bucket(store_, tenant, bucket);
    if (!there) co_return rt::pass(there);
    auto existing = co_await find_object(store_, tenant, bucket, key);
    if (!existing) co_return rt::pass(existing);
    auto good = check_condition({.if_match = if_match}, *existing);
    if (!good) co_return good;
    if (!*existing) co_return rt::Status();
    store::Transaction transaction;
    erase_object(transaction, **existing);
    auto committed = co_await store_.commit(std::move(transaction));
    if (committed) co_return rt::Status();
    if (!is_lost_race(committed.error())) co_return rt::pass(committed);
  }
  co_return changed_too_often();
}

rt::Task<rt::Result<std::vector<Removed>>> Buckets::remove_objects(std::string tenant, std::string bucket,
                                                                   std::vector<std::string> names) {
  auto there = co_await load_bucket(store_, tenant, bucket);
  if (!there) co_return rt::pass(there);
  std::vector<Removed> removed;
  for (std::string& key : names) removed.push_back({std::move(key), {}});
  // Beside one another, so that they share the waiting for the disk.
  for (std::size_t begin = 0; begin < removed.size(); begin += kRemovedAtOnce) {
    rt::Scope scope;
    const std::size_t end = std::min(begin + kRemovedAtOnce, removed.size());
    for (std::size_t i = begin; i < end; ++i) scope.spawn(remove_one(tenant, bucket, removed[i]));
    co_await scope.join();
  }
  co_return removed;
}

rt::Task<void> Buckets::remove_one(std::string tenant, std::string bucket, Removed& each) {
  each.status = co_await remove_object(std::move(tenant), std::move(bucket), each.key);
}

rt::Task<rt::Result<BucketObject>> Buckets::set_tags(std::string tenant, std::string bucket, std::string key,
                                                     Tags tags) {
  auto good = check_tags(tags);
  if (!good) co_return rt::pass(good);
  if (bucket == kUploadsBucket) co_return rt::fail(Code::kForbidden, "uploads have no tags", "bucket");
  for (int round = 0; round < kBucketRounds; ++round) {
    auto object = co_await this->object(tenant, bucket, key);
    if (!object) co_return object;
    object->tags = tags;
    const std::string record = keys::bucket_object(tenant, bucket, key);
    store::Transaction transaction;
    transaction.require(record, object->revision);
    transaction.put(record, encode(*object));
    auto committed = co_await store_.commit(std::move(transaction));
    if (committed) {
      object->revision = *committed;
      co_return object;
    }
    if (!is_lost_race(committed.error())) co_return rt::pass(committed);
  }
  co_return changed_too_often();
}

}  // namespace millrace::media
