// The part of Webhooks that is about the log of deliveries.
#include <algorithm>
#include <array>
#include <utility>

#include "media/events/delivery_lanes.h"
#include "media/events/webhooks.h"
#include "media/records/codec_event.h"
#include "media/records/keys_events.h"
#include "media/records/records.h"
#include "media/records/select.h"

namespace millrace::media {
namespace {

using rt::Code;

constexpr int kRetryRounds = 16;                    // lost races in a row
constexpr std::size_t kDeliveriesKeptMax = 10'000;  // of a webhook, ended
constexpr std::int64_t kCountEveryMs = 3'600'000;
constexpr std::size_t kBatchRecords = 1'000;

void erase_unchanged(store::Transaction& transaction, const store::Record& record) {
  transaction.require(record.key, record.revision);
  transaction.erase(record.key);
}

// How many were erased: none when one was retried by hand meanwhile; the next sweep looks again.
rt::Task<rt::Result<std::size_t>> commit_sweep(store::Store& store, store::Transaction transaction) {
  const std::size_t erased = transaction.erasures.size();
  if (erased == 0) co_return 0;
  auto committed = co_await store.commit(std::move(transaction));
  if (!committed && committed.error().code == Code::kConflict) co_return 0;
  if (!committed) co_return rt::pass(committed);
  co_return erased;
}

}  // namespace

rt::Task<rt::Result<Page<Delivery>>> Webhooks::deliveries(std::string tenant, std::string id, Query query) {
  auto webhook = co_await get(tenant, id);
  if (!webhook) co_return rt::pass(webhook);
  auto records = co_await scan_all(store_, keys::deliveries(id), true);
  if (!records) co_return rt::pass(records);
  const Page<store::Record> cut = cut_page(std::move(*records), query);
  Page<Delivery> page{.items = {}, .total = cut.total, .page = cut.page, .per_page = cut.per_page};
  for (const store::Record& record : cut.items) {
    auto delivery = decode_delivery(record);
    if (!delivery) co_return rt::pass(delivery);
    page.items.push_back(std::move(*delivery));
  }
  co_return page;
}

rt::Task<rt::Result<Delivery>> Webhooks::retry(std::string tenant, std::string id, std::string delivery_id) {
  for (int round = 0; round < kRetryRounds; ++round) {
    auto webhook = co_await get(tenant, id);
    if (!webhook) co_return rt::pass(webhook);
    if (!webhook->enabled) co_return rt::fail(Code::kConflict, "the webhook is disabled");
    auto record = co_await get_record(store_, keys::delivery(id, delivery_id), "delivery");
    auto delivery = record ? decode_delivery(*record) : rt::Result<Delivery>(rt::pass(record));
    if (!delivery) co_return delivery;
    auto event = co_await store_.get(keys::event(tenant, delivery->position));
    if (!event) co_return rt::pass(event);
    if (!*event) co_return rt::fail(Code::kGone, "the event is no longer kept");
    delivery->status = DeliveryStatus::kPending;
    delivery->due_ms = clock_();
    delivery->give_up_ms = delivery->due_ms + settings_.retry_ms;
    store::Transaction transaction;
    transaction.require(record->key, record->revision);
    transaction.require(keys::webhook(tenant, id), webhook->revision);
    DeliveryLanes lanes(store_, transaction, clock_());
    auto added = co_await lanes.add(*delivery, DeliveryLanes::When::kNow);
    if (!added) co_return rt::pass(added);
    auto committed = co_await store_.commit(std::move(transaction));
    if (committed) co_return delivery;
    if (committed.error().code != Code::kConflict) co_return rt::pass(committed);
  }
  co_return rt::fail(Code::kUnavailable, "the delivery is changed too often");
}

rt::Task<rt::Result<std::size_t>> Webhooks::sweep(std::int64_t ended_before_ms) {
  std::size_t swept = 0;
  auto gone = co_await scan_all(store_, keys::gone_webhooks());
  if (!gone) co_return rt::pass(gone);
  for (const store::Record& mark : *gone) {
    auto done = co_await sweep_gone(keys::last_part(mark.key));
    if (!done) co_return done;
    swept += *done;
  }
  auto all = co_await scan_all(store_, keys::all_webhooks());
  if (!all) co_return rt::pass(all);
  const bool counts = clock_() - counted_ms_ >= kCountEveryMs;
  if (counts) counted_ms_ = clock_();
  for (const store::Record& webhook : *all) {
    const std::string id = keys::last_part(webhook.key);
    auto old = co_await sweep_old(id, ended_before_ms);
    if (!old) co_return old;
    auto surplus = counts ? co_await sweep_surplus(id) : rt::Result<std::size_t>(0);
    if (!surplus) co_return surplus;
    swept += *old + *surplus;
  }
  co_return swept;
}

// Older ones come first, so those behind the first young one can wait until that is old.
rt::Task<rt::Result<std::size_t>> Webhooks::sweep_old(std::string webhook, std::int64_t ended_before_ms) {
  std::size_t swept = 0;
  bool young = false;
  store::Scan scan{.prefix = keys::deliveries(webhook), .after = {}, .limit = kBatchRecords};
  while (!young) {
    auto records = co_await store_.scan(scan);
    if (!records) co_return rt::pass(records);
    if (records->empty()) break;
    store::Transaction transaction;
    for (const store::Record& record : *records) {
      const auto delivery = decode_delivery(record);
      if (delivery && delivery->status == DeliveryStatus::kPending) continue;
      young = delivery && std::max(delivery->attempted_ms, delivery->created_ms) >= ended_before_ms;
      if (young) break;
      erase_unchanged(transaction, record);
    }
    scan.after = records->back().key;
    auto erased = co_await commit_sweep(store_, std::move(transaction));
    if (!erased) co_return erased;
    swept += *erased;
  }
  co_return swept;
}

rt::Task<rt::Result<std::size_t>> Webhooks::sweep_surplus(std::string webhook) {
  std::size_t swept = 0;
  std::size_t kept = 0;
  store::Scan scan{.prefix = keys::deliveries(webhook), .after = {}, .limit = kBatchRecords, .reverse = true};
  for (;;) {
    auto records = co_await store_.scan(scan);
    if (!records) co_return rt::pass(records);
    if (records->empty()) co_return swept;
    store::Transaction transaction;
    for (const store::Record& record : *records) {
      const auto delivery = decode_delivery(record);
      const bool pending = delivery && delivery->status == DeliveryStatus::kPending;
      if (!pending && ++kept > kDeliveriesKeptMax) erase_unchanged(transaction, record);
    }
    scan.after = records->back().key;
    auto erased = co_await commit_sweep(store_, std::move(transaction));
    if (!erased) co_return erased;
    swept += *erased;
  }
}

// The mark goes last, so that a crash leaves nothing behind.
rt::Task<rt::Result<std::size_t>> Webhooks::sweep_gone(std::string webhook) {
  std::size_t swept = 0;
  const std::array prefixes = {keys::due_deliveries(webhook), keys::delivery_lanes(webhook),
                               keys::delivery_queues(webhook), keys::deliveries(webhook)};
  for (const std::string& prefix : prefixes) {
    for (;;) {
      store::Scan scan{.prefix = prefix, .after = {}, .limit = kBatchRecords};
      auto records = co_await store_.scan(std::move(scan));
      if (!records) co_return rt::pass(records);
      if (records->empty()) break;
      store::Transaction transaction;
      for (store::Record& record : *records) transaction.erase(std::move(record.key));
      swept += records->size();
      auto committed = co_await store_.commit(std::move(transaction));
      if (!committed) co_return rt::pass(committed);
    }
  }
  store::Transaction transaction;
  transaction.erase(keys::gone_webhook(webhook));
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return swept;
}

}  // namespace millrace::media
