#include "media/events/sequencer.h"

#include <gtest/gtest.h>

#include "media/events/webhooks.h"
#include "media/records/keys_events.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

constexpr std::size_t kWaitingMax = 10'000;

class SequencerTest : public World {
 protected:
  void tell(std::size_t events) {
    store::Transaction transaction;
    for (std::size_t i = 0; i < events; ++i) {
      add_event(transaction, {.tenant = "default", .type = "media.ready", .subject = "s"}, test_clock());
    }
    good(store.commit(std::move(transaction)));
  }
  void sequence() {
    while (good(sequencer.move_batch()) > 0) {
    }
  }
  std::size_t waiting() const { return store.records(keys::delivery_queues(webhook.id)); }
  void deliver_all() {
    store::Transaction transaction;
    store::Scan scan{.prefix = keys::delivery_queues(webhook.id), .after = {}, .limit = 2 * kWaitingMax};
    for (store::Record& record : good(store.scan(std::move(scan)))) transaction.erase(std::move(record.key));
    good(store.commit(std::move(transaction)));
  }

  Webhooks webhooks{store, test_clock};
  Sequencer sequencer{store, webhooks, test_clock};
  const Webhook webhook = good(webhooks.create("default", {.url = "https://example.com/hook"}));
};

TEST_F(SequencerTest, a_webhook_is_full_until_deliveries_were_taken) {
  tell(kWaitingMax + 5);
  sequence();
  EXPECT_EQ(waiting(), kWaitingMax) << "the rest is given up";
  deliver_all();
  test_now_ms += 1'000;
  tell(5);
  sequence();
  EXPECT_EQ(waiting(), 5u) << "there was room when it was counted last, so it is counted again soon";
}

TEST_F(SequencerTest, a_count_that_found_a_webhook_full_holds_for_a_while) {
  tell(kWaitingMax);
  sequence();
  test_now_ms += 1'000;
  tell(1);
  sequence();
  deliver_all();
  test_now_ms += 9'999;
  tell(1);
  sequence();
  EXPECT_EQ(waiting(), 0u);
  test_now_ms += 1;
  tell(1);
  sequence();
  EXPECT_EQ(waiting(), 1u);
}

TEST_F(SequencerTest, a_batch_that_is_done_again_counts_once) {
  tell(128);
  store.fail_commits(rt::Error{rt::Code::kConflict, "changed"});
  for (std::size_t planned = 0; planned <= kWaitingMax; planned += 128) {
    EXPECT_EQ(bad(sequencer.move_batch()).code, rt::Code::kConflict);
  }
  store.fail_commits(std::nullopt);
  sequence();
  EXPECT_EQ(waiting(), 128u);
}

}  // namespace
}  // namespace millrace::media
