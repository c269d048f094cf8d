#include "media/uploads/part_sums.h"

#include <algorithm>
#include <utility>

namespace millrace::media {

std::optional<PartSum> PartSums::find(const std::string& id) const {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  return found == entries_.end() ? std::nullopt : found->second.sum;
}

PartSums::Ticket PartSums::begin_count(const std::string& id) {
  std::lock_guard lock(mutex_);
  return entry(id).version;
}

void PartSums::keep(const std::string& id, Ticket ticket, const PartSum& sum) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end() || found->second.version != ticket || found->second.changing > 0) return;
  found->second.sum = sum;
}

void PartSums::forget(const std::string& id) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  if (found->second.changing == 0) {
    entries_.erase(found);
  } else {
    found->second.sum.reset();
  }
}

std::size_t PartSums::size() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

PartSums::Entry& PartSums::entry(const std::string& id) {
  const auto found = entries_.find(id);
  if (found != entries_.end()) return found->second;
  if (entries_.size() >= kKeptMax) std::erase_if(entries_, [](const auto& each) { return each.second.changing == 0; });
  Entry& fresh = entries_[id];
  fresh.version = ++last_version_;
  return fresh;
}

PartSums::Change::Change(PartSums& sums, std::string id) : sums_(sums), id_(std::move(id)) {
  std::lock_guard lock(sums_.mutex_);
  Entry& entry = sums_.entry(id_);
  ++entry.changing;
  entry.version = ++sums_.last_version_;
}

void PartSums::Change::committed(std::uint64_t bytes, std::optional<std::uint64_t> replaced, std::int64_t now_ms) {
  std::lock_guard lock(sums_.mutex_);
  known_ = true;
  auto& sum = sums_.entries_.find(id_)->second.sum;
  if (!sum) return;
  sum->bytes += bytes - replaced.value_or(0);
  sum->parts += replaced ? 0 : 1;
  sum->active_ms = std::max(sum->active_ms, now_ms);
}

PartSums::Change::~Change() {
  std::lock_guard lock(sums_.mutex_);
  Entry& entry = sums_.entries_.find(id_)->second;
  --entry.changing;
  entry.version = ++sums_.last_version_;  // who counted beside this may not have seen it
  if (!known_) entry.sum.reset();
  if (entry.changing == 0 && !entry.sum) sums_.entries_.erase(id_);
}

}  // namespace millrace::media
