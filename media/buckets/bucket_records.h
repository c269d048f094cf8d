// What every write into a bucket has in common: the bucket is held, the condition is judged, what was there goes. For
// the services of buckets and multipart uploads. Any loop.
#pragma once

#include <optional>
#include <string>

#include "media/buckets/bucket.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

// Each lost race means that another change won.
inline constexpr int kBucketRounds = 64;

// kNotFound, the field "bucket". `uploads` is always there and has revision 0.
rt::Task<rt::Result<Bucket>> load_bucket(store::Store& store, std::string tenant, std::string name);
// The transaction fails when the bucket is removed meanwhile; a removal that is still looking is called off.
void hold_bucket(store::Transaction& transaction, const Bucket& bucket);

rt::Task<rt::Result<std::optional<BucketObject>>> find_object(store::Store& store, std::string tenant,
                                                              std::string bucket, std::string key);
rt::Status check_condition(const WriteCondition& condition, const std::optional<BucketObject>& existing);
// Puts the record in the place of `existing`, which must not have changed, and removes what that had.
void replace_object(store::Transaction& transaction, const BucketObject& object,
                    const std::optional<BucketObject>& existing);
// Removes bytes and records of an object that must not have changed.
void erase_object(store::Transaction& transaction, const BucketObject& object);

}  // namespace millrace::media
