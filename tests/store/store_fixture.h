// A store on the fake disk with small chunks and segments and a clock of its own, and the verbs that tests are written
// in.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "server/rt/event.h"
#include "server/rt/loop.h"
#include "server/rt/pool.h"
#include "store/draft.h"
#include "store/embedded_store.h"
#include "store/segment_scanner.h"
#include "tests/store/fake_disk.h"
#include "tests/store/memory_index.h"

namespace millrace::store {

inline std::string random_text(std::mt19937_64& random, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t at = 0; at < bytes; at += sizeof(std::uint64_t)) {
    const std::uint64_t word = random();
    std::memcpy(text.data() + at, &word, std::min(sizeof(word), bytes - at));
  }
  return text;
}

inline std::string random_text(std::uint64_t seed, std::size_t bytes) {
  std::mt19937_64 random(seed);
  return random_text(random, bytes);
}

inline rt::Task<rt::Status> append_all(Writer& writer, std::string text, std::size_t piece_bytes) {
  rt::Slice rest = rt::Slice::copy_of(text);
  while (!rest.empty()) {
    auto appended = co_await writer.append(rest.take_front(std::min(piece_bytes, rest.size())));
    if (!appended) co_return appended;
  }
  co_return rt::Status{};
}

inline rt::Task<rt::Result<Draft>> draft_of(Store& store, std::string text, std::string domain = "a",
                                            std::size_t piece_bytes = 16 << 10) {
  auto writer = store.writer(domain);
  auto appended = co_await append_all(*writer, std::move(text), piece_bytes);
  if (!appended) co_return pass(appended);
  auto draft = co_await writer->finish();
  co_return draft;
}

inline rt::Task<rt::Result<ObjectId>> upload(Store& store, std::string text, std::string domain = "a",
                                             std::size_t piece_bytes = 16 << 10) {
  auto draft = co_await draft_of(store, std::move(text), std::move(domain), piece_bytes);
  if (!draft) co_return pass(draft);
  const ObjectId id = ObjectId::random();
  Transaction transaction;
  transaction.create(id, std::move(*draft));
  auto committed = co_await store.commit(std::move(transaction));
  if (!committed) co_return pass(committed);
  co_return id;
}

inline rt::Task<rt::Result<std::string>> download(Store& store, ObjectId id, std::uint64_t offset, std::uint64_t length,
                                                  std::size_t want_bytes = 100'000) {
  auto reader = co_await store.read(id, offset, length);
  if (!reader) co_return pass(reader);
  std::string text;
  for (;;) {
    auto slices = co_await (*reader)->next(want_bytes);
    if (!slices) co_return pass(slices);
    if (slices->empty()) co_return text;
    for (const rt::Slice& slice : *slices) text.append(slice.text());
  }
}

inline rt::Task<rt::Result<std::string>> download(Store& store, ObjectId id) {
  auto info = co_await store.info(id);
  if (!info) co_return pass(info);
  if (!*info) co_return rt::fail(rt::Code::kNotFound, "no object");
  auto text = co_await download(store, id, 0, (*info)->size_bytes);
  co_return text;
}

class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    options.directory = "/store";
    options.segment_bytes = 1 << 20;
    options.chunk_min_bytes = 4 << 10;
    options.chunk_average_bytes = 16 << 10;
    options.chunk_max_bytes = 64 << 10;
    options.free_space_min_bytes = 0;
    options.reclaim_delay_seconds = 10;
    options.scrub_bytes_per_second = 0;
  }

  Seams seams() {
    return {index.factory(), [this] { return now.load(); }, linger, false};
  }
  rt::Status try_open() {
    store.reset();
    auto opened = EmbeddedStore::open(options, disk, budget, io, seams());
    if (!opened) return pass(opened);
    store = std::move(*opened);
    store->on_damage([this](std::string sentence) {
      std::lock_guard lock(damage_mutex);
      damage.push_back(std::move(sentence));
    });
    return {};
  }
  void open() {
    const auto opened = try_open();
    ASSERT_TRUE(opened) << opened.error().message;
  }

  ObjectId upload_now(std::string text, std::string domain = "a") {
    auto id = rt::run_until_done(upload(*store, std::move(text), std::move(domain)));
    EXPECT_TRUE(id) << id.error().message;
    return id.value_or(ObjectId{});
  }
  rt::Result<std::string> download_now(ObjectId id) { return rt::run_until_done(download(*store, id)); }
  rt::Result<Revision> commit_now(Transaction transaction) {
    return rt::run_until_done(store->commit(std::move(transaction)));
  }
  rt::Result<Revision> remove_now(ObjectId id) {
    Transaction transaction;
    transaction.remove(id);
    return commit_now(std::move(transaction));
  }
  rt::Result<Revision> put_now(std::string key, std::string value) {
    Transaction transaction;
    transaction.put(std::move(key), std::move(value));
    return commit_now(std::move(transaction));
  }
  std::optional<Record> get_now(std::string key) {
    auto record = rt::run_until_done(store->get(std::move(key)));
    EXPECT_TRUE(record) << record.error().message;
    return record.value_or(std::nullopt);
  }

  std::filesystem::path segment_path(SegmentNumber number = 1) const {
    return options.directory / segment_name(number);
  }
  // The records of a segment that is whole.
  std::vector<RecordHeader> records_of(SegmentNumber number = 1) {
    const auto header = decode_segment_header(disk.contents(segment_path(number)));
    const auto file = disk.open(segment_path(number), Access::kRead, Caching::kCached);
    SegmentScanner scanner(**file, header->seed(), kSegmentHeaderBytes, *(*file)->size());
    std::vector<RecordHeader> records;
    while (const auto record = *scanner.next()) records.push_back(record->header);
    return records;
  }

  FakeDisk disk;
  MemoryIndexState index;
  rt::Budget budget{std::size_t{512} << 20};
  rt::Pool io{2};
  Options options;
  std::atomic<std::int64_t> now{1'000'000};
  std::optional<std::chrono::milliseconds> linger{1};
  std::mutex damage_mutex;
  std::vector<std::string> damage;  // guarded by damage_mutex
  std::unique_ptr<EmbeddedStore> store;
};

}  // namespace millrace::store
