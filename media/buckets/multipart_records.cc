#include "media/buckets/multipart_records.h"

#include <algorithm>
#include <utility>

#include "media/buckets/bucket_records.h"
#include "media/records/codec_bucket.h"
#include "media/records/keys.h"
#include "media/records/records.h"

namespace millrace::media {
namespace {

using rt::Code;

std::unexpected<rt::Error> no_upload() {
  return rt::fail(Code::kNotFound, "no such multipart upload, or it has ended", "uploadId");
}

rt::Task<rt::Status> try_abort(store::Store& store, Multipart multipart) {
  auto sealed = co_await seal(store, std::move(multipart));
  if (!sealed) co_return rt::pass(sealed);
  auto parts = co_await load_parts(store, sealed->ref);
  if (!parts) co_return rt::pass(parts);
  co_return co_await erase_sealed(store, std::move(*sealed), std::move(*parts));
}

rt::Task<rt::Result<std::vector<Multipart>>> load_below(store::Store& store, std::string prefix) {
  auto records = co_await scan_all(store, std::move(prefix));
  if (!records) co_return rt::pass(records);
  std::vector<Multipart> multiparts;
  for (const store::Record& record : *records) {
    auto multipart = decode_multipart(record);
    if (!multipart) co_return rt::pass(multipart);
    multiparts.push_back(std::move(*multipart));
  }
  co_return multiparts;
}

Arrivals::Seen arriving(const Incoming& incoming, const Multipart& multipart) {
  return incoming.bodies.seen(keys::multipart(path_of(multipart.ref))).value_or(Arrivals::Seen());
}

// Read once; the commits of parts move it from then on.
rt::Task<rt::Result<PartSum>> sum_of(store::Store& store, PartSums& sums, const Multipart& multipart) {
  if (const auto known = sums.find(multipart.ref.id)) co_return *known;
  const auto ticket = sums.begin_count(multipart.ref.id);
  auto parts = co_await load_parts(store, multipart.ref);
  if (!parts) co_return rt::pass(parts);
  PartSum sum{.parts = parts->size(), .active_ms = multipart.created_ms};
  for (const MultipartPart& part : *parts) {
    sum.bytes += part.size_bytes;
    sum.active_ms = std::max(sum.active_ms, part.modified_ms);
  }
  sums.keep(multipart.ref.id, ticket, sum);
  co_return sum;
}

}  // namespace

std::string path_of(const MultipartRef& ref) { return keys::multipart_path(ref.tenant, ref.bucket, ref.key, ref.id); }

rt::Task<rt::Result<Multipart>> load_multipart(store::Store& store, MultipartRef ref) {
  auto record = co_await store.get(keys::multipart(path_of(ref)));
  if (!record) co_return rt::pass(record);
  if (!*record) co_return no_upload();
  co_return decode_multipart(**record);
}

rt::Task<rt::Result<std::vector<MultipartPart>>> load_parts(store::Store& store, MultipartRef ref) {
  auto records = co_await scan_all(store, keys::parts(ref.tenant, ref.id));
  if (!records) co_return rt::pass(records);
  std::vector<MultipartPart> parts;
  parts.reserve(records->size());
  for (const store::Record& record : *records) {
    auto part = decode_multipart_part(record);
    if (!part) co_return rt::pass(part);
    parts.push_back(std::move(*part));
  }
  co_return parts;
}

void hold_multipart(store::Transaction& transaction, const Multipart& multipart) {
  const std::string key = keys::multipart(path_of(multipart.ref));
  transaction.require(key, multipart.revision);
  if (multipart.state != MultipartState::kSealed) return;
  Multipart open = multipart;
  open.state = MultipartState::kOpen;
  transaction.put(key, encode(open));
}

rt::Task<rt::Result<Multipart>> seal(store::Store& store, Multipart multipart) {
  if (multipart.state == MultipartState::kSealed) co_return multipart;
  const std::string key = keys::multipart(path_of(multipart.ref));
  multipart.state = MultipartState::kSealed;
  store::Transaction transaction;
  transaction.require(key, multipart.revision);
  transaction.put(key, encode(multipart));
  auto committed = co_await store.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  multipart.revision = *committed;
  co_return multipart;
}

void erase_multipart(store::Transaction& transaction, const Multipart& multipart,
                     const std::vector<MultipartPart>& parts) {
  const std::string path = path_of(multipart.ref);
  transaction.require(keys::multipart(path), multipart.revision);
  transaction.erase(keys::multipart(path));
  transaction.erase(keys::open_multipart(multipart.swept_ms, path));
  for (const MultipartPart& part : parts) {
    transaction.erase(keys::part(multipart.ref.tenant, multipart.ref.id, part.number));
  }
}

rt::Task<rt::Status> erase_sealed(store::Store& store, Multipart sealed, std::vector<MultipartPart> parts) {
  store::Transaction transaction;
  erase_multipart(transaction, sealed, parts);
  for (const MultipartPart& part : parts) transaction.remove(part.object);
  auto committed = co_await store.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return rt::Status();
}

rt::Task<rt::Result<std::vector<Multipart>>> seal_multiparts(store::Store& store, std::string tenant,
                                                             std::string bucket, std::string key_prefix) {
  auto multiparts = co_await load_below(store, keys::multiparts(tenant, bucket) + key_prefix);
  if (!multiparts) co_return multiparts;
  for (Multipart& multipart : *multiparts) {
    auto sealed = co_await seal(store, std::move(multipart));
    if (!sealed) co_return rt::pass(sealed);
    multipart = std::move(*sealed);
  }
  co_return multiparts;
}

rt::Task<rt::Status> abort_multipart(store::Store& store, MultipartRef ref) {
  for (int round = 0; round < kBucketRounds; ++round) {
    auto multipart = co_await load_multipart(store, ref);
    if (!multipart) co_return rt::pass(multipart);
    auto aborted = co_await try_abort(store, std::move(*multipart));
    if (aborted || aborted.error().code != Code::kConflict) co_return aborted;
  }
  co_return rt::fail(Code::kUnavailable, "parts of the upload come faster than it can be aborted", "uploadId");
}

rt::Task<rt::Status> abort_multiparts(store::Store& store, std::string tenant, std::string bucket,
                                      std::string key_prefix) {
  auto multiparts = co_await load_below(store, keys::multiparts(tenant, bucket) + key_prefix);
  if (!multiparts) co_return rt::pass(multiparts);
  for (const Multipart& multipart : *multiparts) {
    auto aborted = co_await abort_multipart(store, multipart.ref);
    if (!aborted && aborted.error().code != Code::kNotFound) co_return aborted;
  }
  co_return rt::Status();
}

std::int64_t last_activity(const Incoming& incoming, const Multipart& multipart,
                           const std::vector<MultipartPart>& parts) {
  std::int64_t active_ms = std::max(multipart.created_ms, arriving(incoming, multipart).active_ms);
  for (const MultipartPart& part : parts) active_ms = std::max(active_ms, part.modified_ms);
  return active_ms;
}

rt::Task<rt::Result<PartsProgress>> parts_progress(store::Store& store, Incoming& incoming, std::string tenant,
                                                   std::string upload_id) {
  auto multiparts = co_await load_below(store, keys::multiparts(tenant, kUploadsBucket) + upload_id + "/");
  if (!multiparts) co_return rt::pass(multiparts);
  PartsProgress latest;
  for (const Multipart& multipart : *multiparts) {
    const auto sum = co_await sum_of(store, incoming.sums, multipart);
    if (!sum) co_return std::unexpected(sum.error());
    const Arrivals::Seen bodies = arriving(incoming, multipart);
    const std::int64_t active_ms = std::max(sum->active_ms, bodies.active_ms);
    if (active_ms < latest.active_ms) continue;
    latest = {.bytes = sum->bytes, .parts = sum->parts, .arriving_bytes = bodies.bytes, .active_ms = active_ms};
  }
  co_return latest;
}

}  // namespace millrace::media
