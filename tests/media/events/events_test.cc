#include "media/events/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/events/sequencer.h"
#include "media/events/webhooks.h"
#include "media/records/keys_events.h"
#include "media/records/watched_store.h"
#include "server/http/json.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class EventsTest : public World {
 protected:
  void sequence() {
    while (good(sequencer.move_batch()) > 0) {
    }
  }
  std::vector<Event> log(const std::string& tenant = "default", std::uint64_t after = 0) {
    sequence();
    return good(events.after(tenant, after, 1000));
  }
  std::vector<std::string> types(const std::string& tenant = "default", std::uint64_t after = 0) {
    std::vector<std::string> found;
    for (const Event& event : log(tenant, after)) found.push_back(event.type);
    return found;
  }
  void tell(const std::string& type, const std::string& subject, const std::string& tenant = "default") {
    store::Transaction transaction;
    add_event(transaction, {.tenant = tenant, .type = type, .subject = subject}, test_clock());
    good(store.commit(std::move(transaction)));
  }

  Webhooks webhooks{store, test_clock};
  Sequencer sequencer{store, webhooks, test_clock};
  Events events{store, test_clock};
};

TEST_F(EventsTest, the_way_of_a_file_is_told_in_order) {
  const std::string id = ingest("content");
  EXPECT_THAT(types(), ElementsAre("upload.created", "upload.completed", "media.created"));
  for (const Event& event : log()) {
    EXPECT_EQ(event.subject, id);
    const auto data = http::Json::parse_object(event.data);
    ASSERT_TRUE(data);
    EXPECT_EQ(*data->required_text("id"), id);
    EXPECT_EQ(*data->required_text("fileName"), "clip.mp4");
  }
  EXPECT_EQ(log()[0].position, 1u);
  EXPECT_EQ(log()[2].position, 3u);
}

TEST_F(EventsTest, every_end_of_an_upload_is_told) {
  const std::string cancelled = announce().id;
  good(uploads->cancel("default", cancelled));
  good(uploads->cancel("default", cancelled));
  good(uploads->discard("default", announce().id));
  EXPECT_THAT(types(), ElementsAre("upload.created", "upload.cancelled", "upload.created", "upload.cancelled"));
  announce();
  test_now_ms += 2 * kDayMs;
  good(uploads->sweep());
  EXPECT_THAT(types("default", 4), ElementsAre("upload.created", "upload.expired"));
}

TEST_F(EventsTest, a_duplicate_is_told_as_failed) {
  check_duplicates();
  ingest("content");
  const std::string id = announce().id;
  send(id, "content");
  EXPECT_FALSE(good(uploads->complete("default", id, {})).duplicate_of.empty());
  EXPECT_THAT(types("default", 3), ElementsAre("upload.created", "upload.failed"));
}

TEST_F(EventsTest, changes_of_a_media_are_told_once) {
  const std::string id = ingest("content");
  const auto status = [&](MediaStatus to) {
    good(catalog.update("default", id, [to](Media& media) {
      media.status = to;
      return rt::Status();
    }));
  };
  status(MediaStatus::kReady);
  good(catalog.update("default", id, [](Media& media) {
    media.progress_percent = 50;
    return rt::Status();
  }));
  good(catalog.patch("default", id, {.title = "another"}));
  good(catalog.patch("default", id, {.title = "another"}));
  good(catalog.remove("default", id, false));
  good(catalog.remove("default", id, false));
  good(catalog.recover("default", id));
  status(MediaStatus::kErrored);
  good(catalog.remove("default", id, false));
  good(catalog.remove("default", id, true));
  EXPECT_THAT(types("default", 3), ElementsAre("media.ready", "media.updated", "media.deleted", "media.restored",
                                               "media.errored", "media.deleted"));
}

TEST_F(EventsTest, what_did_not_happen_is_not_told) {
  store.fail_commits(rt::Error{rt::Code::kFull, "no space"});
  EXPECT_EQ(bad(uploads->create("default", {.file_name = "clip.mp4"})).code, rt::Code::kFull);
  store.fail_commits(std::nullopt);
  EXPECT_THAT(types(), IsEmpty());
}

TEST_F(EventsTest, pieces_of_a_file_are_not_told) {
  const Upload piece = good(uploads->create("default", {.file_name = "a", .is_piece = true}));
  good(uploads->cancel("default", piece.id));
  EXPECT_THAT(types(), IsEmpty());
}

