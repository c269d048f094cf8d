#include "media/uploads/arrivals.h"

namespace millrace::media {

Arrival::Arrival(Arrivals& table, std::string key, std::shared_ptr<Counts> counts)
    : table_(&table), key_(std::move(key)), counts_(std::move(counts)) {}

Arrival::Arrival(Arrival&& other) noexcept
    : table_(std::exchange(other.table_, nullptr)),
      key_(std::move(other.key_)),
      counts_(std::move(other.counts_)),
      bytes_(other.bytes_) {}

Arrival& Arrival::operator=(Arrival&& other) noexcept {
  Arrival old(std::move(*this));
  table_ = std::exchange(other.table_, nullptr);
  key_ = std::move(other.key_);
  counts_ = std::move(other.counts_);
  bytes_ = other.bytes_;
  return *this;
}

Arrival::~Arrival() {
  if (table_) table_->end(*this, false);
}

void Arrival::committed() {
  if (table_) std::exchange(table_, nullptr)->end(*this, true);
}

void Arrival::advance(std::uint64_t bytes) noexcept {
  if (!table_) return;
  bytes_ += bytes;
  counts_->bytes.fetch_add(bytes, std::memory_order_relaxed);
}

Arrival Arrivals::begin(std::string key, std::int64_t idle_ms) {
  std::lock_guard lock(mutex_);
  auto& counts = table_[key];
  if (!counts) counts = std::make_shared<Arrival::Counts>();
  ++counts->running;
  counts->idle_ms = idle_ms;
  return {*this, std::move(key), counts};
}

// A body of which nothing came is no activity.
void Arrivals::end(const Arrival& arrival, bool committed) {
  std::lock_guard lock(mutex_);
  Arrival::Counts& counts = *arrival.counts_;
  counts.bytes.fetch_sub(arrival.bytes_, std::memory_order_relaxed);
  --counts.running;
  if (committed) {
    counts.active_ms = 0;
  } else if (arrival.bytes_ > 0) {
    counts.active_ms = clock_();
  }
  if (counts.running == 0 && counts.active_ms == 0) table_.erase(arrival.key_);
}

std::optional<Arrivals::Seen> Arrivals::seen(const std::string& key) const {
  std::lock_guard lock(mutex_);
  const auto found = table_.find(key);
  if (found == table_.end()) return std::nullopt;
  const Arrival::Counts& counts = *found->second;
  return Seen{counts.bytes.load(std::memory_order_relaxed), counts.running > 0 ? clock_() : counts.active_ms};
}

void Arrivals::forget_idle() {
  std::lock_guard lock(mutex_);
  std::erase_if(table_, [now = clock_()](const auto& entry) {
    return entry.second->running == 0 && entry.second->active_ms + entry.second->idle_ms <= now;
  });
}

std::size_t Arrivals::size() const {
  std::lock_guard lock(mutex_);
  return table_.size();
}

}  // namespace millrace::media
