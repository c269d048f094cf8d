#include "media/records/records.h"

#include <iterator>
#include <utility>

namespace millrace::media {

namespace {

using rt::Code;

constexpr std::size_t kBatchRecords = 1000;
constexpr std::size_t kSweepBatch = 256;

}  // namespace

rt::Task<rt::Result<std::vector<store::Record>>> scan_all(store::Store& store, std::string prefix, bool reverse) {
  std::vector<store::Record> all;
  std::string after;
  for (;;) {
    store::Scan scan{.prefix = prefix, .after = after, .limit = kBatchRecords, .reverse = reverse};
    auto batch = co_await store.scan(std::move(scan));
    if (!batch) co_return rt::pass(batch);
    const bool last = batch->size() < kBatchRecords;
    if (!batch->empty()) after = batch->back().key;
    all.insert(all.end(), std::move_iterator(batch->begin()), std::move_iterator(batch->end()));
    if (last) co_return all;
  }
}

rt::Task<rt::Result<store::Record>> get_record(store::Store& store, std::string key, std::string what) {
  auto found = co_await store.get(std::move(key));
  if (!found) co_return rt::pass(found);
  if (!*found) co_return rt::fail(Code::kNotFound, "no such " + what);
  co_return std::move(**found);
}

rt::Task<rt::Result<std::size_t>> sweep_index(store::Store& store, std::string prefix, std::string until,
                                              std::function<rt::Task<rt::Result<bool>>(std::string entry)> sweep_one) {
  std::size_t swept = 0;
  rt::Status first_problem;
  for (std::string after;;) {
    store::Scan scan{.prefix = prefix, .after = after, .limit = kSweepBatch};
    auto batch = co_await store.scan(std::move(scan));
    if (!batch) co_return rt::pass(batch);
    const bool more = batch->size() == kSweepBatch && batch->back().key <= until;
    if (more) after = batch->back().key;
    for (store::Record& entry : *batch) {
      if (entry.key > until) break;
      auto done = co_await sweep_one(std::move(entry.key));
      if (done && *done) ++swept;
      const bool harmless = done || done.error().code == Code::kConflict || done.error().code == Code::kNotFound;
      if (!harmless && first_problem) first_problem = rt::pass(done);
    }
    if (more) continue;
    if (!first_problem) co_return rt::pass(first_problem);
    co_return swept;
  }
}

}  // namespace millrace::media
