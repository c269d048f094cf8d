#include "media/buckets/bucket_records.h"

#include "media/records/codec_bucket.h"
#include "media/records/keys.h"

namespace millrace::media {
namespace {

using rt::Code;

std::string key_of(const BucketObject& object) { return keys::bucket_object(object.tenant, object.bucket, object.key); }

void remove_bytes(store::Transaction& transaction, const BucketObject& object) {
  transaction.remove(object.object);
  if (object.part_count > 0) transaction.erase(keys::object_parts(object.object.text()));
}

}  // namespace

rt::Task<rt::Result<Bucket>> load_bucket(store::Store& store, std::string tenant, std::string name) {
  if (name == kUploadsBucket) co_return Bucket{.tenant = std::move(tenant), .name = std::move(name)};
  auto record = co_await store.get(keys::bucket(tenant, name));
  if (!record) co_return rt::pass(record);
  if (!*record) co_return rt::fail(Code::kNotFound, "no such bucket", "bucket");
  co_return decode_bucket(**record);
}

void hold_bucket(store::Transaction& transaction, const Bucket& bucket) {
  if (bucket.name == kUploadsBucket) return;
  const std::string key = keys::bucket(bucket.tenant, bucket.name);
  transaction.require(key, bucket.revision);
  if (!bucket.removing) return;
  Bucket kept = bucket;
  kept.removing = false;
  transaction.put(key, encode(kept));
}

rt::Task<rt::Result<std::optional<BucketObject>>> find_object(store::Store& store, std::string tenant,
                                                              std::string bucket, std::string key) {
  auto record = co_await store.get(keys::bucket_object(tenant, bucket, key));
  if (!record) co_return rt::pass(record);
  if (!*record) co_return std::nullopt;
  auto object = decode_bucket_object(**record);
  if (!object) co_return rt::pass(object);
  co_return std::move(*object);
}

rt::Status check_condition(const WriteCondition& condition, const std::optional<BucketObject>& existing) {
  const auto names = [&](const std::string& etag) { return etag == "*" || etag == existing->etag; };
  if (!condition.if_match.empty()) {
    if (!existing) return rt::fail(Code::kNotFound, "there is no object to match", "key");
    if (!names(condition.if_match)) {
      return rt::fail(Code::kPreconditionFailed, "the object has another ETag", "if-match");
    }
  }
  if (!condition.if_none_match.empty() && existing && names(condition.if_none_match)) {
    return rt::fail(Code::kPreconditionFailed, "there is such an object already", "if-none-match");
  }
  return {};
}

void replace_object(store::Transaction& transaction, const BucketObject& object,
                    const std::optional<BucketObject>& existing) {
  transaction.require(key_of(object), existing ? existing->revision : 0);
  transaction.put(key_of(object), encode(object));
  if (existing) remove_bytes(transaction, *existing);
}

void erase_object(store::Transaction& transaction, const BucketObject& object) {
  transaction.require(key_of(object), object.revision);
  transaction.erase(key_of(object));
  remove_bytes(transaction, object);
}

}  // namespace millrace::media
