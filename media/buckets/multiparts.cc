#include "media/buckets/multiparts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "media/buckets/bucket_records.h"
#include "media/buckets/key_walk.h"
#include "media/buckets/multipart_records.h"
#include "media/records/codec.h"
#include "media/records/codec_bucket.h"
#include "media/records/id.h"
#include "media/records/keys.h"
#include "media/tenants/tenants.h"
#include "media/uploads/upload_object.h"

namespace millrace::media {
namespace {

using rt::Code;

// Of one upload at the same time: whoever brings its bytes is not always somebody we know, and whoever asks for the
// upload looks at each.
constexpr std::size_t kMultipartsPerUploadMax = 8;

std::unexpected<rt::Error> changed_too_often() {
  return rt::fail(Code::kUnavailable, "the multipart upload is changed too often", "uploadId");
}

std::unexpected<rt::Error> wrong_checksum(std::string message) {
  return rt::fail(Code::kUnprocessable, std::move(message), "checksum");
}

bool is_lost_race(const rt::Error& error) { return error.code == Code::kConflict; }

rt::Status check_type(ChecksumAlgorithm algorithm, bool composite) {
  if (composite && algorithm == ChecksumAlgorithm::kCrc64Nvme) {
    return wrong_checksum("CRC64NVME is a checksum of full objects");
  }
  if (composite || combines(algorithm)) return {};
  return wrong_checksum(fmt::format("{} of a full object cannot be made of its parts", word(algorithm)));
}

rt::Status check(const NewMultipart& input) {
  auto good = check_object_key(input.key);
  if (good) good = check_headers(input.headers);
  if (good) good = check_tags(input.tags);
  if (good && input.algorithm && input.composite) good = check_type(*input.algorithm, *input.composite);
  return good;
}

Multipart multipart_of(NewMultipart input, std::int64_t now_ms, std::int64_t idle_ms) {
  const bool composite_by_default = input.algorithm && input.algorithm != ChecksumAlgorithm::kCrc64Nvme;
  return {.ref = {.tenant = std::move(input.tenant),
                  .bucket = std::move(input.bucket),
                  .key = std::move(input.key),
                  .id = new_uuid()},
          .headers = std::move(input.headers),
          .tags = std::move(input.tags),
          .algorithm = input.algorithm,
          .composite = input.composite.value_or(composite_by_default),
          .created_ms = now_ms,
          .swept_ms = now_ms + idle_ms,
          .completed_parts = {},
          .completed = {}};
}

rt::Status check_number(std::uint32_t number) {
  if (number >= 1 && number <= kPartsMax) return {};
  return rt::fail(Code::kInvalid, fmt::format("part numbers are 1 to {}", kPartsMax), "partNumber");
}

rt::Status check_part_size(std::uint64_t size_bytes, std::uint64_t bytes_max) {
  if (size_bytes <= bytes_max) return {};
  return rt::fail(Code::kTooLarge, fmt::format("a part of this upload has at most {} bytes", bytes_max), "fileSize");
}

// With the checksum that the whole's will be made of.
rt::Result<MultipartPart> part_of(PutPart input, const Multipart& multipart, const store::Draft& draft,
                                  std::int64_t now_ms) {
  MultipartPart part{.number = input.number,
                     .object = store::ObjectId::random(),
                     .size_bytes = draft.size_bytes(),
                     .crc32 = draft.crc32(),
                     .crc64nvme = draft.crc64nvme(),
                     .etag = etag_of(input.md5, draft.crc64nvme(), draft.size_bytes()),
                     .checksums = std::move(input.checksums),
                     .modified_ms = now_ms};
  const auto algorithm = multipart.algorithm;
  if (!algorithm || find(part.checksums, *algorithm)) return part;
  if (algorithm == ChecksumAlgorithm::kCrc32) {
    part.checksums.push_back(crc32_checksum(part.crc32));
  } else if (algorithm == ChecksumAlgorithm::kCrc64Nvme) {
    part.checksums.push_back(crc64nvme_checksum(part.crc64nvme));
  } else {
    return wrong_checksum(fmt::format("every part of this upload comes with its {}", word(*algorithm)));
  }
  return part;
}

}  // namespace

Multiparts::Multiparts(store::Store& store, Tenants& tenants, Incoming& incoming, Clock clock,
                       std::uint64_t part_min_bytes)
    : store_(store), tenants_(tenants), incoming_(incoming), clock_(clock), part_min_bytes_(part_min_bytes) {}

rt::Task<rt::Result<Multipart>> Multiparts::create(NewMultipart input) {
  auto good = check(input);
  if (!good) co_return rt::pass(good);
  auto owner = tenants_.tenant(input.tenant);
  if (!owner) co_return rt::pass(owner);
  Multipart multipart = multipart_of(std::move(input), clock_(), owner->upload_idle_seconds * 1000);
  const std::string path = path_of(multipart.ref);
  for (int round = 0; round < kBucketRounds; ++round) {
    store::Transaction transaction;
    good = co_await hold_target(transaction, multipart.ref);
    if (!good) co_return rt::pass(good);
    transaction.put(keys::multipart(path), encode(multipart));
    transaction.put(keys::open_multipart(multipart.swept_ms, path), {});
    auto committed = co_await store_.commit(std::move(transaction));
    if (committed) {
      multipart.revision = *committed;
      co_return multipart;
    }
    if (!is_lost_race(committed.error())) co_return rt::pass(committed);
  }
  co_return changed_too_often();
}

// The transaction fails when what the multipart upload is for goes meanwhile. To an upload, a multipart upload that is
// begun is activity, and changes its record: who expires it has seen all there are, or fails.
rt::Task<rt::Status> Multiparts::hold_target(store::Transaction& transaction, MultipartRef ref) {
  if (ref.bucket != kUploadsBucket) {
    auto bucket = co_await load_bucket(store_, ref.tenant, ref.bucket);
    if (!bucket) co_return rt::pass(bucket);
    hold_bucket(transaction, *bucket);
    co_return rt::Status();
  }
  auto upload = co_await open_upload_of(store_, ref.tenant, ref.key);
  if (!upload) co_return rt::pass(upload);
  auto owner = tenants_.tenant(ref.tenant);
  if (!owner) co_return rt::pass(owner);
  const std::string record = keys::upload(upload->tenant, upload->id);
  upload->updated_ms = std::max(upload->updated_ms, clock_());
  upload->expires_ms = upload->updated_ms + owner->upload_idle_seconds * 1000;
  transaction.require(record, upload->revision);
  transaction.put(record, encode(*upload));
  store::Scan scan{.prefix = keys::multiparts(ref.tenant, ref.bucket) + upload->id + "/",
                   .after = {},
                   .limit = kMultipartsPerUploadMax};
  auto others = co_await store_.scan(std::move(scan));
  if (!others) co_return rt::pass(others);
  if (others->size() < kMultipartsPerUploadMax) co_return rt::Status();
  co_return rt::fail(Code::kTooMany, "abort some of the multipart uploads of this upload first", "uploadId");
}

rt::Task<rt::Result<Multipart>> Multiparts::get(MultipartRef ref) {
  auto bucket = co_await load_bucket(store_, ref.tenant, ref.bucket);
  if (!bucket) co_return rt::pass(bucket);
  co_return co_await load_multipart(store_, std::move(ref));
}

// Also what it is for is still there.
rt::Task<rt::Result<Multiparts::Open>> Multiparts::load_open(MultipartRef ref) {
  auto owner = tenants_.tenant(ref.tenant);
  if (!owner) co_return rt::pass(owner);
  auto multipart = co_await get(ref);
  if (!multipart) co_return rt::pass(multipart);
  Open open{std::move(*multipart), owner->upload_max_bytes > 0 ? owner->upload_max_bytes : kObjectMaxBytes};
  if (ref.bucket == kUploadsBucket) {
    auto upload = co_await open_upload_of(store_, ref.tenant, ref.key);
    if (!upload) co_return rt::pass(upload);
    open.bytes_max = file_bytes_max(*upload, *owner);
    open.upload = {keys::upload(upload->tenant, upload->id), upload->revision};
  }
  open.bytes_max = std::min(open.bytes_max, kObjectMaxBytes);
  co_return open;
}

rt::Task<rt::Result<Intake>> Multiparts::begin_part(MultipartRef ref, std::uint32_t number,
                                                    std::optional<std::uint64_t> size_bytes) {
  auto good = check_number(number);
  if (!good) co_return rt::pass(good);
  auto owner = tenants_.tenant(ref.tenant);
  if (!owner) co_return rt::pass(owner);
  // Counted before it is looked for: a sweep sees one or is seen.
  Arrival arrival = incoming_.bodies.begin(keys::multipart(path_of(ref)), owner->upload_idle_seconds * 1000);
  auto found = co_await load_open(ref);
  if (!found) co_return rt::pass(found);
  const std::uint64_t bytes_max = std::min(found->bytes_max, kPartMaxBytes);
  good = check_part_size(size_bytes.value_or(0), bytes_max);
  if (good) good = tenants_.check_room(ref.tenant, size_bytes.value_or(0));
  if (!good) co_return rt::pass(good);
  co_return Intake{store_.writer(ref.tenant), bytes_max, std::move(arrival)};
}

rt::Task<rt::Result<MultipartPart>> Multiparts::put_part(MultipartRef ref, PutPart input, store::Draft draft,
                                                         Arrival arrival) {
  auto good = check_number(input.number);
  if (!good) co_return rt::pass(good);
  const std::string key = keys::part(ref.tenant, ref.id, input.number);
  for (int round = 0; round < kBucketRounds; ++round) {
    auto found = co_await load_open(ref);
    if (!found) co_return rt::pass(found);
    good = check_part_size(draft.size_bytes(), std::min(found->bytes_max, kPartMaxBytes));
    if (!good) co_return rt::pass(good);
    auto part = part_of(input, found->multipart, draft, clock_());
    if (!part) co_return part;
    auto committed = co_await try_put_part(std::move(*found), *part, key, store::Draft(draft.content()));
    if (committed) {
      arrival.committed();
      part->revision = *committed;
      co_return part;
    }
    if (!is_lost_race(committed.error())) co_return rt::pass(committed);
  }
  co_return changed_too_often();
}

rt::Task<rt::Result<store::Revision>> Multiparts::try_put_part(Open open, const MultipartPart& part, std::string key,
                                                               store::Draft draft) {
  auto record = co_await store_.get(key);
  if (!record) co_return rt::pass(record);
  store::Transaction transaction;
  hold_multipart(transaction, open.multipart);
  if (open.upload) transaction.require(open.upload->key, open.upload->revision);
  transaction.require(key, *record ? (*record)->revision : 0);
  transaction.put(key, encode(part));
  transaction.create(part.object, std::move(draft));
  std::optional<std::uint64_t> replaced_bytes;
  if (*record) {
    auto replaced = decode_multipart_part(**record);
    if (!replaced) co_return rt::pass(replaced);
    transaction.remove(replaced->object);
    replaced_bytes = replaced->size_bytes;
  }
  PartSums::Change change(incoming_.sums, open.multipart.ref.id);
  auto committed = co_await store_.commit(std::move(transaction));
  if (committed) change.committed(part.size_bytes, replaced_bytes, part.modified_ms);
  if (!committed && is_lost_race(committed.error())) change.failed();
  co_return committed;
}

rt::Task<rt::Result<PartPage>> Multiparts::list_parts(MultipartRef ref, std::uint32_t after_number, std::size_t limit) {
  auto multipart = co_await get(ref);
  if (!multipart) co_return rt::pass(multipart);
  store::Scan scan{.prefix = keys::parts(ref.tenant, ref.id),
                   .after = keys::part(ref.tenant, ref.id, after_number),
                   .limit = limit + 1};
  auto records = co_await store_.scan(std::move(scan));
  if (!records) co_return rt::pass(records);
  PartPage page{.multipart = std::move(*multipart), .parts = {}, .more = records->size() > limit};
  if (page.more) records->resize(limit);
  for (const store::Record& record : *records) {
    auto part = decode_multipart_part(record);
    if (!part) co_return rt::pass(part);
    page.parts.push_back(std::move(*part));
  }
  co_return page;
}

rt::Task<rt::Result<MultipartPage>> Multiparts::list(std::string tenant, std::string bucket, MultipartListing listing) {
  auto there = co_await load_bucket(store_, tenant, bucket);
  if (!there) co_return rt::pass(there);
  // A key-marker alone is behind all uploads of that key.
  if (!listing.keys.after.empty()) {
    listing.keys.after += keys::kBehindKey;
    listing.keys.after += listing.after_id.empty() ? std::string(1, kBehindAll) : listing.after_id;
  }
  auto walked = co_await walk_keys(store_, keys::multiparts(tenant, bucket), std::move(listing.keys));
  if (!walked) co_return rt::pass(walked);
  MultipartPage page{.multiparts = {},
                     .common_prefixes = std::move(walked->groups),
                     .more = walked->more,
                     .next_key = walked->next.substr(0, walked->next.find(keys::kBehindKey)),
                     .next_id = {}};
  if (page.next_key.size() < walked->next.size()) page.next_id = walked->next.substr(page.next_key.size() + 1);
  for (const store::Record& record : walked->records) {
    auto multipart = decode_multipart(record);
    if (!multipart) co_return rt::pass(multipart);
    page.multiparts.push_back(std::move(*multipart));
  }
  co_return page;
}

rt::Task<rt::Status> Multiparts::abort(MultipartRef ref) {
  auto bucket = co_await load_bucket(store_, ref.tenant, ref.bucket);
  if (!bucket) co_return rt::pass(bucket);
  co_return co_await abort_multipart(store_, std::move(ref));
}

}  // namespace millrace::media