TEST_F(EventsTest, each_tenant_has_a_log_of_its_own) {
  tell("a", "1");
  tell("b", "1", "other");
  tell("c", "1");
  EXPECT_THAT(types(), ElementsAre("a", "c"));
  EXPECT_EQ(log("other").at(0).position, 1u);
}

TEST_F(EventsTest, a_clock_that_steps_back_changes_no_order) {
  tell("first", "1");
  test_now_ms -= 10'000;
  tell("second", "1");
  test_now_ms += 10'000;
  EXPECT_THAT(types(), ElementsAre("first", "second"));
}

TEST_F(EventsTest, a_crash_of_the_sequencer_neither_loses_nor_doubles) {
  tell("a", "1");
  store.fail_commits(rt::Error{rt::Code::kIo, "cut"});
  EXPECT_EQ(bad(sequencer.move_batch()).code, rt::Code::kIo);
  EXPECT_THAT(good(events.after("default", 0, 10)), IsEmpty());
  store.fail_commits(std::nullopt);
  Sequencer next(store, webhooks, test_clock);
  EXPECT_EQ(good(next.move_batch()), 1u);
  EXPECT_EQ(good(next.move_batch()), 0u);
  tell("b", "1");
  EXPECT_THAT(types(), ElementsAre("a", "b"));
}

TEST_F(EventsTest, the_log_is_kept_for_a_while) {
  tell("old", "1");
  tell("old", "1", "other");
  sequence();
  test_now_ms += kDayMs;
  tell("new", "1");
  sequence();
  EXPECT_EQ(good(events.forget_before(test_now_ms - 1)), 2u);
  EXPECT_THAT(types(), ElementsAre("new"));
  EXPECT_EQ(log()[0].position, 2u) << "who comes back sees that one is missing";
  tell("newer", "1", "other");
  EXPECT_EQ(log("other").at(0).position, 2u) << "an empty log goes on counting";
}

TEST_F(EventsTest, a_removed_webhook_sends_the_batch_back) {
  const std::string id = good(webhooks.create("default", {.url = "https://example.com/"})).id;
  tell("media.ready", "1");
  store.before_commit([&] {
    store::Transaction transaction;
    transaction.erase(keys::webhook("default", id));
    good(store.commit(std::move(transaction)));
  });
  EXPECT_EQ(bad(sequencer.move_batch()).code, rt::Code::kConflict);
  EXPECT_EQ(good(sequencer.move_batch()), 1u);
  EXPECT_EQ(store.records(keys::deliveries(id)), 0u);
}

TEST_F(EventsTest, followers_are_woken_and_bounded) {
  events.limit_followers(1);
  const auto following = [this]() -> rt::Task<rt::Result<bool>> {
    auto follower = events.follow("default");
    if (!follower) co_return rt::pass(follower);
    const auto second = events.follow("default");
    const bool refused = !second && second.error().code == rt::Code::kTooMany;
    const bool apart = events.follow("other").has_value();
    events.grown("default");
    co_await (*follower)->woken().wait();
    std::uint64_t mark = 0;
    events.media_changed("default", "m1");
    events.media_changed("default", "m2");
    events.media_changed("default", "m1");
    co_await (*follower)->woken().wait();
    const bool both = events.changed_media("default", mark) == std::vector<std::string>{"m1", "m2"};
    const bool once = events.changed_media("default", mark).empty();
    events.unfollow("default", *follower);
    co_return refused&& apart&& both&& once;
  };
  EXPECT_TRUE(good(following()));
}

TEST(WatchedStore, tells_of_what_was_committed) {
  FakeStore store;
  WatchedStore watched(store);
  std::vector<std::string> seen;
  watched.watch("m/a/", [&](const std::string& key) { seen.push_back(key); });
  const auto put = [&](const std::string& key) {
    store::Transaction transaction;
    transaction.put(key, "value");
    return rt::run_until_done(watched.commit(std::move(transaction))).has_value();
  };
  EXPECT_TRUE(put("m/a/1"));
  EXPECT_TRUE(put("m/ab/1"));
  store.fail_commits(rt::Error{rt::Code::kIo, "cut"});
  EXPECT_FALSE(put("m/a/2"));
  EXPECT_THAT(seen, ElementsAre("m/a/1"));
}

}  // namespace
}  // namespace millrace::media
