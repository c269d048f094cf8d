#include "handlers/v2/events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "handlers/v2/event_text.h"
#include "media/events/sequencer.h"
#include "tests/handlers/house.h"

namespace millrace::handlers::v2 {
namespace {

using testing::HasSubstr;
using testing::Not;

class EventStream : public testing::Test {
 protected:
  void sequence() {
    media::Sequencer sequencer(house.store, house.domain->webhooks);
    while (rt::run_until_done(sequencer.move_batch()).value_or(0) > 0) {
    }
  }
  // What is there to be told to one who leaves when there is nothing more.
  Reply follow(const std::string& query, std::vector<std::pair<std::string, std::string>> fields = {}) {
    sequence();
    return house.ask(
        {.target = "/v2/events" + query, .fields = std::move(fields), .key = house.admin.bearer, .peer_left = true});
  }

  House house;
};

TEST_F(EventStream, begins_now_unless_told_where) {
  house.new_put();
  const Reply now = follow("");
  EXPECT_EQ(now.status, 200);
  EXPECT_EQ(now.field("content-type"), "text/event-stream");
  EXPECT_EQ(now.field("cache-control"), "no-store");
  EXPECT_FALSE(now.content_length);
  EXPECT_EQ(now.body, "retry: 2000\n\n");
  const Reply all = follow("?lastEventId=0");
  EXPECT_THAT(all.body, HasSubstr("id: 1\nevent: upload.created\ndata: {\"type\":\"upload.created\""));
  house.new_put();
  const Reply rest = follow("?lastEventId=0", {{"last-event-id", "1"}});
  EXPECT_THAT(rest.body, HasSubstr("id: 2\n"));
  EXPECT_THAT(rest.body, Not(HasSubstr("id: 1\n"))) << "the field of a browser that comes back goes before its address";
}

TEST_F(EventStream, tells_what_is_wanted) {
  const std::string id = house.new_put().first;
  const std::string media = house.ingest("content");
  const Reply one = follow("?lastEventId=0&subject=" + id);
  EXPECT_THAT(one.body, HasSubstr("id: 1\n"));
  EXPECT_THAT(one.body, Not(HasSubstr(media)));
  const Reply kind = follow("?lastEventId=0&types=media.*,upload.completed");
  EXPECT_THAT(kind.body, HasSubstr("event: upload.completed\n"));
  EXPECT_THAT(kind.body, HasSubstr("event: media.created\n"));
  EXPECT_THAT(kind.body, Not(HasSubstr("event: upload.created\n")));
  EXPECT_THAT(follow("?lastEventId=0&types=*").body, HasSubstr("event: upload.created\n"));
}

TEST_F(EventStream, says_what_was_forgotten) {
  house.new_put();
  sequence();
  rt::run_until_done(house.domain->events.forget_before(INT64_MAX));
  house.new_put();
  const Reply reply = follow("?lastEventId=0");
  EXPECT_THAT(reply.body,
              HasSubstr("id: 1\nevent: events.lost\ndata: {\"type\":\"events.lost\",\"data\":{\"after\":0"));
  EXPECT_THAT(reply.body, HasSubstr("id: 2\nevent: upload.created\n"));
}

TEST_F(EventStream, many_that_are_not_wanted_do_not_hide_one_that_is) {
  for (int i = 0; i < 200; ++i) house.new_put();
  const std::string last = house.new_put().first;
  EXPECT_THAT(follow("?lastEventId=0&subject=" + last).body, HasSubstr("id: 201\n"));
}

TEST_F(EventStream, a_place_that_is_not_reached_yet_is_now) {
  EXPECT_EQ(follow("?lastEventId=1000").body, "retry: 2000\n\n");
}

TEST_F(EventStream, refuses_by_name) {
  EXPECT_EQ(follow("?types=nothing").at("data.types"), "there is no event \"nothing\"");
  for (const char* id : {"x", "-1", "1x", "99999999999999999999"}) {
    const Reply reply = follow(std::string("?lastEventId=") + id);
    EXPECT_EQ(reply.status, 400) << id;
    EXPECT_NE(reply.at("data.lastEventId"), "absent") << id;
  }
}

TEST_F(EventStream, takes_a_token_of_the_address_but_no_key) {
  const auto token = house.tenants->issue_token(house.admin.key.access_key_id, house.admin.secret_access_key);
  ASSERT_TRUE(token);
  EXPECT_EQ(house.ask({.target = "/v2/events?access_token=" + token->bearer, .peer_left = true}).status, 200);
  EXPECT_EQ(house.ask({.target = "/v2/events?access_token=" + house.admin.bearer, .peer_left = true}).status, 401);
  EXPECT_EQ(house.ask({.target = "/v2/uploads?access_token=" + token->bearer}).status, 401);
}

TEST_F(EventStream, places_are_given_back) {
  house.domain->events.limit_followers(1);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(follow("").status, 200);
  house.domain->events.limit_followers(0);
  EXPECT_EQ(follow("").status, 429);
}

TEST(EventText, is_one_line_of_data) {
  const media::Event event{.id = "e",
                           .tenant = "t",
                           .type = "media.ready",
                           .subject = "s",
                           .data = "{\"a\":\n1}",
                           .at_ms = 1'700'000'000'000,
                           .position = 7};
  EXPECT_EQ(event_text(event),
            "id: 7\nevent: media.ready\n"
            "data: {\"type\":\"media.ready\",\"timestamp\":\"2023-11-14T22:13:20.000Z\",\"data\":{\"a\": 1}}\n\n");
}

TEST(Webhooks, show_their_secret_once) {
  House house;
  const Reply made = house.call("POST", "/v2/webhooks", R"({"url":"https://example.com/","events":["media.*"]})");
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.field("cache-control"), "no-store");
  EXPECT_EQ(made.at("data.secret").substr(0, 6), "whsec_");
  const std::string path = "/v2/webhooks/" + made.at("data.id");
  for (const Reply& later : {house.call("GET", path), house.call("PATCH", path, R"({"enabled":false})"),
                             house.call("GET", "/v2/webhooks")}) {
    EXPECT_EQ(later.status, 200);
    EXPECT_THAT(later.body, Not(HasSubstr("whsec_")));
  }
  EXPECT_EQ(house.call("GET", path).at("data.enabled"), "false");
  EXPECT_EQ(house.call("POST", path + "/ping").status, 409);
  EXPECT_EQ(house.call("DELETE", path).status, 200);
  EXPECT_EQ(house.call("GET", path).status, 404);
}

TEST(Webhooks, refuse_by_name) {
  House house;
  EXPECT_NE(house.call("POST", "/v2/webhooks", "{}").at("data.url"), "absent");
  EXPECT_NE(house.call("POST", "/v2/webhooks", R"({"url":7})").at("data.url"), "absent");
  EXPECT_NE(house.call("POST", "/v2/webhooks", R"({"url":"https://a.b","events":["x"]})").at("data.events"), "absent");
  EXPECT_NE(house.call("POST", "/v2/webhooks", R"({"url":"https://a.b","enabled":1})").at("data.enabled"), "absent");
}

}  // namespace
}  // namespace millrace::handlers::v2
