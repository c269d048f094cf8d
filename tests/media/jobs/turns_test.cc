#include "media/jobs/turns.h"

#include <gtest/gtest.h>

#include <vector>

namespace millrace::media {
namespace {

constexpr std::int64_t kNow = 100;

std::string next_of(const Turns& turns, const std::vector<Waiting>& waiting) {
  const Waiting* next = turns.next(waiting, kNow);
  return next ? next->tenant : "nobody";
}

TEST(Turns, nobody_is_next_when_nothing_is_due) {
  const Turns turns;
  EXPECT_EQ(next_of(turns, {}), "nobody");
  EXPECT_EQ(next_of(turns, {{"k", "a", kNow + 1}}), "nobody");
  EXPECT_EQ(next_of(turns, {{"k", "a", kNow + 1}, {"l", "b", kNow}}), "b");
}

TEST(Turns, the_one_with_the_fewest_running_is_next) {
  Turns turns;
  turns.begin("a");
  turns.begin("a");
  turns.begin("b");
  EXPECT_EQ(next_of(turns, {{"k", "a", 1}, {"l", "b", 2}}), "b") << "though served last and due later";
  EXPECT_EQ(next_of(turns, {{"k", "a", 1}, {"l", "b", 2}, {"m", "c", 3}}), "c");
  turns.end("a");
  turns.end("a");
  EXPECT_EQ(next_of(turns, {{"k", "a", 1}, {"l", "b", 2}}), "a");
  EXPECT_EQ(turns.running(), 1u);
}

TEST(Turns, among_equals_whoever_was_served_longest_ago_is_next) {
  Turns turns;
  for (const char* tenant : {"a", "b", "a"}) {
    turns.begin(tenant);
    turns.end(tenant);
  }
  EXPECT_EQ(next_of(turns, {{"k", "a", 1}, {"l", "b", 2}}), "b");
  EXPECT_EQ(next_of(turns, {{"k", "a", 1}, {"l", "b", 2}, {"m", "new", 3}}), "new");
}

TEST(Turns, among_those_never_served_the_first_due_is_next) {
  EXPECT_EQ(next_of(Turns(), {{"k", "a", 2}, {"l", "b", 1}}), "b");
}

TEST(Turns, the_earliest_is_looked_for_among_all) {
  EXPECT_EQ(earliest_due_ms({}), INT64_MAX);
  const std::vector<Waiting> waiting = {{"k", "a", 900}, {"l", "b", 200}, {"m", "c", 500}};
  EXPECT_EQ(earliest_due_ms(waiting), 200);
}

}  // namespace
}  // namespace millrace::media
