#include "media/events/sequencer.h"

#include "media/events/events.h"
#include "media/records/codec_event.h"
#include "media/records/keys_events.h"
#include "media/records/records.h"
#include "server/rt/timer.h"

namespace millrace::media {
namespace {

using rt::Code;

constexpr std::size_t kBatchEvents = 128;
// Without being woken.
constexpr std::int64_t kLookMs = 10'000;
constexpr std::int64_t kTroubleMs = 1'000;
// Of one webhook; what comes then is given up.
constexpr std::size_t kWaitingMax = 10'000;
// Counting reads all of them. A count that found a webhook full holds for longer: its receiver may well be dead.
constexpr std::int64_t kCountAgainMs = 1'000;
constexpr std::int64_t kCountFullAgainMs = 10'000;

}  // namespace

// What one commit changes.
struct Sequencer::Batch {
  store::Transaction transaction;
  DeliveryLanes lanes;
  std::map<std::string, std::uint64_t> positions;          // of each tenant's newest event
  std::map<std::string, std::vector<Webhook>> webhooks;    // of each tenant
  std::map<std::string, store::Revision> needed_webhooks;  // keys of those that deliveries are planned for
  std::map<std::string, std::size_t> planned;              // deliveries, by webhook

  Batch(store::Store& store, std::int64_t now_ms) : lanes(store, transaction, now_ms) {}
};

rt::Task<void> Sequencer::run() {
  {
    std::lock_guard lock(mutex_);
    loop_ = &rt::Loop::current();
  }
  store::Scan scan{.prefix = keys::new_events(), .after = {}, .limit = 1, .reverse = true};
  auto newest = co_await store_.scan(std::move(scan));
  if (newest && !newest->empty()) stamp_after(newest->front().key);
  while (!stopping_) {
    auto moved = co_await move_batch();
    const bool again = moved ? *moved > 0 : moved.error().code == Code::kConflict;
    if (!again) co_await wait(moved ? kLookMs : kTroubleMs);
  }
  std::lock_guard lock(mutex_);
  loop_ = nullptr;
}

void Sequencer::stop() {
  stopping_ = true;
  wake();
}

void Sequencer::wake() {
  std::lock_guard lock(mutex_);
  if (loop_) loop_->post([this] { woken_.set(); });
}

rt::Task<void> Sequencer::wait(std::int64_t ms) {
  if (stopping_) co_return;
  rt::Timer timer([this] { woken_.set(); });
  timer.set(std::chrono::milliseconds(ms));
  co_await woken_.wait();
}

rt::Task<rt::Result<std::size_t>> Sequencer::move_batch() {
  store::Scan scan{.prefix = keys::new_events(), .after = {}, .limit = kBatchEvents};
  auto records = co_await store_.scan(std::move(scan));
  if (!records) co_return rt::pass(records);
  if (records->empty()) co_return 0;
  Batch batch(store_, clock_());
  for (const store::Record& record : *records) {
    auto placed = co_await place(batch, record);
    if (!placed) co_return rt::pass(placed);
  }
  for (const auto& [tenant, position] : batch.positions) {
    batch.transaction.put(keys::last_event(tenant), keys::ordered(static_cast<std::int64_t>(position)));
  }
  for (const auto& [key, revision] : batch.needed_webhooks) batch.transaction.require(key, revision);
  auto committed = co_await store_.commit(std::move(batch.transaction));
  if (!committed) co_return rt::pass(committed);
  for (const auto& [webhook, deliveries] : batch.planned) waiting_[webhook].added += deliveries;
  co_return records->size();
}

// An event that cannot be read is dropped: it must not hold up the others.
rt::Task<rt::Status> Sequencer::place(Batch& batch, const store::Record& record) {
  batch.transaction.erase(record.key);
  auto event = decode_event(record);
  if (!event) co_return rt::Status();
  if (!batch.positions.contains(event->tenant)) {
    auto last = co_await read_last_position(store_, event->tenant);
    if (!last) co_return rt::pass(last);
    batch.positions[event->tenant] = *last;
  }
  event->position = ++batch.positions[event->tenant];
  batch.transaction.put(keys::event(event->tenant, event->position), encode(*event));
  co_return co_await plan_deliveries(batch, *event);
}

rt::Task<rt::Status> Sequencer::plan_deliveries(Batch& batch, const Event& event) {
  if (!batch.webhooks.contains(event.tenant)) {
    auto webhooks = co_await webhooks_.list(event.tenant);
    if (!webhooks) co_return rt::pass(webhooks);
    batch.webhooks[event.tenant] = std::move(*webhooks);
  }
  const std::int64_t retry_ms = webhooks_.settings().retry_ms;
  for (const Webhook& webhook : batch.webhooks[event.tenant]) {
    if (!webhook.enabled) continue;
    std::vector<Delivery> wanted;
    const bool is_ping = event.type == kPingEvent;
    if (is_ping ? event.subject == webhook.id : wants(webhook, event.type)) {
      wanted.push_back(delivery_of(event, webhook, clock_(), retry_ms));
    }
    if (auto name = wanted_as_asset(webhook, event.type)) {
      wanted.push_back(asset_delivery_of(event, webhook, std::move(*name), clock_(), retry_ms));
    }
    for (Delivery& delivery : wanted) {
      auto planned = co_await plan(batch, webhook, std::move(delivery));
      if (!planned) co_return planned;
    }
  }
  co_return rt::Status();
}

rt::Task<rt::Status> Sequencer::plan(Batch& batch, const Webhook& webhook, Delivery delivery) {
  batch.needed_webhooks[keys::webhook(webhook.tenant, webhook.id)] = webhook.revision;
  std::size_t& planned = batch.planned[webhook.id];
  auto full = co_await is_full(webhook.id, planned);
  if (!full) co_return rt::pass(full);
  if (*full) {
    delivery.status = DeliveryStatus::kFailed;
    delivery.error = "too many deliveries wait for this webhook already";
    batch.transaction.put(keys::delivery(delivery.webhook, delivery.id), encode(delivery));
    co_return rt::Status();
  }
  ++planned;
  co_return co_await batch.lanes.add(std::move(delivery));
}

// With those that the batch has planned already.
rt::Task<rt::Result<bool>> Sequencer::is_full(std::string webhook, std::size_t planned) {
  Waiting& waiting = waiting_[webhook];
  const auto full = [&] { return waiting.counted + waiting.added + planned >= kWaitingMax; };
  const std::int64_t again_ms = waiting.counted >= kWaitingMax ? kCountFullAgainMs : kCountAgainMs;
  if (waiting.counted_ms == 0 || (full() && clock_() - waiting.counted_ms >= again_ms)) {
    store::Scan scan{.prefix = keys::delivery_queues(webhook), .after = {}, .limit = kWaitingMax};
    auto queued = co_await store_.scan(std::move(scan));
    if (!queued) co_return rt::pass(queued);
    waiting = {.counted = queued->size(), .added = 0, .counted_ms = clock_()};
  }
  co_return full();
}

}  // namespace millrace::media
