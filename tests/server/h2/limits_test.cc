// Stories of peers that ask for too much, too often or too slowly.
#include "server/h2/limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/h2/bucket.h"
#include "tests/server/h2/stage.h"

namespace millrace::h2 {
namespace {

using ::testing::ElementsAre;

// Waits for the end of the connection and tells why it came.
rt::Task<std::uint32_t> goaway(Stage& s) {
  co_await s.client->until([] { return false; }, 2000ms);
  EXPECT_TRUE(s.client->ended);
  EXPECT_GE(s.client->goaways, 1);
  co_return s.client->goaway_code;
}

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream_id, const std::string& payload) {
  std::string bytes;
  for (int shift : {16, 8, 0}) bytes += static_cast<char>(payload.size() >> shift);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  for (int shift : {24, 16, 8, 0}) bytes += static_cast<char>(stream_id >> shift);
  return bytes + payload;
}

TEST(H2Bucket, AllowsABurstThenARate) {
  Bucket bucket(2, 10);
  EXPECT_TRUE(bucket.take(1000));
  EXPECT_TRUE(bucket.take(1000));
  EXPECT_FALSE(bucket.take(1000));
  EXPECT_FALSE(bucket.take(1099));
  EXPECT_TRUE(bucket.take(1100));
  EXPECT_FALSE(bucket.take(1100));
}

TEST(H2Limits, RapidResetEndsTheConnection) {
  Stage stage;
  stage.limits.resets_burst = 10;
  stage.play([](Stage& s) -> rt::Task<void> {
    co_await s.client->flush();
    for (int i = 0; i < 20; ++i) {
      const std::int32_t id = s.client->request("GET", "/");
      co_await s.client->flush();
      nghttp2_submit_rst_stream(s.client->raw(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
      co_await s.client->flush();
    }
    EXPECT_EQ(co_await goaway(s), std::uint32_t{NGHTTP2_ENHANCE_YOUR_CALM});
  });
  EXPECT_EQ(stage.stats.floods.load(), 1u);
}

TEST(H2Limits, ProvokedResetsEndTheConnection) {
  Stage stage;
  stage.limits.provoked_resets_burst = 10;
  stage.script.handler = [](Script& script, http::Exchange&) -> rt::Task<http::Response> {
    co_await script.wait_until_open();
    co_return http::Response::empty(200);
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    for (int i = 0; i < 20 && !s.client->ended; ++i) {
      const std::int32_t id = s.client->request("GET", "/");
      co_await s.client->flush();
      // A window above its maximum is the peer's error, but it is the server who resets (CVE-2025-8671).
      s.client->raw(frame(NGHTTP2_WINDOW_UPDATE, 0, static_cast<std::uint32_t>(id), "\x7f\xff\xff\xff"));
      co_await s.client->until([] { return false; }, 5ms);
    }
    EXPECT_EQ(co_await goaway(s), std::uint32_t{NGHTTP2_ENHANCE_YOUR_CALM});
  });
  EXPECT_EQ(stage.stats.floods.load(), 1u);
}

TEST(H2Limits, ControlFrameFloodsEndTheConnection) {
  for (const std::string& one : {frame(NGHTTP2_PING, 0, 0, std::string(8, 'p')), frame(NGHTTP2_SETTINGS, 0, 0, ""),
                                 frame(NGHTTP2_PRIORITY, 0, 1, std::string("\0\0\0\3\1", 5))}) {
    Stage stage;
    stage.limits.control_frames_burst = 50;
    stage.script.seen = one;
    stage.play([](Stage& s) -> rt::Task<void> {
      co_await s.client->flush();
      for (int i = 0; i < 100; ++i) s.client->raw(s.script.seen);
      EXPECT_EQ(co_await goaway(s), std::uint32_t{NGHTTP2_ENHANCE_YOUR_CALM});
    });
    EXPECT_EQ(stage.stats.floods.load(), 1u);
  }
}

TEST(H2Limits, EmptyDataFramesAreAFlood) {
  Stage stage;
  stage.limits.control_frames_burst = 50;
  stage.script.handler = &Script::count_body;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->upload("/u", "x", false);
    co_await s.client->flush();
    for (int i = 0; i < 100; ++i) s.client->raw(frame(NGHTTP2_DATA, 0, static_cast<std::uint32_t>(id), ""));
    EXPECT_EQ(co_await goaway(s), std::uint32_t{NGHTTP2_ENHANCE_YOUR_CALM});
  });
}

