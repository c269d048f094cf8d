#include "media/records.h"

#include <iterator>
#include <utility>

namespace millrace::media {

namespace {

constexpr std::size_t kBatchRecords = 1000;

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
  if (!*found) co_return rt::fail(rt::Code::kNotFound, "no such " + what);
  co_return std::move(**found);
}

}  // namespace millrace::media
