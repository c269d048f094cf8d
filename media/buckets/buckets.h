// Buckets: named sets of objects, per tenant, as S3 has them. An object is a record and one object of the store,
// changed together; who replaces one removes the other's bytes in the same transaction. The bucket `uploads` is every
// tenant's: what is put there under `{uploadId}/{fileName}` are the bytes of that open upload (uploads.h), nothing else
// can be. Any loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/buckets/bucket.h"
#include "media/records/clock.h"
#include "media/uploads/incoming.h"
#include "server/rt/bytes.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class Tenants;

// What is said of an object that is put; its bytes are a draft.
struct PutObject {
  std::string tenant = {};
  std::string bucket = {};
  std::string key = {};
  ObjectHeaders headers = {};
  Tags tags = {};
  std::string md5 = {};                  // 16 raw bytes that were compared with the body's; empty: unknown
  std::vector<Checksum> checksums = {};  // verified ones; without any, CRC64NVME is kept
  WriteCondition condition = {};
};

struct ObjectPage {
  std::vector<BucketObject> objects;
  std::vector<std::string> common_prefixes;
  bool more = false;
  std::string next;  // `after` of the next page: the last key or common prefix of this one
};

// One of several to be removed.
struct Removed {
  std::string key;
  rt::Status status;
};

// Bytes of an object that shall be under another key too, or a part.
struct Copying {
  BucketObject source;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  std::optional<ChecksumAlgorithm> algorithm = {};  // to be known of them
  // Asked again and again while bytes are read; an error ends the copy with it.
  std::function<rt::Status()> check_wanted = [] { return rt::Status(); };
};

struct Copied {
  store::Draft draft;
  std::vector<Checksum> checksums;
};

class Buckets {
 public:
  // All outlive the service.
  Buckets(store::Store& store, Tenants& tenants, Incoming& incoming, Clock clock = system_clock_ms);

  // kConflict when the tenant has it already.
  rt::Task<rt::Result<Bucket>> create(std::string tenant, std::string name);
  rt::Task<rt::Result<Bucket>> get(std::string tenant, std::string name);
  // By name; `uploads` is among them.
  rt::Task<rt::Result<std::vector<Bucket>>> list(std::string tenant);
  // kConflict while it holds an object. Its unfinished multipart uploads are aborted.
  rt::Task<rt::Status> remove(std::string tenant, std::string name);

  // Before the body is read: whether such an object may be put, where its bytes go and how many they may be.
  // `size_bytes`: when known. A condition that cannot hold now is refused here; put() is what decides.
  rt::Task<rt::Result<Intake>> begin(PutObject input, std::optional<std::uint64_t> size_bytes);
  // What was there under the key is replaced, at once. The later of two at the same time wins. `arrival`: how the draft
  // came, from begin().
  rt::Task<rt::Result<BucketObject>> put(PutObject input, store::Draft draft, Arrival arrival = {});
  // In `uploads`: the bytes of an open upload that are whole.
  rt::Task<rt::Result<BucketObject>> object(std::string tenant, std::string bucket, std::string key);
  // Bytes of an object as object() told it; is_replaced() when it was replaced since.
  rt::Task<rt::Result<std::unique_ptr<store::Reader>>> read(BucketObject object, std::uint64_t offset,
                                                            std::uint64_t length);
  // In order; empty unless it was made of parts. is_replaced() likewise.
  rt::Task<rt::Result<std::vector<ObjectPart>>> parts(BucketObject object);
  // Done also when there is none, as S3 has it. `if_match`: the ETag it must have, else kPreconditionFailed or
  // kNotFound.
  rt::Task<rt::Status> remove_object(std::string tenant, std::string bucket, std::string key,
                                     std::string if_match = {});
  // Each on its own, in the given order; kNotFound only for the bucket.
  rt::Task<rt::Result<std::vector<Removed>>> remove_objects(std::string tenant, std::string bucket,
                                                            std::vector<std::string> keys);
  // Replaces all tags; none removes them. Neither ETag nor time of the object changes.
  rt::Task<rt::Result<BucketObject>> set_tags(std::string tenant, std::string bucket, std::string key, Tags tags);
  rt::Task<rt::Result<ObjectPage>> list_objects(std::string tenant, std::string bucket, KeyListing listing);

  // Shares what is stored. Bytes are read for a checksum only, unless the source's or the store's will do.
  // is_replaced() likewise.
  rt::Task<rt::Result<Copied>> copy(Copying copying);

 private:
  rt::Task<rt::Status> try_remove(std::string tenant, std::string name);
  rt::Task<rt::Result<Bucket>> announce_removal(Bucket bucket);
  rt::Task<rt::Result<store::Revision>> put_in_bucket(BucketObject object, std::optional<BucketObject> existing,
                                                      store::Draft draft);
  rt::Task<rt::Result<store::Revision>> put_in_uploads(BucketObject object, store::Draft draft);
  rt::Task<rt::Result<std::optional<BucketObject>>> find(std::string tenant, std::string bucket, std::string key);
  rt::Task<void> remove_one(std::string tenant, std::string bucket, Removed& each);
  rt::Task<rt::Result<Checksum>> read_checksum(const Copying& copying);
  rt::Task<rt::Result<ObjectPage>> list_uploads(std::string tenant, KeyListing listing);

  store::Store& store_;
  Tenants& tenants_;
  Incoming& incoming_;
  const Clock clock_;
};

}  // namespace millrace::media
