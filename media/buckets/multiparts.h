// Multiparts: S3's multipart uploads, into any bucket. Each part is a record and an object of its own, so parts come in
// parallel without waiting for one another; completing joins their extents in one transaction and copies no byte.
// One that is idle for as long as the tenant's uploads may be expires, and its space comes back; a part is activity
// when it is committed and while it arrives. Any loop.
//
// One in the bucket `uploads` belongs to the open upload its key names: parts are that upload's activity and progress,
// and completing makes its bytes whole; the upload is then completed through its own door.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media/buckets/multipart.h"
#include "media/records/clock.h"
#include "media/uploads/incoming.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class Tenants;

struct NewMultipart {
  std::string tenant = {};
  std::string bucket = {};
  std::string key = {};
  ObjectHeaders headers = {};
  Tags tags = {};
  std::optional<ChecksumAlgorithm> algorithm = {};
  // Nothing: S3's default for the algorithm, composite but for CRC64NVME.
  std::optional<bool> composite = {};
};

// What is said of a part that was received.
struct PutPart {
  std::uint32_t number = 0;
  std::string md5 = {};                  // 16 raw bytes that were compared with the body's; empty: unknown
  std::vector<Checksum> checksums = {};  // verified ones
};

struct PartPage {
  Multipart multipart;
  std::vector<MultipartPart> parts;
  bool more = false;
};

struct MultipartListing {
  KeyListing keys = {};       // `after` is S3's key-marker
  std::string after_id = {};  // with a key-marker only: go on behind this upload of that key
};

struct MultipartPage {
  std::vector<Multipart> multiparts;  // by key, then by id
  std::vector<std::string> common_prefixes;
  bool more = false;
  std::string next_key;
  std::string next_id;
};

// One line of the list a client completes with.
struct NamedPart {
  std::uint32_t number = 0;
  std::string etag = {};                 // without quotes
  std::vector<Checksum> checksums = {};  // compared when given
};

struct CompleteMultipart {
  std::vector<NamedPart> parts = {};
  std::optional<Checksum> checksum = {};         // of the whole, compared when given
  std::optional<std::uint64_t> size_bytes = {};  // likewise
  WriteCondition condition = {};
};

class Multiparts {
 public:
  // All outlive the service. `part_min_bytes`: of every part but the last.
  Multiparts(store::Store& store, Tenants& tenants, Incoming& incoming, Clock clock = system_clock_ms,
             std::uint64_t part_min_bytes = kPartMinBytes);

  rt::Task<rt::Result<Multipart>> create(NewMultipart input);
  // kNotFound, the field "uploadId", when it was completed or aborted, too.
  rt::Task<rt::Result<Multipart>> get(MultipartRef ref);

  // Before the body is read: whether such a part may come, where its bytes go and how many they may be.
  rt::Task<rt::Result<Intake>> begin_part(MultipartRef ref, std::uint32_t number,
                                          std::optional<std::uint64_t> size_bytes);
  // Replaces an earlier part of this number. `arrival`: how the draft came, from begin_part().
  rt::Task<rt::Result<MultipartPart>> put_part(MultipartRef ref, PutPart input, store::Draft draft,
                                               Arrival arrival = {});

  // By number, behind `after_number`.
  rt::Task<rt::Result<PartPage>> list_parts(MultipartRef ref, std::uint32_t after_number, std::size_t limit);
  rt::Task<rt::Result<MultipartPage>> list(std::string tenant, std::string bucket, MultipartListing listing);

  // Makes the object of the named parts and frees the others. A repeat with the same list answers the same.
  rt::Task<rt::Result<BucketObject>> complete(MultipartRef ref, CompleteMultipart input);
  // Frees the parts. kNotFound for a repeat, as S3 has it.
  rt::Task<rt::Status> abort(MultipartRef ref);

  // Aborts what was idle for too long and forgets the answers kept for repeats; returns how many it aborted. What fails
  // holds up nothing else (sweep_index()). Called every minute or so by one loop.
  rt::Task<rt::Result<std::size_t>> sweep();

 private:
  // One that takes parts, and how many bytes what it is for may have.
  struct Open {
    Multipart multipart;
    std::uint64_t bytes_max = 0;
    // Of the upload in the bucket `uploads` that it is for: its record, as it was seen to be open.
    std::optional<store::Transaction::Requirement> upload = {};
  };
  rt::Task<rt::Result<Open>> load_open(MultipartRef ref);
  rt::Task<rt::Status> hold_target(store::Transaction& transaction, MultipartRef ref);
  rt::Task<rt::Result<store::Revision>> try_put_part(Open open, const MultipartPart& part, std::string key,
                                                     store::Draft draft);
  rt::Task<rt::Result<BucketObject>> try_complete(Multipart multipart, const CompleteMultipart& input);
  rt::Task<rt::Status> place_in_bucket(store::Transaction& transaction, const BucketObject& object,
                                       std::vector<ObjectPart> parts, const WriteCondition& condition);
  rt::Task<rt::Status> place_in_uploads(store::Transaction& transaction, BucketObject& object, std::uint64_t crc64nvme,
                                        const WriteCondition& condition);
  // When it expires unless something comes, and the parts that say so.
  struct Judged {
    std::int64_t expires_ms = 0;
    std::vector<MultipartPart> parts;
  };
  rt::Task<rt::Result<Judged>> judge(const Multipart& multipart);
  rt::Task<rt::Result<bool>> sweep_one(std::string entry);
  rt::Task<rt::Result<bool>> forget_answer(std::string entry, std::string path);
  rt::Task<rt::Result<bool>> move_in_index(Multipart multipart, std::string entry, std::int64_t expires_ms);

  store::Store& store_;
  Tenants& tenants_;
  Incoming& incoming_;
  const Clock clock_;
  const std::uint64_t part_min_bytes_;
};

}  // namespace millrace::media
