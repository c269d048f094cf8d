#include "media/events/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/events/sequencer.h"
#include "media/events/webhooks.h"
#include "media/records/keys_events.h"
#include "server/http/json.h"
#include "server/rt/timer.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

using outbound::Response;
using rt::Code;
using testing::ElementsAre;
using testing::IsEmpty;

Response answered(int status) { return {.status = status, .fields = {}, .body = {}}; }

// Somebody else's server: what it answers, and what it was sent.
struct Receiver {
  std::function<rt::Result<Response>(const outbound::Request&)> answer = [](const auto&) {
    return Response{.status = 200, .fields = {}, .body = "ok"};
  };
  std::function<bool(const outbound::Request&)> is_silent = [](const auto&) { return false; };
  std::vector<outbound::Request> requests;

  static rt::Task<rt::Result<Response>> take(Receiver& self, outbound::Request request) {
    co_await rt::yield();
    self.requests.push_back(request);
    while (self.is_silent(request)) co_await rt::yield();
    co_return self.answer(request);
  }
  std::vector<std::string> bodies(std::string_view member) const {
    std::vector<std::string> found;
    for (const auto& request : requests) {
      found.push_back(http::Json::parse_object(request.body)->text(member)->value_or("absent"));
    }
    return found;
  }
};

std::string field(const outbound::Request& request, std::string_view name) {
  for (const auto& [key, value] : request.fields) {
    if (key == name) return value;
  }
  return {};
}

