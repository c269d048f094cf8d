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
constexpr std::size_t kBatchRecords = 1'000;

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
  for (const store::Record& webhook : *all) {
    auto done = co_await sweep_deliveries(keys::last_part(webhook.key), ended_before_ms);
    if (!done) co_return done;
    swept += *done;
  }
  co_return swept;
}

rt::Task<rt::Result<std::size_t>> Webhooks::sweep_deliveries(std::string webhook, std::int64_t ended_before_ms) {
  std::size_t swept = 0;
  std::size_t kept = 0;
  store::Scan scan{.prefix = keys::deliveries(webhook), .after = {}, .limit = kBatchRecords, .reverse = true};
  for (std::size_t found = kBatchRecords; found == kBatchRecords;) {
    auto records = co_await store_.scan(scan);
    if (!records) co_return rt::pass(records);
    store::Transaction transaction;
    for (const store::Record& record : *records) {
      const auto delivery = decode_delivery(record);
      if (delivery && delivery->status == DeliveryStatus::kPending) continue;
      const bool old = !delivery || std::max(delivery->attempted_ms, delivery->created_ms) < ended_before_ms;
      if (!old && ++kept <= kDeliveriesKeptMax) continue;
      transaction.require(record.key, record.revision);
      transaction.erase(record.key);
    }
    found = records->size();
    if (found > 0) scan.after = records->back().key;
    if (transaction.empty()) continue;
    const std::size_t erased = transaction.erasures.size();
    auto committed = co_await store_.commit(std::move(transaction));
    const bool raced = !committed && committed.error().code == Code::kConflict;  // retried by hand: next time
    if (!committed && !raced) co_return rt::pass(committed);
    if (committed) swept += erased;
  }
  co_return swept;
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
