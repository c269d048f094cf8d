// Whole chunks are shared by their extents, with checksums that the index knows. Parts of chunks are read and written
// again: an object that held a chunk for a few bytes of it would keep all of the chunk.
#include "store/sharing.h"

#include <fmt/format.h>

#include "server/rt/event.h"
#include "store/crc.h"
#include "store/draft.h"
#include "store/reader.h"
#include "store/writer.h"

namespace millrace::store {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{256} << 10;

// Extents [first, end) of an object and the bytes they hold.
struct Run {
  std::size_t first = 0;
  std::size_t end = 0;
  std::uint64_t offset = 0;  // in the object
  std::uint64_t length = 0;
  Checksums checksums = {};
};

// The extents that lie in the range as a whole; without checksums.
Run inner_run(const ObjectEntry& object, std::uint64_t offset, std::uint64_t length) {
  Run run{.offset = offset};
  std::uint64_t at = 0;
  std::size_t index = 0;
  while (index < object.extents.size() && at < offset) at += object.extents[index++].length;
  if (at > offset + length) return run;
  run.first = run.end = index;
  run.offset = at;
  while (run.end < object.extents.size() &&
         run.offset + run.length + object.extents[run.end].length <= offset + length) {
    run.length += object.extents[run.end++].length;
  }
  return run;
}

// Blocks. Ends the run before an extent that is only part of its chunk, because nobody knows its checksums.
rt::Result<Run> with_checksums(const Catalog& catalog, const ObjectEntry& object, Run run) {
  const std::size_t end = std::exchange(run.end, run.first);
  run.length = 0;
  for (; run.end < end; ++run.end) {
    const Extent& extent = object.extents[run.end];
    auto entry = catalog.chunk(extent.chunk);
    if (!entry) return pass(entry);
    if (!*entry) return rt::fail(rt::Code::kDamaged, fmt::format("chunk {} is missing", extent.chunk));
    const ChunkSummary& summary = (*entry)->info.summary;
    if (extent.offset != 0 || extent.length != summary.length) break;
    run.checksums.crc32 = crc32_combine(run.checksums.crc32, summary.crc32, summary.length);
    run.checksums.crc64nvme = crc64nvme_combine(run.checksums.crc64nvme, summary.crc64nvme, summary.length);
    run.length += summary.length;
  }
  return run;
}

void append_sums(Draft::Content& content, const Checksums& checksums, std::uint64_t bytes) {
  content.crc32 = crc32_combine(content.crc32, checksums.crc32, bytes);
  content.crc64nvme = crc64nvme_combine(content.crc64nvme, checksums.crc64nvme, bytes);
  content.size_bytes += bytes;
}

struct Sharing {
  Internals& store;
  const std::shared_ptr<const ObjectEntry> object;
  const std::shared_ptr<const Epochs::Pin> pin;
  const std::string domain;
  const std::shared_ptr<Draft::Content> content = std::make_shared<Draft::Content>();

  rt::Task<rt::Status> copy(std::uint64_t offset, std::uint64_t length) {
    if (length == 0) co_return rt::Status{};
    const auto reader = make_reader(store, object, store.epochs.pin(), offset, length);
    const auto writer = make_writer(store, domain);
    while (reader->remaining_bytes() > 0) {
      auto slices = co_await reader->next(kCopyBytes);
      if (!slices) co_return pass(slices);
      for (rt::Slice& slice : *slices) {
        auto appended = co_await writer->append(std::move(slice));
        if (!appended) co_return appended;
      }
      co_await rt::yield();
    }
    auto draft = co_await writer->finish();
    if (!draft) co_return pass(draft);
    append_sums(*content, {draft->crc32(), draft->crc64nvme()}, draft->size_bytes());
    for (auto& chunk : draft->content()->chunks) content->chunks.push_back(std::move(chunk));
    co_return rt::Status{};
  }

  void share(const Run& run) {
    append_sums(*content, run.checksums, run.length);
    content->shared = SharedRun{object, pin, run.first, run.end, content->chunks.size()};
  }
};

}  // namespace

rt::Task<rt::Result<Draft>> share_range(Internals& store, std::shared_ptr<const ObjectEntry> object, Epochs::Pin pin,
                                        std::uint64_t offset, std::uint64_t length, std::string domain) {
  pin.narrow(object);
  Run run = inner_run(*object, offset, length);
  if (length == object->info.size_bytes) {
    run.checksums = {object->info.crc32, object->info.crc64nvme};
  } else {
    auto known = co_await store.io.run([&] { return with_checksums(store.catalog, *object, run); });
    if (!known) co_return pass(known);
    run = std::move(*known);
  }
  Sharing sharing{store, object, std::make_shared<const Epochs::Pin>(std::move(pin)), std::move(domain)};
  auto done = co_await sharing.copy(offset, run.offset - offset);
  if (!done) co_return pass(done);
  sharing.share(run);
  const std::uint64_t behind = run.offset + run.length;
  done = co_await sharing.copy(behind, offset + length - behind);
  if (!done) co_return pass(done);
  co_return Draft(sharing.content);
}

}  // namespace millrace::store
