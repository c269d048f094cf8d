#include "media/events/events.h"

#include <algorithm>
#include <charconv>

#include "media/records/codec_event.h"
#include "media/records/keys_events.h"
#include "media/records/records.h"

namespace millrace::media {
namespace {

constexpr std::size_t kChangedMax = 256;
constexpr std::size_t kForgottenPerCommit = 1'000;

}  // namespace

rt::Task<rt::Result<std::uint64_t>> read_last_position(store::Store& store, std::string tenant) {
  auto record = co_await store.get(keys::last_event(tenant));
  if (!record) co_return rt::pass(record);
  std::uint64_t position = 0;
  if (*record) {
    const std::string& digits = (*record)->value;
    std::from_chars(digits.data(), digits.data() + digits.size(), position, 16);
  }
  co_return position;
}

rt::Task<rt::Result<std::vector<Event>>> Events::after(std::string tenant, std::uint64_t position, std::size_t limit) {
  store::Scan scan{.prefix = keys::events(tenant), .after = keys::event(tenant, position), .limit = limit};
  auto records = co_await store_.scan(std::move(scan));
  if (!records) co_return rt::pass(records);
  std::vector<Event> events;
  for (const store::Record& record : *records) {
    auto event = decode_event(record);
    if (!event) co_return rt::pass(event);
    events.push_back(std::move(*event));
  }
  co_return events;
}

rt::Result<std::shared_ptr<EventFollower>> Events::follow(const std::string& tenant) {
  std::lock_guard lock(mutex_);
  Audience& audience = audiences_[tenant];
  if (audience.followers.size() >= followers_max_) {
    return rt::fail(rt::Code::kTooMany, "the tenant follows its events as often as it may");
  }
  auto follower = std::make_shared<EventFollower>();
  follower->loop_ = &rt::Loop::current();
  audience.followers.push_back(follower);
  return follower;
}

void Events::unfollow(const std::string& tenant, const std::shared_ptr<EventFollower>& follower) {
  std::lock_guard lock(mutex_);
  const auto audience = audiences_.find(tenant);
  if (audience == audiences_.end()) return;
  std::erase(audience->second.followers, follower);
  if (audience->second.followers.empty()) audiences_.erase(audience);
}

void Events::grown(const std::string& tenant) {
  std::lock_guard lock(mutex_);
  if (const auto audience = audiences_.find(tenant); audience != audiences_.end()) wake(audience->second);
}

void Events::media_changed(const std::string& tenant, const std::string& media) {
  std::lock_guard lock(mutex_);
  const auto found = audiences_.find(tenant);
  if (found == audiences_.end()) return;
  Audience& audience = found->second;
  audience.changed.push_back(media);
  ++audience.changes;
  if (audience.changed.size() > kChangedMax) audience.changed.pop_front();
  wake(audience);
}

std::vector<std::string> Events::changed_media(const std::string& tenant, std::uint64_t& mark) {
  std::lock_guard lock(mutex_);
  const auto found = audiences_.find(tenant);
  if (found == audiences_.end()) return {};
  const Audience& audience = found->second;
  const std::uint64_t first = audience.changes - audience.changed.size();
  std::vector<std::string> ids;
  for (std::uint64_t number = std::max(mark, first); number < audience.changes; ++number) {
    const std::string& id = audience.changed[number - first];
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  }
  mark = audience.changes;
  return ids;
}

// Followers leave on their loops before these end, so a loop that is posted to here is there.
void Events::wake(Audience& audience) {
  for (const auto& follower : audience.followers) {
    if (follower->posted_.exchange(true)) continue;
    follower->loop_->post([follower] {
      follower->posted_ = false;
      follower->woken_.set();
    });
  }
}

rt::Task<rt::Result<std::size_t>> Events::forget_before(std::int64_t unix_ms) {
  std::size_t forgotten = 0;
  store::Scan scan{.prefix = keys::all_events(), .after = {}, .limit = 1};
  for (;;) {
    auto first = co_await store_.scan(scan);
    if (!first) co_return rt::pass(first);
    if (first->empty()) co_return forgotten;
    const std::string log = first->front().key.substr(0, first->front().key.rfind('/') + 1);
    auto of_it = co_await forget_of(keys::last_part(std::string_view(log).substr(0, log.size() - 1)), unix_ms);
    if (!of_it) co_return of_it;
    forgotten += *of_it;
    scan.after = log + '~';  // behind all of its positions
  }
}

// Older ones come first: with one that is kept the rest is.
rt::Task<rt::Result<std::size_t>> Events::forget_of(std::string tenant, std::int64_t unix_ms) {
  auto last = co_await read_last_position(store_, tenant);
  if (!last) co_return rt::pass(last);
  for (std::size_t forgotten = 0;;) {
    store::Scan scan{.prefix = keys::events(tenant), .after = {}, .limit = kForgottenPerCommit};
    auto records = co_await store_.scan(std::move(scan));
    if (!records) co_return rt::pass(records);
    store::Transaction transaction;
    for (store::Record& record : *records) {
      const auto event = decode_event(record);
      if (event && event->at_ms >= unix_ms && event->position + kEventsKeptMax > *last) break;
      transaction.erase(std::move(record.key));
    }
    if (transaction.empty()) co_return forgotten;
    forgotten += transaction.erasures.size();
    auto committed = co_await store_.commit(std::move(transaction));
    if (!committed) co_return rt::pass(committed);
  }
}

}  // namespace millrace::media
