#include "media/buckets/key_walk.h"

#include <algorithm>
#include <utility>

namespace millrace::media {
namespace {

constexpr std::size_t kBatchMax = 1000;
constexpr std::size_t kBatchBehindGroup = 4;  // another group may come at once

std::string_view key_part(std::string_view name) { return name.substr(0, name.find('\0')); }

class Walk {
 public:
  Walk(store::Store& store, std::string root, KeyListing listing)
      : store_(store), root_(std::move(root)), listing_(std::move(listing)) {
    if (listing_.after.empty()) return;
    after_ = root_ + listing_.after;
    if (is_behind_group(listing_, listing_.after)) go_behind(std::string(key_part(listing_.after)));
  }

  rt::Task<rt::Result<Walked>> run() {
    while (!ended_ && !found_.more && listing_.limit > 0) {
      const std::size_t wanted = std::min(batch_, listing_.limit - count() + 1);
      store::Scan scan{.prefix = root_ + listing_.prefix, .after = after_, .limit = wanted};
      auto records = co_await store_.scan(std::move(scan));
      if (!records) co_return rt::pass(records);
      ended_ = records->size() < wanted;
      batch_ = std::min(batch_ * 2, kBatchMax);
      take(std::move(*records));
    }
    co_return std::move(found_);
  }

 private:
  std::size_t count() const { return found_.records.size() + found_.groups.size(); }

  // Up to the first group, the limit or the end of the batch.
  void take(std::vector<store::Record> records) {
    for (store::Record& record : records) {
      found_.more = count() == listing_.limit;
      if (found_.more) return;
      after_ = record.key;
      record.key.erase(0, root_.size());
      if (auto group = group_of(listing_, key_part(record.key))) return add_group(std::move(*group));
      found_.next = record.key;
      found_.records.push_back(std::move(record));
    }
  }

  void add_group(std::string group) {
    go_behind(group);
    ended_ = false;
    batch_ = kBatchBehindGroup;
    found_.next = group;
    found_.groups.push_back(std::move(group));
  }

  void go_behind(const std::string& group) { after_ = root_ + group + kBehindAll; }

  store::Store& store_;
  const std::string root_;
  const KeyListing listing_;
  std::string after_;
  std::size_t batch_ = kBatchMax;
  bool ended_ = false;
  Walked found_;
};

}  // namespace

std::optional<std::string> group_of(const KeyListing& listing, std::string_view key) {
  if (listing.delimiter.empty()) return std::nullopt;
  const auto at = key.find(listing.delimiter, listing.prefix.size());
  if (at == key.npos) return std::nullopt;
  return std::string(key.substr(0, at + listing.delimiter.size()));
}

bool is_behind_group(const KeyListing& listing, std::string_view after) {
  const std::string_view key = key_part(after);
  return key.starts_with(listing.prefix) && group_of(listing, key) == key;
}

rt::Task<rt::Result<Walked>> walk_keys(store::Store& store, std::string root, KeyListing listing) {
  Walk walk(store, std::move(root), std::move(listing));
  co_return co_await walk.run();
}

}  // namespace millrace::media
