#include "store/writer.h"

#include "server/rt/block.h"
#include "tests/store/store_fixture.h"

namespace millrace::store {
namespace {

using WriterTest = StoreTest;

rt::Task<rt::Status> append_from_blocks(Writer& writer, rt::BlockPool& blocks, std::string text,
                                        std::size_t piece_bytes) {
  for (std::size_t at = 0; at < text.size(); at += piece_bytes) {
    rt::Block& block = blocks.current();
    const std::size_t count = std::min(piece_bytes, text.size() - at);
    std::memcpy(block.room().data(), text.data() + at, count);
    auto appended = co_await writer.append(block.fill(count));
    if (!appended) co_return appended;
  }
  co_return rt::Status{};
}

rt::Task<rt::Result<std::string>> upload_from_blocks(Store& store, rt::BlockPool& blocks, std::string text,
                                                     std::size_t piece_bytes) {
  auto writer = store.writer("a");
  auto appended = co_await append_from_blocks(*writer, blocks, text, piece_bytes);
  if (!appended) co_return pass(appended);
  auto draft = co_await writer->finish();
  if (!draft) co_return pass(draft);
  Transaction transaction;
  const ObjectId id = ObjectId::random();
  transaction.create(id, std::move(*draft));
  auto committed = co_await store.commit(std::move(transaction));
  if (!committed) co_return pass(committed);
  auto got = co_await download(store, id);
  co_return got;
}

TEST_F(WriterTest, copies_no_body_bytes_but_small_pieces) {
  open();
  const auto blocks = rt::BlockPool::make(budget);
  const std::string text = random_text(1, 800'000);
  EXPECT_EQ(rt::run_until_done(upload_from_blocks(*store, *blocks, text, 16'384)), text);
  EXPECT_LT(store->stats().copied_body_bytes, text.size() / 20);
  const std::uint64_t before = store->stats().copied_body_bytes;
  const std::string other = random_text(2, 100'000);
  EXPECT_EQ(rt::run_until_done(upload_from_blocks(*store, *blocks, other, 100)), other);
  EXPECT_GT(store->stats().copied_body_bytes, before);
  blocks->rest();
  EXPECT_EQ(budget.used_bytes(), 0u);
}

// Every upload has some bytes before any goes on.
rt::Task<int> upload_slowly(Store& store, rt::BlockPool& blocks, int uploads, std::size_t bytes, std::size_t& peak) {
  std::vector<std::unique_ptr<Writer>> writers;
  std::vector<std::string> texts;
  for (int i = 0; i < uploads; ++i) {
    writers.push_back(store.writer("a"));
    texts.push_back(random_text(static_cast<std::uint64_t>(i) + 1, bytes));
  }
  constexpr std::size_t kPiece = 8 << 10;
  for (std::size_t at = 0; at < bytes; at += kPiece) {
    for (int i = 0; i < uploads; ++i) {
      const auto which = static_cast<std::size_t>(i);
      auto appended = co_await append_from_blocks(*writers[which], blocks, texts[which].substr(at, kPiece), kPiece);
      if (!appended) co_return -1;
      peak = std::max(peak, blocks.budget().used_bytes());
    }
  }
  int good = 0;
  for (int i = 0; i < uploads; ++i) {
    const auto which = static_cast<std::size_t>(i);
    auto draft = co_await writers[which]->finish();
    if (!draft) co_return -1;
    Transaction transaction;
    const ObjectId id = ObjectId::random();
    transaction.create(id, std::move(*draft));
    (void)co_await store.commit(std::move(transaction));
    auto got = co_await download(store, id);
    if (got == texts[which]) ++good;
  }
  co_return good;
}

TEST_F(WriterTest, many_slow_uploads_stay_within_the_byte_budget) {
  options.chunk_min_bytes = 256 << 10;
  options.chunk_average_bytes = 1 << 20;
  options.chunk_max_bytes = 4 << 20;
  options.segment_bytes = 64 << 20;
  open();
  rt::Budget small(8 << 20);
  const auto blocks = rt::BlockPool::make(small);
  Options own = options;
  own.directory = "/small";
  MemoryIndexState own_index;
  const Seams own_seams{own_index.factory(), [] { return std::int64_t{0}; }, std::chrono::milliseconds(1), false};
  auto own_store = EmbeddedStore::open(own, disk, small, io, own_seams);
  ASSERT_TRUE(own_store);
  std::size_t peak = 0;
  // 100 uploads of 200 KiB: 20 MiB of growing chunks, if nothing were cut early.
  EXPECT_EQ(rt::run_until_done(upload_slowly(**own_store, *blocks, 100, 200 << 10, peak)), 100);
  EXPECT_LE(peak, small.limit_bytes());
  blocks->rest();
  EXPECT_EQ(small.used_bytes(), 0u);
}

rt::Task<std::size_t> drop_everything(Store& store) {
  auto writer = store.writer("a");
  (void)co_await append_all(*writer, random_text(3, 300'000), 5'000);
  auto draft = co_await writer->take();
  co_return draft->size_bytes();
}

TEST_F(WriterTest, may_be_dropped_with_bytes_on_their_way) {
  open();
  EXPECT_GT(rt::run_until_done(drop_everything(*store)), 0u);
  EXPECT_EQ(store->stats().objects, 0u);
}

}  // namespace
}  // namespace millrace::store