TEST(H2Limits, ContinuationFloodEndsTheConnection) {
  Stage stage;
  stage.play([](Stage& s) -> rt::Task<void> {
    co_await s.client->flush();
    std::string flood = frame(NGHTTP2_HEADERS, 0, 1, "\x82");
    for (int i = 0; i < 100; ++i) flood += frame(NGHTTP2_CONTINUATION, 0, 1, "\x86");
    s.client->raw(flood);
    co_await goaway(s);
  });
  EXPECT_EQ(stage.script.answers, 0);
}

TEST(H2Limits, TooManyHeaderBytesOrFieldsAre431) {
  Stage stage;
  stage.limits.header_bytes_max = 8 * 1024;
  stage.limits.header_fields_max = 20;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t big = s.client->request("GET", "/", {{"x-big", std::string(9 * 1024, 'x')}});
    EXPECT_TRUE(co_await s.client->until_closed(big));
    EXPECT_EQ(s.client->replies[big].status, 431);
    Headers many;
    for (int i = 0; i < 30; ++i) many.push_back({"x-" + std::to_string(i), "1"});
    const std::int32_t crowd = s.client->request("GET", "/", many);
    EXPECT_TRUE(co_await s.client->until_closed(crowd));
    EXPECT_EQ(s.client->replies[crowd].status, 431);
    const std::int32_t fine = s.client->request("GET", "/");
    EXPECT_TRUE(co_await s.client->until_closed(fine));
    EXPECT_EQ(s.client->replies[fine].status, 200);
  });
  EXPECT_EQ(stage.script.answers, 1);
  EXPECT_EQ(stage.script.outcomes.size(), 3u) << "the log knows of all three";
}

TEST(H2Limits, WrongHostOrPathIs400) {
  Stage stage;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t other = s.client->request("GET", "/", {{"host", "elsewhere"}});
    EXPECT_TRUE(co_await s.client->until_closed(other));
    EXPECT_EQ(s.client->replies[other].status, 400);
    const std::int32_t same = s.client->request("GET", "/", {{"host", "localhost"}});
    EXPECT_TRUE(co_await s.client->until_closed(same));
    EXPECT_EQ(s.client->replies[same].status, 200);
    const std::int32_t relative = s.client->request("GET", "relative");
    EXPECT_TRUE(co_await s.client->until_closed(relative));
    EXPECT_NE(s.client->replies[relative].status, 200);
  });
  EXPECT_EQ(stage.script.answers, 1);
}

TEST(H2Limits, StreamsAboveTheLimitAreRefused) {
  Stage stage;
  stage.limits.streams_max = 2;
  stage.script.handler = [](Script& script, http::Exchange&) -> rt::Task<http::Response> {
    co_await script.wait_until_open();
    co_return http::Response::empty(200);
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    // All four leave before the client has heard of the limit.
    for (int i = 0; i < 4; ++i) s.client->request("GET", "/");
    co_await s.client->until([&s] { return s.client->replies[7].closed; });
    EXPECT_EQ(s.client->replies[5].error_code, std::uint32_t{NGHTTP2_REFUSED_STREAM});
    EXPECT_EQ(s.client->replies[7].error_code, std::uint32_t{NGHTTP2_REFUSED_STREAM});
    EXPECT_EQ(s.script.answers, 2);
  });
}

TEST(H2Limits, AnIdleConnectionIsEndedPolitely) {
  Stage stage;
  stage.limits.idle_ms = 30ms;
  stage.play([](Stage& s) -> rt::Task<void> { EXPECT_EQ(co_await goaway(s), std::uint32_t{NGHTTP2_NO_ERROR}); });
}

TEST(H2Limits, ABodyThatStallsIsGivenUp) {
  Stage stage;
  stage.limits.body_idle_ms = 40ms;
  stage.script.handler = &Script::count_body;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->upload("/u", "some", false);
    EXPECT_TRUE(co_await s.client->until_closed(id));
    EXPECT_EQ(s.client->replies[id].status, 408);
  });
  EXPECT_THAT(stage.script.errors, ElementsAre(rt::Code::kTimeout));
  EXPECT_EQ(stage.stats.slow_bodies.load(), 1u);
}

