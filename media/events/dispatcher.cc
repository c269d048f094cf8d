#include "media/events/dispatcher.h"

#include <algorithm>
#include <charconv>

#include "media/records/codec_event.h"
#include "media/records/keys_events.h"
#include "media/records/records.h"
#include "server/rt/timer.h"

namespace millrace::media {
namespace {

using rt::Code;

// To one webhook at once: a slow one takes no more of all that run.
constexpr std::size_t kRunningPerWebhook = 4;
// Of a webhook: with more of them in trouble all of it rests, as those that rest are passed over in every scan.
constexpr std::size_t kRestingMax = 64;
constexpr std::int64_t kIdleLookMs = 60'000;  // without being woken
constexpr std::int64_t kAttemptMs = 15'000;   // a receiver that answers later holds up others
constexpr std::int64_t kTroubleMs = 1'000;    // the store could not be asked or told
constexpr std::int64_t kNever = INT64_MAX;
constexpr int kWriteRounds = 16;  // lost races in a row

}  // namespace

rt::Task<void> Dispatcher::run() {
  {
    std::lock_guard lock(mutex_);
    loop_ = &rt::Loop::current();
  }
  for (;;) {
    auto found = co_await find_webhooks();
    if (found || stopping_) break;
    co_await wait_until(clock_() + kTroubleMs);
  }
  while (!stopping_) {
    const std::int64_t next_ms = co_await start_due();
    co_await wait_until(next_ms);
  }
  co_await scope_.join();
  std::lock_guard lock(mutex_);
  loop_ = nullptr;
}

void Dispatcher::on_loop(std::function<void()> call) {
  std::lock_guard lock(mutex_);
  if (loop_) loop_->post(std::move(call));
}

void Dispatcher::stop() {
  stopping_ = true;
  on_loop([this] { woken_.set(); });
}

void Dispatcher::wake(const std::string& webhook) {
  on_loop([this, webhook] {
    webhooks_[webhook].look_ms = 0;
    woken_.set();
  });
}

// Those that have something to send, one scan of one key for each.
rt::Task<rt::Status> Dispatcher::find_webhooks() {
  const std::string prefix = keys::all_due_deliveries();
  store::Scan scan{.prefix = prefix, .after = {}, .limit = 1};
  for (;;) {
    auto first = co_await store_.scan(scan);
    if (!first) co_return rt::pass(first);
    if (first->empty()) co_return rt::Status();
    const std::string& key = first->front().key;
    const std::string webhook = key.substr(prefix.size(), key.find('/', prefix.size()) - prefix.size());
    webhooks_[webhook];
    scan.after = prefix + webhook + "/~";
  }
}

rt::Task<void> Dispatcher::wait_until(std::int64_t due_ms) {
  if (stopping_) co_return;
  const std::int64_t wait_ms =
      due_ms == kNever ? kIdleLookMs : std::clamp<std::int64_t>(due_ms - clock_(), 0, kIdleLookMs);
  rt::Timer timer([this] { woken_.set(); });
  timer.set(std::chrono::milliseconds(wait_ms));
  co_await woken_.wait();
}

Dispatcher::Due Dispatcher::parse_due(std::string_view key, std::size_t prefix_bytes) {
  key.remove_prefix(prefix_bytes);
  const std::size_t slash = key.find('/');
  Due due{.subject = std::string(key.substr(std::min(slash, key.size() - 1) + 1))};
  std::from_chars(key.data(), key.data() + std::min(slash, key.size()), due.ms, 16);
  return due;
}

// Starts what is due and has room; returns when to look again.
rt::Task<std::int64_t> Dispatcher::start_due() {
  std::int64_t next_ms = kNever;
  for (auto entry = webhooks_.begin(); entry != webhooks_.end();) {
    Lanes& lanes = entry->second;
    if (lanes.look_ms <= clock_()) {
      lanes.look_ms = kNever;  // who wakes it meanwhile lowers it again
      auto started = co_await start_due_of(entry->first, lanes);
      if (!started) lanes.look_ms = std::min(lanes.look_ms, clock_() + kTroubleMs);
    }
    next_ms = std::min(next_ms, lanes.look_ms);
    const bool idle = lanes.look_ms == kNever && lanes.running.empty();
    entry = idle ? webhooks_.erase(entry) : std::next(entry);
  }
  co_return next_ms;
}

rt::Task<rt::Status> Dispatcher::start_due_of(const std::string& webhook, Lanes& lanes) {
  const std::int64_t now_ms = clock_();
  std::erase_if(lanes.resting, [now_ms](const auto& lane) { return lane.second <= now_ms; });
  if (lanes.resting.size() >= kRestingMax) {
    lanes.look_ms = std::min(lanes.look_ms, now_ms + kTroubleMs);
    co_return rt::Status();
  }
  const std::string prefix = keys::due_deliveries(webhook);
  store::Scan scan{.prefix = prefix, .after = {}, .limit = 2 * kRunningPerWebhook + lanes.resting.size()};
  auto entries = co_await store_.scan(std::move(scan));
  if (!entries) co_return rt::pass(entries);
  for (const store::Record& record : *entries) {
    Due due = parse_due(record.key, prefix.size());
    if (due.ms > clock_()) {
      lanes.look_ms = std::min(lanes.look_ms, due.ms);
      break;
    }
    if (lanes.running.size() >= kRunningPerWebhook || stopping_) break;
    if (const auto rest = lanes.resting.find(due.subject); rest != lanes.resting.end()) {
      lanes.look_ms = std::min(lanes.look_ms, rest->second);
      continue;
    }
    if (!lanes.running.insert(due.subject).second) continue;
    scope_.spawn(run_lane(webhook, std::move(due)));
  }
  co_return rt::Status();
}

// A lane in trouble rests for a while, the webhook's others go on.
rt::Task<void> Dispatcher::run_lane(std::string webhook, Due due) {
  auto delivered = co_await deliver_due(webhook, due);
  Lanes& lanes = webhooks_[webhook];
  lanes.running.erase(due.subject);
  if (!delivered) lanes.resting[due.subject] = clock_() + kTroubleMs;
  lanes.look_ms = 0;
  woken_.set();
}

// The first of a queue, once, when its tenant has a slot. An entry of the index that its lane knows nothing of is
// dropped, as a damaged lane leaves it behind.
rt::Task<rt::Status> Dispatcher::deliver_due(std::string webhook, Due due) {
  auto record = co_await store_.get(keys::delivery_lane(webhook, due.subject));
  if (!record) co_return rt::pass(record);
  const store::Revision revision = *record ? (*record)->revision : 0;
  auto lane = *record ? decode_delivery_lane(**record) : DeliveryLane{};
  const bool is_damaged = !lane;
  const bool fits = *record && lane && lane->due_ms == due.ms;
  if (!is_damaged && !fits) co_return co_await drop_due(std::move(webhook), std::move(due), revision, Lane::kStays);
  const std::string tenant = lane ? lane->tenant : "";
  co_await slots_.acquire(tenant);
  auto delivered = stopping_ ? rt::Status() : co_await deliver_first(std::move(webhook), std::move(due), revision);
  slots_.release(tenant);
  co_return delivered;
}

// A lane ends when its queue was lost or its webhook was removed, whose sweep takes the rest.
rt::Task<rt::Status> Dispatcher::deliver_first(std::string webhook, Due due, store::Revision lane_revision) {
  store::Scan scan{.prefix = keys::delivery_queue(webhook, due.subject), .after = {}, .limit = 1};
  auto first = co_await store_.scan(std::move(scan));
  if (!first) co_return rt::pass(first);
  if (first->empty()) co_return co_await drop_due(std::move(webhook), std::move(due), lane_revision, Lane::kEnds);
  const std::string id = keys::last_part(first->front().key);
  auto record = co_await store_.get(keys::delivery(webhook, id));
  if (!record) co_return rt::pass(record);
  auto delivery = *record ? decode_delivery(**record) : rt::Result<Delivery>(rt::fail(Code::kNotFound, "no delivery"));
  if (!delivery) co_return co_await drop_first(std::move(webhook), std::move(due.subject), id);
  auto receiver = co_await store_.get(keys::webhook(delivery->tenant, webhook));
  if (!receiver) co_return rt::pass(receiver);
  if (!*receiver) co_return co_await drop_due(std::move(webhook), std::move(due), lane_revision, Lane::kEnds);
  auto outcome = co_await attempt(std::move(*delivery), std::move(**receiver));
  if (!outcome) co_return rt::pass(outcome);
  co_return co_await write(std::move(*outcome));
}

// Nothing happens when the lane was changed since it had this revision: then it is looked at again.
rt::Task<rt::Status> Dispatcher::drop_due(std::string webhook, Due due, store::Revision lane_revision, Lane lane) {
  const std::string key = keys::delivery_lane(webhook, due.subject);
  store::Transaction transaction;
  transaction.require(key, lane_revision);
  transaction.erase(keys::due_delivery(webhook, due.ms, due.subject));
  if (lane == Lane::kEnds) transaction.erase(key);
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed && committed.error().code != Code::kConflict) co_return rt::pass(committed);
  co_return rt::Status();
}

