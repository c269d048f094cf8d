// Ending multipart uploads: completing one, and expiring those that nobody goes on with.
#include <algorithm>
#include <utility>

#include "media/buckets/bucket_records.h"
#include "media/buckets/multipart_choice.h"
#include "media/buckets/multipart_records.h"
#include "media/buckets/multiparts.h"
#include "media/records/codec_bucket.h"
#include "media/records/keys.h"
#include "media/records/records.h"
#include "media/tenants/tenants.h"
#include "media/uploads/upload_object.h"

namespace millrace::media {
namespace {

using rt::Code;

// How long a repeat of a completion is answered.
constexpr std::int64_t kAnswerKeptMs = 24LL * 3600 * 1000;

void join(store::Transaction& transaction, BucketObject& object, const Choice& choice) {
  std::vector<store::ObjectId> parts;
  for (const MultipartPart& part : choice.chosen) parts.push_back(part.object);
  object.object = parts.size() == 1 ? parts.front() : store::ObjectId::random();
  if (parts.size() > 1) transaction.join(object.object, std::move(parts));
  for (const MultipartPart& part : choice.others) transaction.remove(part.object);
}

// The last of the multipart upload itself, but for the answer to a repeat.
void put_answer(store::Transaction& transaction, Multipart multipart, const BucketObject& object, std::string digest,
                std::int64_t now_ms) {
  const std::string path = path_of(multipart.ref);
  multipart.state = MultipartState::kCompleted;
  multipart.headers = {};
  multipart.tags = {};
  multipart.completed = object;
  multipart.completed_parts = std::move(digest);
  // One transaction does not erase and put the same entry.
  multipart.swept_ms = std::max(now_ms + kAnswerKeptMs, multipart.swept_ms + 1);
  transaction.put(keys::done_multipart(path), encode(multipart));
  transaction.put(keys::open_multipart(multipart.swept_ms, path), {});
}

rt::Task<rt::Result<BucketObject>> earlier_answer(store::Store& store, MultipartRef ref, std::string digest) {
  const auto none = rt::fail(Code::kNotFound, "no such multipart upload, or it has ended", "uploadId");
  auto record = co_await store.get(keys::done_multipart(path_of(ref)));
  if (!record) co_return rt::pass(record);
  if (!*record) co_return none;
  auto multipart = decode_multipart(**record);
  if (!multipart) co_return rt::pass(multipart);
  if (multipart->completed_parts != digest) co_return none;
  co_return std::move(multipart->completed);
}

}  // namespace

rt::Task<rt::Result<BucketObject>> Multiparts::complete(MultipartRef ref, CompleteMultipart input) {
  auto good = check_list(input.parts);
  if (!good) co_return rt::pass(good);
  for (int round = 0; round < kBucketRounds; ++round) {
    auto multipart = co_await get(ref);
    if (!multipart && multipart.error().field == "uploadId") {
      co_return co_await earlier_answer(store_, std::move(ref), digest_of(input.parts));
    }
    if (!multipart) co_return rt::pass(multipart);
    auto sealed = co_await seal(store_, std::move(*multipart));
    if (!sealed && sealed.error().code == Code::kConflict) continue;
    if (!sealed) co_return rt::pass(sealed);
    const store::Revision seal_revision = sealed->revision;
    auto completed = co_await try_complete(std::move(*sealed), input);
    if (completed) co_return completed;
    if (completed.error().code == Code::kConflict) continue;
    // Refused for parts that another completion took meanwhile, perhaps: only what was seen under the seal counts.
    auto current = co_await load_multipart(store_, ref);
    if (current && current->revision == seal_revision) co_return completed;
    if (!current && current.error().code != Code::kNotFound) co_return rt::pass(current);
  }
  co_return rt::fail(Code::kUnavailable, "parts of the upload come faster than it can be completed", "uploadId");
}

rt::Task<rt::Result<BucketObject>> Multiparts::try_complete(Multipart multipart, const CompleteMultipart& input) {
  const std::int64_t now_ms = clock_();
  const std::string id = multipart.ref.id;
  auto parts = co_await load_parts(store_, multipart.ref);
  if (!parts) co_return rt::pass(parts);
  store::Transaction transaction;
  erase_multipart(transaction, multipart, *parts);
  auto choice = choose(std::move(*parts), input.parts, part_min_bytes_);
  if (!choice) co_return rt::pass(choice);
  auto object = joined(multipart, choice->chosen, input, now_ms);
  if (!object) co_return object;
  join(transaction, *object, *choice);
  auto placed = multipart.ref.bucket == kUploadsBucket
                    ? place_in_uploads(transaction, *object, crc64nvme_of(choice->chosen), input.condition)
                    : place_in_bucket(transaction, *object, parts_of(multipart, choice->chosen), input.condition);
  auto good = co_await std::move(placed);
  if (!good) co_return rt::pass(good);
  put_answer(transaction, std::move(multipart), *object, digest_of(input.parts), now_ms);
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  incoming_.sums.forget(id);
  object->revision = *committed;
  co_return object;
}

rt::Task<rt::Status> Multiparts::place_in_bucket(store::Transaction& transaction, const BucketObject& object,
                                                 std::vector<ObjectPart> parts, const WriteCondition& condition) {
  auto owner = tenants_.tenant(object.tenant);
  if (!owner) co_return rt::pass(owner);
  if (owner->upload_max_bytes > 0 && object.size_bytes > owner->upload_max_bytes) {
    co_return rt::fail(Code::kTooLarge, "the object is larger than allowed", "fileSize");
  }
  auto existing = co_await find_object(store_, object.tenant, object.bucket, object.key);
  if (!existing) co_return rt::pass(existing);
  auto good = check_condition(condition, *existing);
  if (!good) co_return good;
  auto bucket = co_await load_bucket(store_, object.tenant, object.bucket);
  if (!bucket) co_return rt::pass(bucket);
  hold_bucket(transaction, *bucket);
  replace_object(transaction, object, *existing);
  transaction.put(keys::object_parts(object.object.text()), encode(parts));
  co_return rt::Status();
}

rt::Task<rt::Status> Multiparts::place_in_uploads(store::Transaction& transaction, BucketObject& object,
                                                  std::uint64_t crc64nvme, const WriteCondition& condition) {
  auto owner = tenants_.tenant(object.tenant);
  if (!owner) co_return rt::pass(owner);
  auto upload = co_await open_upload_of(store_, object.tenant, object.key);
  if (!upload) co_return rt::pass(upload);
  auto good = check_condition(condition, object_of(*upload));
  if (good) good = check_file_size(*upload, *owner, object.size_bytes);
  if (!good) co_return good;
  object.part_count = 0;
  put_whole(transaction, std::move(*upload), object, crc64nvme, owner->upload_idle_seconds * 1000);
  co_return rt::Status();
}

rt::Task<rt::Result<std::size_t>> Multiparts::sweep() {
  incoming_.bodies.forget_idle();
  co_return co_await sweep_index(store_, keys::open_multiparts(), keys::open_multipart(clock_(), {}),
                                 [this](std::string entry) { return sweep_one(std::move(entry)); });
}

// True when it was aborted. Judged twice: under the seal, what came since is seen and what comes later breaks it.
rt::Task<rt::Result<bool>> Multiparts::sweep_one(std::string entry) {
  const std::string path = entry.substr(keys::open_multipart(0, {}).size());
  auto record = co_await store_.get(keys::multipart(path));
  if (!record) co_return rt::pass(record);
  if (!*record) co_return co_await forget_answer(std::move(entry), path);
  auto multipart = decode_multipart(**record);
  if (!multipart) co_return rt::pass(multipart);
  auto judged = co_await judge(*multipart);
  if (!judged) co_return rt::pass(judged);
  if (judged->expires_ms > clock_()) {
    co_return co_await move_in_index(std::move(*multipart), std::move(entry), judged->expires_ms);
  }
  auto sealed = co_await seal(store_, std::move(*multipart));
  if (!sealed) co_return rt::pass(sealed);
  judged = co_await judge(*sealed);
  if (!judged) co_return rt::pass(judged);
  if (judged->expires_ms > clock_()) {
    co_return co_await move_in_index(std::move(*sealed), std::move(entry), judged->expires_ms);
  }
  auto erased = co_await erase_sealed(store_, std::move(*sealed), std::move(judged->parts));
  if (!erased) co_return rt::pass(erased);
  co_return true;
}

rt::Task<rt::Result<Multiparts::Judged>> Multiparts::judge(const Multipart& multipart) {
  auto owner = tenants_.tenant(multipart.ref.tenant);
  if (!owner) co_return rt::pass(owner);
  auto parts = co_await load_parts(store_, multipart.ref);
  if (!parts) co_return rt::pass(parts);
  const std::int64_t expires_ms = last_activity(incoming_, multipart, *parts) + owner->upload_idle_seconds * 1000;
  co_return Judged{expires_ms, std::move(*parts)};
}

rt::Task<rt::Result<bool>> Multiparts::forget_answer(std::string entry, std::string path) {
  store::Transaction transaction;
  transaction.erase(keys::done_multipart(path));
  transaction.erase(std::move(entry));
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return false;
}

rt::Task<rt::Result<bool>> Multiparts::move_in_index(Multipart multipart, std::string entry, std::int64_t expires_ms) {
  const std::string path = path_of(multipart.ref);
  multipart.state = MultipartState::kOpen;
  multipart.swept_ms = expires_ms;
  store::Transaction transaction;
  transaction.require(keys::multipart(path), multipart.revision);
  transaction.put(keys::multipart(path), encode(multipart));
  transaction.erase(std::move(entry));
  transaction.put(keys::open_multipart(expires_ms, path), {});
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return false;
}

}  // namespace millrace::media
