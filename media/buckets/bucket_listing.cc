// Lists of the objects of a bucket.
#include <utility>

#include "media/buckets/bucket_records.h"
#include "media/buckets/buckets.h"
#include "media/buckets/key_walk.h"
#include "media/records/codec.h"
#include "media/records/codec_bucket.h"
#include "media/records/keys.h"
#include "media/uploads/upload_object.h"

namespace millrace::media {
namespace {

constexpr std::size_t kUploadsBatch = 1000;

// Takes the objects of uploads in the order of their keys until the page is full.
class UploadsPage {
 public:
  explicit UploadsPage(KeyListing listing) : listing_(std::move(listing)) {}

  bool is_full() const { return page_.more || listing_.limit == 0; }

  void add(BucketObject object) {
    const bool passed = object.key <= listing_.after || object.key.starts_with(passed_group());
    if (passed || !object.key.starts_with(listing_.prefix)) return;
    auto group = group_of(listing_, object.key);
    if (group && !page_.common_prefixes.empty() && page_.common_prefixes.back() == *group) return;
    page_.more = page_.objects.size() + page_.common_prefixes.size() == listing_.limit;
    if (page_.more) return;
    page_.next = group ? *group : object.key;
    if (group) return page_.common_prefixes.push_back(std::move(*group));
    page_.objects.push_back(std::move(object));
  }

  ObjectPage take() { return std::move(page_); }

 private:
  std::string passed_group() const {
    const bool is_group = !listing_.after.empty() && is_behind_group(listing_, listing_.after);
    return is_group ? listing_.after : std::string(1, kBehindAll);
  }

  const KeyListing listing_;
  ObjectPage page_;
};

}  // namespace

rt::Task<rt::Result<ObjectPage>> Buckets::list_objects(std::string tenant, std::string bucket, KeyListing listing) {
  auto there = co_await load_bucket(store_, tenant, bucket);
  if (!there) co_return rt::pass(there);
  if (bucket == kUploadsBucket) co_return co_await list_uploads(std::move(tenant), std::move(listing));
  auto walked = co_await walk_keys(store_, keys::bucket_objects(tenant, bucket), std::move(listing));
  if (!walked) co_return rt::pass(walked);
  ObjectPage page{.objects = {},
                  .common_prefixes = std::move(walked->groups),
                  .more = walked->more,
                  .next = std::move(walked->next)};
  for (const store::Record& record : walked->records) {
    auto object = decode_bucket_object(record);
    if (!object) co_return rt::pass(object);
    page.objects.push_back(std::move(*object));
  }
  co_return page;
}

rt::Task<rt::Result<ObjectPage>> Buckets::list_uploads(std::string tenant, KeyListing listing) {
  UploadsPage page(std::move(listing));
  std::string after;
  while (!page.is_full()) {
    store::Scan scan{.prefix = keys::uploads(tenant), .after = after, .limit = kUploadsBatch};
    auto records = co_await store_.scan(std::move(scan));
    if (!records) co_return rt::pass(records);
    for (const store::Record& record : *records) {
      auto upload = decode_upload(record);
      if (!upload) co_return rt::pass(upload);
      if (auto object = object_of(*upload); object && !page.is_full()) page.add(std::move(*object));
    }
    if (records->size() < kUploadsBatch) break;
    after = records->back().key;
  }
  co_return page.take();
}

}  // namespace millrace::media
