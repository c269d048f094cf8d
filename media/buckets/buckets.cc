#include "media/buckets/buckets.h"

#include <algorithm>
#include <utility>

#include "media/buckets/bucket_records.h"
#include "media/buckets/multipart_records.h"
#include "media/records/codec_bucket.h"
#include "media/records/keys.h"
#include "media/records/records.h"
#include "media/tenants/tenants.h"

namespace millrace::media {
namespace {

using rt::Code;

Bucket uploads_bucket(const Tenant& owner) {
  return {.tenant = owner.id, .name = std::string(kUploadsBucket), .created_ms = owner.created_ms};
}

std::unexpected<rt::Error> not_empty() { return rt::fail(Code::kConflict, "the bucket is not empty", "bucket"); }

bool is_lost_race(const rt::Error& error) { return error.code == Code::kConflict && error.field.empty(); }

}  // namespace

Buckets::Buckets(store::Store& store, Tenants& tenants, Incoming& incoming, Clock clock)
    : store_(store), tenants_(tenants), incoming_(incoming), clock_(clock) {}

rt::Task<rt::Result<Bucket>> Buckets::create(std::string tenant, std::string name) {
  auto good = check_bucket_name(name);
  if (!good) co_return rt::pass(good);
  const auto exists = rt::fail(Code::kConflict, "the bucket exists already", "bucket");
  if (name == kUploadsBucket) co_return exists;
  auto all = co_await scan_all(store_, keys::buckets(tenant));
  if (!all) co_return rt::pass(all);
  Bucket bucket{.tenant = std::move(tenant), .name = std::move(name), .created_ms = clock_()};
  const std::string key = keys::bucket(bucket.tenant, bucket.name);
  if (std::ranges::find(*all, key, &store::Record::key) != all->end()) co_return exists;
  if (all->size() >= kBucketsMax) co_return rt::fail(Code::kTooMany, "there are too many buckets", "bucket");
  store::Transaction transaction;
  transaction.require(key, 0);
  transaction.put(key, encode(bucket));
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed && committed.error().code == Code::kConflict) co_return exists;
  if (!committed) co_return rt::pass(committed);
  bucket.revision = *committed;
  co_return bucket;
}

rt::Task<rt::Result<Bucket>> Buckets::get(std::string tenant, std::string name) {
  if (name != kUploadsBucket) co_return co_await load_bucket(store_, std::move(tenant), std::move(name));
  auto owner = tenants_.tenant(tenant);
  if (!owner) co_return rt::pass(owner);
  co_return uploads_bucket(*owner);
}

rt::Task<rt::Result<std::vector<Bucket>>> Buckets::list(std::string tenant) {
  auto owner = tenants_.tenant(tenant);
  if (!owner) co_return rt::pass(owner);
  auto records = co_await scan_all(store_, keys::buckets(tenant));
  if (!records) co_return rt::pass(records);
  std::vector<Bucket> buckets{uploads_bucket(*owner)};
  for (const store::Record& record : *records) {
    auto bucket = decode_bucket(record);
    if (!bucket) co_return rt::pass(bucket);
    buckets.push_back(std::move(*bucket));
  }
  std::ranges::sort(buckets, {}, &Bucket::name);
  co_return buckets;
}

rt::Task<rt::Status> Buckets::remove(std::string tenant, std::string name) {
  if (name == kUploadsBucket) {
    co_return rt::fail(Code::kForbidden, "the bucket of uploads cannot be removed", "bucket");
  }
  for (int round = 0; round < kBucketRounds; ++round) {
    auto removed = co_await try_remove(tenant, name);
    if (removed) co_return co_await abort_multiparts(store_, std::move(tenant), std::move(name), {});
    if (!is_lost_race(removed.error())) co_return removed;
  }
  co_return rt::fail(Code::kUnavailable, "the bucket is changed too often", "bucket");
}

// Announced first, then looked whether it is empty, then done: whoever writes in between takes the announcement back,
// and the last step fails for it. What was written need not be an object, nor be there any more: look again.
rt::Task<rt::Status> Buckets::try_remove(std::string tenant, std::string name) {
  auto bucket = co_await load_bucket(store_, tenant, name);
  if (!bucket) co_return rt::pass(bucket);
  auto announced = co_await announce_removal(std::move(*bucket));
  if (!announced) co_return rt::pass(announced);
  store::Scan scan{.prefix = keys::bucket_objects(tenant, name), .after = {}, .limit = 1};
  auto objects = co_await store_.scan(std::move(scan));
  if (!objects) co_return rt::pass(objects);
  if (!objects->empty()) co_return not_empty();
  const std::string key = keys::bucket(tenant, name);
  store::Transaction transaction;
  transaction.require(key, announced->revision);
  transaction.erase(key);
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return rt::Status();
}

rt::Task<rt::Result<Bucket>> Buckets::announce_removal(Bucket bucket) {
  if (bucket.removing) co_return bucket;
  const std::string key = keys::bucket(bucket.tenant, bucket.name);
  bucket.removing = true;
  store::Transaction transaction;
  transaction.require(key, bucket.revision);
  transaction.put(key, encode(bucket));
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  bucket.revision = *committed;
  co_return bucket;
}

}  // namespace millrace::media
