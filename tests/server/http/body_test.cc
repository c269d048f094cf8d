#include "server/http/body.h"

#include <gtest/gtest.h>

#include "server/rt/timer.h"

namespace millrace::http {
namespace {

struct Credit final : CreditLine {
  std::size_t returned_bytes = 0;
  int waits = 0;
  void consumed(std::size_t bytes) override { returned_bytes += bytes; }
  void wanted() override { ++waits; }
};

TEST(Body, gives_credit_back_when_the_next_slice_is_asked_for) {
  auto story = []() -> rt::Task<void> {
    Credit credit;
    Body body;
    body.open(&credit, 5);
    body.push(rt::Slice::of_static("abc"));
    body.push(rt::Slice::of_static("de"));
    body.end();
    EXPECT_EQ(body.waiting_bytes(), 5U);
    auto first = co_await body.next();
    EXPECT_EQ(first->text(), "abc");
    EXPECT_EQ(credit.returned_bytes, 0U);
    auto second = co_await body.next();
    EXPECT_EQ(second->text(), "de");
    EXPECT_EQ(credit.returned_bytes, 3U);
    auto end = co_await body.next();
    EXPECT_TRUE(end->empty());
    EXPECT_EQ(credit.returned_bytes, 5U);
    EXPECT_EQ(body.delivered_bytes(), 5U);
    EXPECT_EQ(credit.waits, 0);
  };
  rt::run_until_done(story());
}

rt::Task<void> feed_later(Body& body) {
  co_await rt::sleep(std::chrono::milliseconds(1));
  body.push(rt::Slice::of_static("late"));
  body.fail({rt::Code::kClosed, "gone"});
}

TEST(Body, wakes_its_reader_and_gives_what_came_before_the_failure) {
  auto story = []() -> rt::Task<void> {
    Credit credit;
    Body body;
    body.open(&credit, {});
    rt::Scope scope;
    scope.spawn(feed_later(body));
    auto slice = co_await body.next();
    EXPECT_EQ(credit.waits, 1);
    EXPECT_EQ(slice->text(), "late");
    auto failed = co_await body.next();
    EXPECT_EQ(failed.error().code, rt::Code::kClosed);
    co_await scope.join();
  };
  rt::run_until_done(story());
}

TEST(Body, is_as_new_after_clear) {
  auto story = []() -> rt::Task<void> {
    Body body;
    body.push(rt::Slice::of_static("old"));
    body.trailers().add("x", "y");
    body.fail({rt::Code::kClosed, "gone"});
    body.clear();
    EXPECT_EQ(body.waiting_bytes(), 0U);
    EXPECT_TRUE(body.trailers().empty());
    body.push(rt::Slice::of_static("new"));
    body.end();
    auto text = co_await read_all(body, 3);
    EXPECT_EQ(*text, "new");
  };
  rt::run_until_done(story());
}

TEST(Body, read_all_holds_its_limit) {
  auto story = []() -> rt::Task<void> {
    Body body;
    body.push(rt::Slice::of_static("four"));
    body.end();
    auto text = co_await read_all(body, 3);
    EXPECT_EQ(text.error().code, rt::Code::kTooLarge);
  };
  rt::run_until_done(story());
}

}  // namespace
}  // namespace millrace::http