class DispatcherTest : public World {
 protected:
  void tell(const std::string& type, const std::string& subject, const std::string& tenant = "default") {
    store::Transaction transaction;
    add_event(transaction, {.tenant = tenant, .type = type, .subject = subject, .data = R"({"id":1})"}, test_clock());
    good(store.commit(std::move(transaction)));
    while (good(sequencer.move_batch()) > 0) {
    }
  }
  Webhook hook(std::vector<std::string> names = {"*"}) {
    return good(webhooks.create("default", {.url = "https://example.com/hook", .events = std::move(names)}));
  }
  std::vector<Delivery> deliveries(const std::string& webhook) {
    return good(webhooks.deliveries("default", webhook, {.per_page = 50})).items;
  }
  std::vector<DeliveryStatus> statuses(const std::string& webhook) {  // oldest first
    std::vector<DeliveryStatus> found;
    for (const Delivery& delivery : deliveries(webhook)) found.insert(found.begin(), delivery.status);
    return found;
  }
  // A dispatcher, as after a start of the server, until there is nothing that is due.
  void run() { rt::run_until_done(running()); }
  rt::Task<void> running() {
    Dispatcher dispatcher(
        store, [this](outbound::Request request) { return Receiver::take(receiver, std::move(request)); },
        {.retry_first_ms = 1'000}, test_clock);
    rt::Scope scope;
    scope.spawn(dispatcher.run());
    for (int turns = 0; turns < 2'000; ++turns) co_await rt::yield();
    dispatcher.stop();
    co_await scope.join();
  }

  Receiver receiver;
  std::string deliveries_first;
  Webhooks webhooks{store, test_clock};
  Sequencer sequencer{store, webhooks, test_clock};
};

constexpr auto kPending = DeliveryStatus::kPending;
constexpr auto kDelivered = DeliveryStatus::kDelivered;
constexpr auto kFailed = DeliveryStatus::kFailed;

TEST_F(DispatcherTest, sends_what_a_webhook_asks_for) {
  const Webhook webhook = hook({"media.*", "upload.completed"});
  for (const char* type : {"upload.created", "upload.completed", "media.ready", "download.ready"}) tell(type, "s");
  run();
  EXPECT_THAT(receiver.bodies("type"), ElementsAre("upload.completed", "media.ready"));
  EXPECT_EQ(receiver.requests[0].url, "https://example.com/hook");
  EXPECT_EQ(receiver.requests[0].method, "POST");
  EXPECT_THAT(statuses(webhook.id), ElementsAre(kDelivered, kDelivered));
  EXPECT_EQ(deliveries(webhook.id)[0].response_excerpt, "ok");
  run();
  EXPECT_EQ(receiver.requests.size(), 2u) << "what was taken is not sent again";
}

TEST_F(DispatcherTest, signs_what_it_sends) {
  const Webhook webhook = hook();
  tell("media.ready", "s");
  run();
  const outbound::Request& sent = receiver.requests.at(0);
  const std::int64_t at = test_now_ms / 1000;
  EXPECT_EQ(field(sent, "webhook-timestamp"), std::to_string(at));
  EXPECT_EQ(field(sent, "webhook-id"), deliveries(webhook.id)[0].event_id);
  EXPECT_EQ(field(sent, "webhook-signature"), signature(webhook.secret, field(sent, "webhook-id"), at, sent.body));
}

TEST_F(DispatcherTest, a_later_event_of_a_subject_waits_for_the_earlier) {
  const Webhook webhook = hook();
  tell("media.created", "slow");
  tell("media.ready", "slow");
  tell("media.created", "quick");
  receiver.answer = [&](const outbound::Request& request) {
    const bool down = receiver.requests.size() < 3 && request.body.contains("media.created");
    return answered(down && field(request, "webhook-id") == deliveries_first ? 503 : 200);
  };
  deliveries_first = deliveries(webhook.id).back().event_id;
  run();
  EXPECT_THAT(statuses(webhook.id), ElementsAre(kPending, kPending, kDelivered));
  test_now_ms += 1'000;
  receiver.requests.clear();
  receiver.answer = [](const outbound::Request&) { return answered(204); };
  run();
  EXPECT_THAT(receiver.bodies("type"), ElementsAre("media.created", "media.ready"));
  EXPECT_EQ(field(receiver.requests[0], "webhook-id"), deliveries_first) << "the same in every attempt";
  EXPECT_THAT(statuses(webhook.id), ElementsAre(kDelivered, kDelivered, kDelivered));
}

TEST_F(DispatcherTest, tries_again_with_growing_delay_and_gives_up) {
  webhooks.set({.retry_ms = 10'000});
  const Webhook webhook = hook();
  tell("media.created", "s");
  tell("media.ready", "s");
  receiver.answer = [](const outbound::Request&) -> rt::Result<Response> {
    return rt::fail(Code::kIo, "nobody listens there");
  };
  std::vector<std::int64_t> delays;
  for (Delivery first = deliveries(webhook.id).back(); first.status == kPending;) {
    run();
    first = deliveries(webhook.id).back();
    EXPECT_EQ(first.error, "nobody listens there");
    if (first.status == kPending) delays.push_back(first.due_ms - test_now_ms);
    if (first.status == kPending) test_now_ms = first.due_ms;
  }
  EXPECT_THAT(delays, ElementsAre(1'000, 2'000, 4'000));
  EXPECT_THAT(statuses(webhook.id), ElementsAre(kFailed, kPending)) << "the second had its first attempt";
  EXPECT_EQ(deliveries(webhook.id).front().attempts, 1u);
  test_now_ms += 10'000;
  run();
  EXPECT_THAT(statuses(webhook.id), ElementsAre(kFailed, kFailed)) << "its time was the same";
  EXPECT_EQ(store.records("m/delivery.queue/"), 0u);
  EXPECT_EQ(store.records("m/delivery.lane/"), 0u);
  EXPECT_EQ(store.records("m/delivery.due/"), 0u);
}

TEST_F(DispatcherTest, a_retry_by_hand_goes_at_once) {
  const Webhook webhook = hook();
  tell("media.ready", "s");
  receiver.answer = [](const outbound::Request&) { return answered(500); };
  run();
  const Delivery waiting = deliveries(webhook.id).at(0);
  EXPECT_EQ(waiting.status, kPending);
  EXPECT_EQ(waiting.error, "the receiver answered 500");
  receiver.answer = [](const outbound::Request&) { return answered(200); };
  good(webhooks.retry("default", webhook.id, waiting.id));
  run();
  EXPECT_THAT(statuses(webhook.id), ElementsAre(kDelivered));
  good(webhooks.retry("default", webhook.id, waiting.id));
  run();
  EXPECT_EQ(receiver.requests.size(), 3u) << "one that was delivered is sent again too";
  EXPECT_EQ(bad(webhooks.retry("other", webhook.id, waiting.id)).code, Code::kNotFound);
  EXPECT_EQ(bad(webhooks.retry("default", webhook.id, "0")).code, Code::kNotFound);
}

TEST_F(DispatcherTest, a_receiver_that_is_gone_is_left_alone) {
  const Webhook webhook = hook();
  tell("media.created", "s");
  tell("media.ready", "s");
  receiver.answer = [](const outbound::Request&) { return answered(410); };
  run();
  EXPECT_EQ(receiver.requests.size(), 1u);
  EXPECT_THAT(statuses(webhook.id), ElementsAre(kFailed, kFailed));
  const Webhook after = good(webhooks.get("default", webhook.id));
  EXPECT_FALSE(after.enabled);
  EXPECT_EQ(after.disabled_because, "the receiver answered 410");
  tell("media.updated", "s");
  EXPECT_EQ(deliveries(webhook.id).size(), 2u);
  EXPECT_TRUE(good(webhooks.update("default", webhook.id, {.enabled = true})).disabled_because.empty());
}

TEST_F(DispatcherTest, what_was_on_its_way_in_a_crash_is_sent_again) {
  const Webhook webhook = hook();
  tell("media.ready", "s");
  receiver.answer = [&](const outbound::Request&) {
    store.fail_commits(rt::Error{Code::kIo, "cut"});
    return answered(200);
  };
  run();
  EXPECT_GE(receiver.requests.size(), 1u);
  EXPECT_THAT(statuses(webhook.id), ElementsAre(kPending));
  store.fail_commits(std::nullopt);
  receiver.answer = [](const outbound::Request&) { return answered(200); };
  run();
  EXPECT_THAT(statuses(webhook.id), ElementsAre(kDelivered));
}

TEST_F(DispatcherTest, stopping_is_no_attempt) {
  const Webhook webhook = hook();
  tell("media.ready", "s");
  receiver.answer = [](const outbound::Request&) -> rt::Result<Response> {
    return rt::fail(Code::kCancelled, "stopped");
  };
  run();
  EXPECT_EQ(deliveries(webhook.id).at(0).attempts, 0u);
  EXPECT_THAT(statuses(webhook.id), ElementsAre(kPending));
}

TEST_F(DispatcherTest, an_event_that_comes_while_the_last_is_taken_is_not_forgotten) {
  hook();
  tell("media.created", "s");
  {
    store::Transaction transaction;
    add_event(transaction, {.tenant = "default", .type = "media.ready", .subject = "s"}, test_clock());
    good(store.commit(std::move(transaction)));
  }
  store.before_commit([this] { good(sequencer.move_batch()); });
  run();
  EXPECT_THAT(receiver.bodies("type"), ElementsAre("media.created", "media.ready"));
  EXPECT_EQ(store.records("m/delivery.queue/"), 0u);
  EXPECT_EQ(store.records("m/delivery.due/"), 0u);
}

TEST_F(DispatcherTest, assets_have_a_shape_of_their_own) {
  const Webhook webhook = hook({"asset.changed", "media.updated"});
  tell("media.updated", "s");
  run();
  ASSERT_EQ(receiver.requests.size(), 2u);
  EXPECT_THAT(receiver.bodies("event"), ElementsAre("absent", "asset.changed"));
  const auto body = *http::Json::parse_object(receiver.requests[1].body);
  for (const char* name : {"id", "created_on", "event", "payload", "performed_by"}) EXPECT_TRUE(body.has(name));
  EXPECT_NE(field(receiver.requests[0], "webhook-id"), field(receiver.requests[1], "webhook-id"));
}

TEST_F(DispatcherTest, a_ping_goes_to_one) {
  const Webhook wanted = hook({"media.ready"});
  const Webhook other = hook({"*"});
  good(webhooks.ping("default", wanted.id));
  good(sequencer.move_batch());
  run();
  EXPECT_THAT(receiver.bodies("type"), ElementsAre("ping"));
  EXPECT_THAT(deliveries(other.id), IsEmpty());
  EXPECT_EQ(bad(webhooks.ping("other", wanted.id)).code, Code::kNotFound);
}

TEST_F(DispatcherTest, a_removed_webhook_leaves_nothing) {
  const Webhook webhook = hook();
  for (int i = 0; i < 5; ++i) tell("media.ready", std::to_string(i));
  good(webhooks.remove("default", webhook.id));
  run();
  EXPECT_THAT(receiver.requests, IsEmpty());
  EXPECT_EQ(store.records("m/delivery.due/"), 0u) << "before the sweep";
  good(webhooks.sweep(0));
  EXPECT_EQ(store.records("m/delivery"), 0u);
  EXPECT_EQ(store.records("m/webhook"), 0u);
}

void damage(FakeStore& store, const std::string& key) {
  store::Transaction transaction;
  transaction.put(key, "\xff\xff");
  good(store.commit(std::move(transaction)));
}

TEST_F(DispatcherTest, a_damaged_webhook_holds_up_no_other) {
  const Webhook broken = hook();
  hook();
  damage(store, keys::webhook("default", broken.id));
  tell("media.ready", "s");
  run();
  EXPECT_THAT(receiver.bodies("type"), ElementsAre("media.ready"));
}

TEST_F(DispatcherTest, what_waits_for_a_webhook_that_was_damaged_since_is_failed) {
  const Webhook broken = hook();
  tell("media.ready", "s");
  damage(store, keys::webhook("default", broken.id));
  run();
  EXPECT_THAT(receiver.requests, IsEmpty());
  EXPECT_EQ(store.records("m/delivery.due/"), 0u);
}

TEST_F(DispatcherTest, damaged_deliveries_hold_up_no_others) {
  const Webhook webhook = hook();
  std::vector<std::string> broken;
  for (int i = 0; i < 10; ++i) tell("media.created", std::to_string(i));
  for (const Delivery& delivery : deliveries(webhook.id)) broken.push_back(delivery.id);
  test_now_ms += 10;
  tell("media.ready", "0");
  tell("media.ready", "whole");
  for (const std::string& id : broken) damage(store, keys::delivery(webhook.id, id));
  run();
  EXPECT_THAT(receiver.bodies("type"), ElementsAre("media.ready", "media.ready"));
  EXPECT_THAT(statuses(webhook.id), ElementsAre(kDelivered, kDelivered)) << "the damaged ones are gone";
  EXPECT_EQ(store.records("m/delivery.queue/"), 0u);
  EXPECT_EQ(store.records("m/delivery.due/"), 0u);
}

TEST_F(DispatcherTest, lanes_that_cannot_be_read_now_hold_up_no_others) {
  const Webhook webhook = hook();
  for (int i = 0; i < 10; ++i) tell("media.created", std::to_string(i));
  for (const Delivery& delivery : deliveries(webhook.id)) {
    store.fail_reads_of(keys::delivery(webhook.id, delivery.id), rt::Error{Code::kIo, "bad sector"});
  }
  test_now_ms += 10;
  tell("media.ready", "whole");
  run();
  EXPECT_THAT(receiver.bodies("type"), ElementsAre("media.ready"));
}

TEST_F(DispatcherTest, a_webhook_with_much_trouble_rests_as_a_whole) {
  const Webhook webhook = hook();
  for (int i = 0; i < 400; ++i) tell("media.created", std::to_string(i));
  store.fail_reads_of(keys::deliveries(webhook.id), rt::Error{Code::kIo, "bad sector"});
  const std::size_t scanned_before = store.scanned_records();
  run();
  EXPECT_LT(store.scanned_records() - scanned_before, 6'000u) << "64 tries, each after a scan of some 70 entries";
  store.fail_reads_of(keys::deliveries(webhook.id), std::nullopt);
  EXPECT_EQ(store.records("m/delivery.due/"), 400u);
}

TEST_F(DispatcherTest, a_lane_whose_queue_was_lost_ends) {
  const Webhook webhook = hook();
  tell("media.created", "s");
  store::Transaction transaction;
  transaction.erase(keys::queued_delivery(webhook.id, "s", deliveries(webhook.id).at(0).id));
  good(store.commit(std::move(transaction)));
  run();
  EXPECT_EQ(store.records("m/delivery.lane/"), 0u);
  EXPECT_EQ(store.records("m/delivery.due/"), 0u);
  tell("media.ready", "s");
  run();
  EXPECT_THAT(receiver.bodies("type"), ElementsAre("media.ready")) << "it begins anew";
}

TEST_F(DispatcherTest, what_comes_while_a_lane_ends_is_not_forgotten) {
  const Webhook webhook = hook();
  tell("media.created", "s");
  store::Transaction transaction;
  transaction.erase(keys::queued_delivery(webhook.id, "s", deliveries(webhook.id).at(0).id));
  good(store.commit(std::move(transaction)));
  store.before_commit([this] { tell("media.ready", "s"); });
  run();
  EXPECT_THAT(receiver.bodies("type"), ElementsAre("media.ready"));
}

TEST_F(DispatcherTest, tenants_whose_receivers_are_silent_leave_slots_for_others) {
  const std::vector<std::string> silent = {"default", "other"};
  for (const std::string& tenant : silent) {
    for (std::size_t i = 0; i < kWebhooksPerTenantMax; ++i) {
      good(webhooks.create(tenant, {.url = "https://silent.example.com/" + tenant}));
    }
    for (int i = 0; i < 4; ++i) tell("media.ready", std::to_string(i), tenant);
  }
  const Webhook healthy = good(webhooks.create("third", {.url = "https://example.com/hook"}));
  receiver.is_silent = [](const auto& request) { return request.url.contains("silent"); };
  const auto delivering = [&]() -> rt::Task<void> {
    const auto send = [this](outbound::Request request) { return Receiver::take(receiver, std::move(request)); };
    Dispatcher dispatcher(store, send, {}, test_clock);
    rt::Scope scope;
    scope.spawn(dispatcher.run());
    for (int turns = 0; turns < 2'000; ++turns) co_await rt::yield();
    EXPECT_EQ(receiver.requests.size(), 2 * kDeliveriesRunningPerTenant);
    tell("media.ready", "s", "third");
    dispatcher.wake(healthy.id);
    for (int turns = 0; turns < 2'000; ++turns) co_await rt::yield();
    EXPECT_EQ(receiver.requests.back().url, "https://example.com/hook");
    dispatcher.stop();
    receiver.is_silent = [](const auto&) { return false; };
    co_await scope.join();
  };
  rt::run_until_done(delivering());
}

TEST_F(DispatcherTest, a_damaged_lane_goes_on) {
  const Webhook webhook = hook();
  tell("media.created", "s");
  damage(store, keys::delivery_lane(webhook.id, "s"));
  test_now_ms += 10;
  tell("media.ready", "s");
  tell("media.ready", "other");
  run();
  EXPECT_EQ(receiver.requests.size(), 3u);
  damage(store, keys::delivery_lane(webhook.id, "s"));
  tell("media.updated", "s");
  run();
  EXPECT_EQ(receiver.requests.size(), 4u) << "nothing is sent again";
  EXPECT_EQ(store.records("m/delivery.lane/"), 0u);
  EXPECT_EQ(store.records("m/delivery.due/"), 0u);
}

TEST_F(DispatcherTest, the_log_of_deliveries_is_kept_for_a_while) {
  const Webhook webhook = hook();
  tell("media.ready", "old");
  run();
  test_now_ms += kDayMs;
  tell("media.ready", "new");
  EXPECT_EQ(good(webhooks.sweep(test_now_ms - 1)), 1u);
  EXPECT_THAT(statuses(webhook.id), ElementsAre(kPending));
}

TEST_F(DispatcherTest, what_cannot_be_a_webhook_is_refused_by_name) {
  webhooks.check_addresses([](std::string_view address) -> rt::Status {
    if (address.starts_with("10.") || address == "::1") return rt::fail(Code::kForbidden, "that is private");
    return {};
  });
  for (const char* url : {"", "ftp://example.com/", "example.com", "https://user:pass@example.com/", "http://10.0.0.1/",
                          "http://[::1]:8080/x", "https://exa mple.com/"}) {
    const rt::Error error = bad(webhooks.create("default", {.url = url}));
    EXPECT_EQ(error.code, Code::kInvalid) << url;
    EXPECT_EQ(error.field, "url") << url;
  }
  for (const std::vector<std::string>& names :
       std::vector<std::vector<std::string>>{{}, {"media.readyy"}, {"media"}, {"*.*"}, {".*"}, {"media.ready", ""}}) {
    EXPECT_EQ(bad(webhooks.create("default", {.url = "https://example.com", .events = names})).field, "events");
  }
  for (std::size_t i = 0; i < kWebhooksPerTenantMax; ++i) hook();
  EXPECT_EQ(bad(webhooks.create("default", {.url = "https://example.com"})).code, Code::kConflict);
}

TEST(Signature, is_the_one_of_the_standard) {
  // From the tests of the reference libraries of Standard Webhooks.
  EXPECT_EQ(signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                      R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST(RetryDelay, doubles_up_to_an_hour) {
  EXPECT_EQ(retry_delay_ms(1, 5'000), 5'000);
  EXPECT_EQ(retry_delay_ms(3, 5'000), 20'000);
  EXPECT_EQ(retry_delay_ms(50, 5'000), 3'600'000);
}

}  // namespace
}  // namespace millrace::media