// A delivery that cannot be read is never sent: it must not hold up those behind it.
rt::Task<rt::Status> Dispatcher::drop_first(std::string webhook, std::string subject, std::string id) {
  auto lane = co_await get_record(store_, keys::delivery_lane(webhook, subject), "lane");
  if (!lane) co_return rt::pass(lane);
  auto known = decode_delivery_lane(*lane);
  store::Transaction transaction;
  transaction.erase(keys::delivery(webhook, id));
  DeliveryPlace place{known ? known->tenant : "", std::move(webhook), std::move(subject), std::move(id)};
  auto moved = co_await move_on(transaction, std::move(place), *lane, std::nullopt);
  if (!moved) co_return moved;
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed && committed.error().code != Code::kConflict) co_return rt::pass(committed);
  co_return rt::Status();
}

rt::Task<rt::Result<Dispatcher::Outcome>> Dispatcher::attempt(Delivery delivery, store::Record webhook_record) {
  const auto failed = [](Delivery it, std::string why) {
    it.status = DeliveryStatus::kFailed;
    it.error = std::move(why);
    return Outcome{std::move(it)};
  };
  auto webhook = decode_webhook(webhook_record);
  if (!webhook) co_return failed(std::move(delivery), "the webhook cannot be read");
  if (!webhook->enabled) co_return failed(std::move(delivery), "the webhook is disabled");
  auto logged = co_await store_.get(keys::event(delivery.tenant, delivery.position));
  if (!logged) co_return rt::pass(logged);
  if (!*logged) co_return failed(std::move(delivery), "the event is no longer kept");
  auto event = decode_event(**logged);
  if (!event) co_return failed(std::move(delivery), "the event cannot be read");

  std::string body = body_of(delivery, *event);
  const std::int64_t unix_seconds = clock_() / 1000;
  const std::string id = message_id(delivery);
  std::string signed_by = signature(webhook->secret, id, unix_seconds, body);
  outbound::Request request{.method = "POST",
                            .url = webhook->url,
                            .fields = {{"content-type", "application/json"},
                                       {"user-agent", "millrace"},
                                       {"webhook-id", id},
                                       {"webhook-timestamp", std::to_string(unix_seconds)},
                                       {"webhook-signature", std::move(signed_by)}},
                            .body = std::move(body),
                            .total_ms = kAttemptMs,
                            .response_bytes_max = kResponseExcerptBytes};
  auto answer = co_await send_(std::move(request));
  if (!answer && answer.error().code == Code::kCancelled) co_return rt::pass(answer);
  co_return judge(std::move(delivery), std::move(answer));
}