// To a client that opens no window by itself.
void answer_more_than_the_window(Stage& stage, std::chrono::milliseconds response_idle_ms) {
  stage.keep_credit = true;
  stage.limits.response_idle_ms = response_idle_ms;
  stage.script.handler = [](Script&, http::Exchange&) -> rt::Task<http::Response> {
    co_return http::Response::text(200, "text/plain", std::string(200'000, 'x'));
  };
}

TEST(H2Limits, AResponseNobodyTakesIsGivenUp) {
  Stage stage;
  answer_more_than_the_window(stage, 40ms);
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->request("GET", "/");
    EXPECT_TRUE(co_await s.client->until_closed(id));
    EXPECT_EQ(s.client->replies[id].error_code, std::uint32_t{NGHTTP2_CANCEL});
  });
  EXPECT_EQ(stage.stats.slow_readers.load(), 1u);
}

TEST(H2Limits, AResponseTakenByteByByteIsGivenUp) {
  Stage stage;
  answer_more_than_the_window(stage, 40ms);
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->request("GET", "/");
    for (int i = 0; i < 200 && !s.client->replies[id].closed; ++i) {
      nghttp2_submit_window_update(s.client->raw(), NGHTTP2_FLAG_NONE, id, 1);
      nghttp2_submit_window_update(s.client->raw(), NGHTTP2_FLAG_NONE, 0, 1);
      co_await s.client->until_closed(id, 5ms);
    }
    EXPECT_EQ(s.client->replies[id].error_code, std::uint32_t{NGHTTP2_CANCEL});
  });
  EXPECT_EQ(stage.stats.slow_readers.load(), 1u);
}

// The answer waits for a window that never opens, the body goes on coming.
TEST(H2Limits, ABodyBehindAnAnswerNobodyTakesHoldsNoMemory) {
  Stage stage;
  answer_more_than_the_window(stage, 200ms);
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->upload("/u", std::string(800'000, 'x'), false);
    co_await s.client->until_closed(id, 50ms);
    EXPECT_FALSE(s.client->replies[id].closed);
    EXPECT_EQ(s.client->replies[id].uploaded, 800'000u);
    // The answer itself, and the block that is being received into.
    EXPECT_LE(s.budget.used_bytes(), 2 * rt::kBlockBytes);
  });
}

TEST(H2Limits, ARequestHeadThatNeverEndsEndsTheConnection) {
  Stage stage;
  stage.limits.head_ms = 40ms;
  stage.play([](Stage& s) -> rt::Task<void> {
    co_await s.client->until([] { return false; }, 10ms);  // SETTINGS and their acknowledgement
    // HEADERS of stream 1 without END_HEADERS: `:method: GET`.
    s.client->raw(std::string("\0\0\1\1\0\0\0\0\1\x82", 10));
    EXPECT_TRUE(co_await s.client->until([&s] { return s.client->goaways > 0; }));
    EXPECT_EQ(s.client->goaway_code, std::uint32_t{NGHTTP2_ENHANCE_YOUR_CALM});
  });
}

TEST(H2Limits, APeerThatReadsNothingIsDropped) {
  Stage stage;
  stage.faults.to_first.room_bytes = 1;
  stage.faults.write_limit = 30ms;
  stage.script.handler = [](Script&, http::Exchange&) -> rt::Task<http::Response> {
    co_return http::Response::text(200, "text/plain", std::string(20'000, 'x'));
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    s.client->request("GET", "/");
    co_await s.client->flush();
    for (int i = 0; i < 100 && !s.session_over; ++i) co_await rt::sleep(10ms);
    EXPECT_TRUE(s.session_over);
  });
  EXPECT_EQ(stage.script.outcomes.size(), 1u);
}

TEST(H2Limits, NonsenseIsNoPreface) {
  Stage stage;
  stage.play([](Stage& s) -> rt::Task<void> {
    rt::Slices slices;
    slices.push_back(rt::Slice::copy_of(std::string_view("GET / HTTP/1.1\r\nHost: x\r\n\r\n12345678")));
    rt::Status written = co_await s.near->write(std::move(slices));
    EXPECT_TRUE(written);
    auto answer = co_await s.near->read(2000ms);
    EXPECT_TRUE(answer && !answer->empty());
    for (int i = 0; i < 200 && !s.session_over; ++i) {
      auto more = co_await s.near->read(2000ms);
      if (!more || more->empty()) s.near->close();
      co_await rt::sleep(1ms);
    }
    EXPECT_TRUE(s.session_over);
  });
}

}  // namespace
}  // namespace millrace::h2