Dispatcher::Outcome Dispatcher::judge(Delivery delivery, rt::Result<outbound::Response> answer) const {
  constexpr int kGone = 410;  // Standard Webhooks: wants no more
  delivery.attempts += 1;
  delivery.attempted_ms = clock_();
  delivery.response_status = answer ? answer->status : 0;
  delivery.response_excerpt = answer ? answer->body.substr(0, kResponseExcerptBytes) : "";
  const bool taken = answer && answer->status >= 200 && answer->status < 300;
  if (taken) {
    delivery.status = DeliveryStatus::kDelivered;
    delivery.error.clear();
    return {std::move(delivery)};
  }
  delivery.error = answer ? fmt::format("the receiver answered {}", answer->status) : answer.error().message;
  const bool gone = delivery.response_status == kGone;
  if (gone) {
    delivery.status = DeliveryStatus::kFailed;
  } else {
    settle_or_postpone(delivery);
  }
  return {std::move(delivery), gone};
}

void Dispatcher::settle_or_postpone(Delivery& delivery) const {
  const std::int64_t due_ms = clock_() + retry_delay_ms(delivery.attempts, settings_.retry_first_ms);
  if (due_ms > delivery.give_up_ms) {
    delivery.status = DeliveryStatus::kFailed;
  } else {
    delivery.due_ms = due_ms;
  }
}

// Until it is written, its lane stands still: what cannot be written is sent again.
rt::Task<rt::Status> Dispatcher::write(Outcome outcome) {
  for (int round = 0; round < kWriteRounds; ++round) {
    const Delivery& delivery = outcome.delivery;
    auto lane = co_await store_.get(keys::delivery_lane(delivery.webhook, delivery.subject));
    if (!lane) co_return rt::pass(lane);
    if (!*lane) co_return rt::Status();  // the webhook was removed
    auto written = co_await try_write(outcome, std::move(**lane));
    if (written) co_return rt::Status();
    if (written.error().code != Code::kConflict) co_return rt::pass(written);
    auto current = co_await get_record(store_, keys::delivery(delivery.webhook, delivery.id), "delivery");
    if (!current) co_return rt::pass(current);
    outcome.delivery.revision = current->revision;
  }
  co_return rt::fail(Code::kUnavailable, "the lane is changed too often");
}

rt::Task<rt::Result<store::Revision>> Dispatcher::try_write(const Outcome& outcome, store::Record lane) {
  const Delivery& delivery = outcome.delivery;
  store::Transaction transaction;
  transaction.require(keys::delivery(delivery.webhook, delivery.id), delivery.revision);
  transaction.put(keys::delivery(delivery.webhook, delivery.id), encode(delivery));
  const bool pending = delivery.status == DeliveryStatus::kPending;
  DeliveryPlace place{delivery.tenant, delivery.webhook, delivery.subject, delivery.id};
  auto again_ms = pending ? std::optional(delivery.due_ms) : std::nullopt;
  auto moved = co_await move_on(transaction, std::move(place), lane, again_ms);
  if (!moved) co_return rt::pass(moved);
  auto disabled = outcome.gone ? co_await disable(transaction, delivery) : rt::Status();
  if (!disabled) co_return rt::pass(disabled);
  co_return co_await store_.commit(std::move(transaction));
}

// The lane goes on with this delivery when it is to be sent again, without it otherwise. A lane that cannot be read
// begins anew; what it leaves in the index is found stale.
rt::Task<rt::Status> Dispatcher::move_on(store::Transaction& transaction, DeliveryPlace place,
                                         const store::Record& lane_record, std::optional<std::int64_t> again_ms) {
  const auto& [tenant, webhook, subject, id] = place;
  auto lane = decode_delivery_lane(lane_record).value_or(DeliveryLane{.tenant = tenant});
  transaction.require(lane_record.key, lane_record.revision);
  const std::string queued = keys::queued_delivery(webhook, subject, id);
  store::Scan scan{.prefix = keys::delivery_queue(webhook, subject), .after = {}, .limit = 2};
  auto queue = co_await store_.scan(std::move(scan));
  if (!queue) co_return rt::pass(queue);
  const bool more = std::ranges::any_of(*queue, [&](const store::Record& other) { return other.key != queued; });
  const bool is_first = !queue->empty() && queue->front().key == queued;
  if (!again_ms) transaction.erase(queued);
  // Another may have been put before it meanwhile: that one is due now.
  const std::int64_t due_ms = again_ms && is_first ? *again_ms : clock_();
  if (due_ms != lane.due_ms || (!again_ms && !more)) {
    transaction.erase(keys::due_delivery(webhook, lane.due_ms, subject));
  }
  if (again_ms || more) {
    lane.due_ms = due_ms;
    transaction.put(keys::due_delivery(webhook, due_ms, subject), {});
    transaction.put(lane_record.key, encode(lane));
  } else {
    transaction.erase(lane_record.key);
  }
  co_return rt::Status();
}

rt::Task<rt::Status> Dispatcher::disable(store::Transaction& transaction, const Delivery& delivery) {
  const std::string key = keys::webhook(delivery.tenant, delivery.webhook);
  auto record = co_await store_.get(key);
  if (!record) co_return rt::pass(record);
  if (!*record) co_return rt::Status();
  auto webhook = decode_webhook(**record);
  if (!webhook) co_return rt::pass(webhook);
  webhook->enabled = false;
  webhook->disabled_because = "the receiver answered 410";
  webhook->updated_ms = clock_();
  transaction.require(key, webhook->revision);
  transaction.put(key, encode(*webhook));
  co_return rt::Status();
}

}  // namespace millrace::media
