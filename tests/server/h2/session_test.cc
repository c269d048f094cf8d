// Stories of requests and responses over a session.
#include "server/h2/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/rt/bus_guard.h"
#include "tests/server/h2/stage.h"
#include "tests/server/rt/lost_bytes.h"

namespace millrace::h2 {
namespace {

using ::testing::ElementsAre;

constexpr std::size_t kKiB = 1024;

class Repeat final : public http::Source {
 public:
  explicit Repeat(std::size_t pieces) : left_(pieces) {}
  rt::Task<rt::Result<rt::Slices>> next(std::size_t) override {
    ++asked;
    if (left_ == 0) co_return rt::Slices();
    --left_;
    rt::Slices slices;
    slices.push_back(rt::Slice::copy_of(std::string(64 * kKiB, 'x')));
    co_return slices;
  }
  static int asked;

 private:
  std::size_t left_;
};
int Repeat::asked = 0;

http::Response streamed(std::size_t pieces, std::optional<std::uint64_t> length) {
  http::Response response;
  response.content_length = length;
  response.body = std::make_unique<Repeat>(pieces);
  return response;
}

TEST(H2Session, AnswersARequest) {
  Stage stage;
  stage.script.handler = [](Script& script, http::Exchange& exchange) -> rt::Task<http::Response> {
    const http::Request& request = exchange.request;
    script.seen = request.method_text + " " + request.target + " " + request.authority + " " +
                  std::string(request.fields.get("x-color").value_or("-")) + " " + request.peer.address;
    co_return http::Response::text(201, "text/plain", "made");
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->request("GET", "/a?b=c", {{"x-color", "blue"}});
    EXPECT_TRUE(co_await s.client->until_closed(id));
    const Client::Reply& reply = s.client->replies[id];
    EXPECT_EQ(reply.status, 201);
    EXPECT_EQ(reply.body, "made");
    EXPECT_EQ(reply.fields.at("content-length"), "4");
    EXPECT_EQ(reply.fields.at("x-request-id").size(), 16u);
    EXPECT_EQ(reply.fields.count("date"), 1u);
  });
  EXPECT_EQ(stage.script.seen, "GET /a?b=c localhost blue 127.0.0.1");
  ASSERT_EQ(stage.script.outcomes.size(), 1u);
  EXPECT_EQ(stage.script.outcomes[0].status, 201);
  EXPECT_EQ(stage.script.outcomes[0].sent_bytes, 4u);
  EXPECT_EQ(stage.script.outcomes[0].error, "");
}

TEST(H2Session, ReadsABodyWholeWhateverItsPieces) {
  for (const std::size_t read_max : {net::PipeFaults::kNever, std::size_t{7}, std::size_t{1}}) {
    Stage stage;
    stage.faults.to_second.read_max_bytes = read_max;
    stage.script.handler = &Script::count_body;
    stage.play([](Stage& s) -> rt::Task<void> {
      std::string body;
      for (int i = 0; i < 20'000; ++i) body += static_cast<char>('a' + i % 23);
      const std::int32_t id = s.client->upload("/u", body);
      EXPECT_TRUE(co_await s.client->until_closed(id));
      EXPECT_EQ(s.client->replies[id].body, "20000");
      EXPECT_THAT(s.script.bodies, ElementsAre(body));
    });
    EXPECT_EQ(stage.script.outcomes.at(0).received_bytes, 20'000u);
  }
}

TEST(H2Session, BodySlicesAreNotCopied) {
  Stage stage;
  stage.script.handler = &Script::count_body;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->upload("/u", std::string(48 * kKiB, 'x'));
    EXPECT_TRUE(co_await s.client->until_closed(id));
  });
  EXPECT_EQ(stage.stats.copied_bytes.load(), 0u);
}

TEST(H2Session, CreditOfAStreamComesWithConsumptionOnly) {
  Stage stage;
  stage.limits.stream_window_bytes = 64 * kKiB;
  stage.limits.stream_window_bytes_max = 64 * kKiB;
  stage.script.handler = [](Script& script, http::Exchange& exchange) -> rt::Task<http::Response> {
    co_await script.gate.wait();
    co_return co_await Script::count_body(script, exchange);
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->upload("/u", std::string(200 * kKiB, 'x'));
    co_await s.client->until([] { return false; }, 50ms);
    EXPECT_EQ(s.client->replies[id].uploaded, 64 * kKiB) << "the window is the limit while nobody reads";
    EXPECT_EQ(s.client->window_updates[id], 0u);
    s.script.gate.set();
    EXPECT_TRUE(co_await s.client->until_closed(id));
    EXPECT_EQ(s.client->replies[id].body, std::to_string(200 * kKiB));
  });
}

TEST(H2Session, AnUnreadStreamDoesNotStarveOthers) {
  Stage stage;
  stage.limits.stream_window_bytes = 64 * kKiB;
  stage.limits.stream_window_bytes_max = 64 * kKiB;
  stage.limits.connection_window_bytes = 96 * kKiB;
  stage.script.handler = [](Script& script, http::Exchange& exchange) -> rt::Task<http::Response> {
    if (exchange.request.target == "/stuck") co_await script.gate.wait();
    co_return co_await Script::count_body(script, exchange);
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t stuck = s.client->upload("/stuck", std::string(200 * kKiB, 'x'));
    const std::int32_t lively = s.client->upload("/lively", std::string(300 * kKiB, 'y'));
    EXPECT_TRUE(co_await s.client->until_closed(lively));
    EXPECT_EQ(s.client->replies[lively].status, 200);
    EXPECT_FALSE(s.client->replies[stuck].closed);
    s.script.gate.set();
    EXPECT_TRUE(co_await s.client->until_closed(stuck));
  });
}

TEST(H2Session, WindowsGrowOnALongPath) {
  Stage stage;
  stage.limits.stream_window_bytes = 64 * kKiB;
  stage.limits.body_window_bytes = 64 * kKiB;
  stage.limits.stream_window_bytes_max = 512 * kKiB;
  stage.faults.to_second.delay = 20ms;
  stage.faults.to_second.room_bytes = 16 << 20;
  stage.faults.to_first.delay = 20ms;
  stage.script.handler = &Script::count_body;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t early = s.client->request("GET", "/");
    EXPECT_TRUE(co_await s.client->until([&s, early] { return !s.client->replies[early].fields.empty(); }));
    const std::int32_t id = s.client->upload("/u", std::string(2048 * kKiB, 'x'));
    EXPECT_TRUE(co_await s.client->until_closed(id));
    EXPECT_EQ(s.client->replies[id].status, 200);
  });
  EXPECT_GE(stage.stats.window_growths.load(), 1u);
}

TEST(H2Session, LongBodiesGetALargeWindowWithinTheBudgetsShare) {
  Stage stage;
  stage.limits.stream_window_bytes = 64 * kKiB;
  stage.limits.body_window_bytes = 12 << 20;
  stage.script.handler = &Script::count_body;
  stage.play([](Stage& s) -> rt::Task<void> {
    std::vector<std::int32_t> ids;
    for (int i = 0; i < 3; ++i) ids.push_back(s.client->upload("/u", "", false));
    const std::int32_t small = s.client->upload("/u", "", false, {{"content-length", "9"}});
    co_await s.client->until([] { return false; }, 20ms);
    // A quarter of 64 MiB: one whole window, what is left for the second, nothing for the third. They were opened
    // before our SETTINGS were known, with a window of 65,535.
    EXPECT_EQ(s.client->window_updates[ids[0]], (std::uint64_t{12} << 20) - 65'535);
    EXPECT_EQ(s.client->window_updates[ids[1]], (std::uint64_t{4} << 20) + 64 * kKiB + 1);
    EXPECT_EQ(s.client->window_updates[ids[2]], 0u);
    EXPECT_EQ(s.client->window_updates[small], 0u);
  });
}

TEST(H2Session, WindowsDoNotGrowUnderPressure) {
  Stage stage;
  stage.limits.stream_window_bytes = 64 * kKiB;
  stage.faults.to_first.delay = 10ms;
  stage.script.handler = &Script::count_body;
  stage.budget.charge(stage.budget.limit_bytes());
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->upload("/u", std::string(1024 * kKiB, 'x'));
    EXPECT_TRUE(co_await s.client->until_closed(id));
    s.budget.refund(s.budget.limit_bytes());
  });
  EXPECT_EQ(stage.stats.window_growths.load(), 0u);
}

TEST(H2Session, AResetEndsTheBodyWithAnError) {
  Stage stage;
  stage.script.handler = &Script::count_body;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->upload("/u", std::string(8 * kKiB, 'x'), false);
    co_await s.client->until([&s] { return s.script.answers == 1; }, 20ms);
    nghttp2_submit_rst_stream(s.client->raw(), NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    co_await s.client->until([&s] { return !s.script.outcomes.empty(); }, 20ms);
    EXPECT_THAT(s.script.errors, ElementsAre(rt::Code::kClosed));
    const std::int32_t next = s.client->request("GET", "/");
    EXPECT_TRUE(co_await s.client->until_closed(next)) << "the connection lives on";
  });
  ASSERT_EQ(stage.script.outcomes.size(), 2u);
  EXPECT_EQ(stage.script.outcomes[0].status, 499);
  EXPECT_NE(stage.script.outcomes[0].error, "");
}

TEST(H2Session, ABrokenConnectionEndsWhatRuns) {
  Stage stage;
  stage.faults.to_second.reset_after_bytes = 30 * kKiB;
  stage.script.handler = &Script::count_body;
  stage.play([](Stage& s) -> rt::Task<void> {
    s.client->upload("/u", std::string(100 * kKiB, 'x'));
    co_await s.client->until([] { return false; }, 500ms);
    EXPECT_TRUE(s.client->ended);
  });
  EXPECT_THAT(stage.script.errors, ElementsAre(rt::Code::kClosed));
  ASSERT_EQ(stage.script.outcomes.size(), 1u);
  EXPECT_EQ(stage.script.outcomes[0].status, 499);
}

TEST(H2Session, ABodyOfAnotherLengthThanAnnouncedIsAStreamError) {
  Stage stage;
  stage.script.handler = &Script::count_body;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t shorter = s.client->upload("/u", "12345", true, {{"content-length", "10"}});
    EXPECT_TRUE(co_await s.client->until_closed(shorter));
    EXPECT_EQ(s.client->replies[shorter].error_code, std::uint32_t{NGHTTP2_PROTOCOL_ERROR});
    const std::int32_t longer = s.client->upload("/u", "12345", true, {{"content-length", "2"}});
    EXPECT_TRUE(co_await s.client->until_closed(longer));
    EXPECT_EQ(s.client->replies[longer].error_code, std::uint32_t{NGHTTP2_PROTOCOL_ERROR});
  });
  EXPECT_TRUE(stage.script.bodies.empty());
}

TEST(H2Session, TrailersFollowTheBody) {
  Stage stage;
  stage.script.handler = [](Script& script, http::Exchange& exchange) -> rt::Task<http::Response> {
    http::Response response = co_await Script::count_body(script, exchange);
    script.seen = std::string(exchange.body.trailers().get("x-checksum").value_or("none"));
    co_return response;
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->upload("/u", "hello", false);
    co_await s.client->flush();
    s.client->end_upload(id, {{"x-checksum", "abc"}});
    EXPECT_TRUE(co_await s.client->until_closed(id));
  });
  EXPECT_EQ(stage.script.seen, "abc");
}

TEST(H2Session, AfterAnEarlyAnswerTheBodyIsReadToItsEnd) {
  Stage stage;
  stage.limits.stream_window_bytes = 64 * kKiB;
  stage.limits.body_window_bytes = 64 * kKiB;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->upload("/u", std::string(500 * kKiB, 'x'), true);
    EXPECT_TRUE(co_await s.client->until_closed(id));
    EXPECT_EQ(s.client->replies[id].status, 200);
    EXPECT_EQ(s.client->replies[id].uploaded, 500 * kKiB);
    EXPECT_EQ(s.client->replies[id].error_code, std::uint32_t{NGHTTP2_NO_ERROR});
  });
  EXPECT_EQ(stage.script.outcomes.at(0).received_bytes, 500 * kKiB);
}

TEST(H2Session, AnUnwantedBodyGetsNoMoreCreditThanItsLimit) {
  Stage stage;
  stage.limits.stream_window_bytes = 64 * kKiB;
  stage.limits.body_window_bytes = 64 * kKiB;
  stage.limits.unwanted_body_bytes = 128 * kKiB;
  stage.limits.unwanted_body_ms = 100ms;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->upload("/u", std::string(500 * kKiB, 'x'), true);
    EXPECT_TRUE(co_await s.client->until_closed(id));
    EXPECT_EQ(s.client->replies[id].status, 200);
    EXPECT_LE(s.client->replies[id].uploaded, 320 * kKiB);
  });
}

TEST(H2Session, AnEarlyAnswerEndsAnUploadThatGoesOnWithoutAnError) {
  Stage stage;
  stage.limits.unwanted_body_ms = 50ms;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->upload("/u", std::string(kKiB, 'x'), false);
    EXPECT_TRUE(co_await s.client->until_closed(id));
    const Client::Reply& reply = s.client->replies[id];
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "ok");
    EXPECT_TRUE(reply.ended);
    EXPECT_EQ(reply.error_code, std::uint32_t{NGHTTP2_NO_ERROR});
  });
  EXPECT_EQ(stage.script.outcomes.at(0).error, "");
}

TEST(H2Session, ContinueIsSentWhenTheHandlerWantsTheBody) {
  Stage stage;
  stage.script.handler = [](Script& script, http::Exchange& exchange) -> rt::Task<http::Response> {
    if (exchange.request.target == "/refused") co_return http::Response::empty(403);
    co_return co_await Script::count_body(script, exchange);
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    const Headers expect = {{"expect", "100-continue"}};
    const std::int32_t refused = s.client->upload("/refused", "", false, expect);
    EXPECT_TRUE(co_await s.client->until_closed(refused));
    EXPECT_TRUE(s.client->replies[refused].informed.empty());
    const std::int32_t wanted = s.client->upload("/wanted", "", false, expect);
    EXPECT_TRUE(co_await s.client->until([&s, wanted] { return !s.client->replies[wanted].informed.empty(); }));
    EXPECT_THAT(s.client->replies[wanted].informed, ElementsAre(100));
    s.client->replies[wanted].upload = "now";
    s.client->end_upload(wanted);
    EXPECT_TRUE(co_await s.client->until_closed(wanted));
    EXPECT_EQ(s.client->replies[wanted].body, "3");
  });
}

TEST(H2Session, InformationalResponsesComeFirst) {
  Stage stage;
  stage.script.handler = [](Script&, http::Exchange& exchange) -> rt::Task<http::Response> {
    http::Fields fields;
    fields.add("upload-draft-interop-version", "6");
    exchange.inform(104, fields);
    co_return http::Response::empty(204);
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->request("GET", "/");
    EXPECT_TRUE(co_await s.client->until_closed(id));
    EXPECT_THAT(s.client->replies[id].informed, ElementsAre(104));
    EXPECT_EQ(s.client->replies[id].status, 204);
    EXPECT_EQ(s.client->replies[id].fields.count("content-length"), 0u);
  });
}

TEST(H2Session, HeadHasTheLengthAndNoBody) {
  Stage stage;
  stage.script.handler = [](Script&, http::Exchange&) -> rt::Task<http::Response> {
    co_return streamed(2, 128 * kKiB);
  };
  Repeat::asked = 0;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->request("HEAD", "/");
    EXPECT_TRUE(co_await s.client->until_closed(id));
    EXPECT_EQ(s.client->replies[id].fields.at("content-length"), std::to_string(128 * kKiB));
    EXPECT_EQ(s.client->replies[id].body, "");
  });
  EXPECT_EQ(Repeat::asked, 0);
}

TEST(H2Session, SourcesStreamWithAndWithoutALength) {
  Stage stage;
  stage.script.handler = [](Script&, http::Exchange& exchange) -> rt::Task<http::Response> {
    if (exchange.request.target == "/known") co_return streamed(20, 20 * 64 * kKiB);
    co_return streamed(20, std::nullopt);
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    for (const char* path : {"/known", "/unknown"}) {
      const std::int32_t id = s.client->request("GET", path);
      EXPECT_TRUE(co_await s.client->until_closed(id));
      EXPECT_EQ(s.client->replies[id].body, std::string(20 * 64 * kKiB, 'x'));
      EXPECT_TRUE(s.client->replies[id].ended);
    }
  });
  EXPECT_EQ(stage.script.outcomes.at(0).sent_bytes, 20 * 64 * kKiB);
}

TEST(H2Session, AResponseShorterThanAnnouncedIsAReset) {
  Stage stage;
  stage.script.handler = [](Script&, http::Exchange&) -> rt::Task<http::Response> {
    co_return streamed(1, 128 * kKiB);
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->request("GET", "/");
    EXPECT_TRUE(co_await s.client->until_closed(id));
    EXPECT_FALSE(s.client->replies[id].ended) << "never a body that looks complete";
    EXPECT_EQ(s.client->replies[id].error_code, std::uint32_t{NGHTTP2_INTERNAL_ERROR});
  });
  EXPECT_NE(stage.script.outcomes.at(0).error, "");
}

TEST(H2Session, BytesThatCannotBeReadAreAReset) {
  rt::install_bus_guard();
  Stage stage;
  stage.script.handler = [](Script&, http::Exchange&) -> rt::Task<http::Response> {
    http::Response response;
    response.body = rt::LostBytes::make(100);
    co_return response;
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->request("GET", "/");
    EXPECT_TRUE(co_await s.client->until_closed(id));
    EXPECT_EQ(s.client->replies[id].body, "");
    EXPECT_EQ(s.client->replies[id].error_code, std::uint32_t{NGHTTP2_INTERNAL_ERROR});
  });
}

TEST(H2Session, ASourceIsAskedAtThePeersPace) {
  Stage stage;
  stage.keep_credit = true;
  stage.script.handler = [](Script&, http::Exchange&) -> rt::Task<http::Response> {
    co_return streamed(1000, std::nullopt);
  };
  Repeat::asked = 0;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->request("GET", "/");
    co_await s.client->until([] { return false; }, 50ms);
    EXPECT_EQ(s.client->replies[id].body.size(), 65'535u);
    EXPECT_LE(Repeat::asked, 6) << "a window and what may be queued, no more";
  });
  EXPECT_EQ(stage.script.outcomes.size(), 1u);
}

TEST(H2Session, ManyStreamsAtOnce) {
  Stage stage;
  stage.script.handler = &Script::count_body;
  stage.play([](Stage& s) -> rt::Task<void> {
    std::vector<std::int32_t> ids;
    for (int i = 0; i < 100; ++i) ids.push_back(s.client->upload("/u", std::string(std::size_t(i) * 100, 'x')));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      EXPECT_TRUE(co_await s.client->until_closed(ids[i]));
      EXPECT_EQ(s.client->replies[ids[i]].body, std::to_string(i * 100));
    }
  });
  EXPECT_EQ(stage.script.outcomes.size(), 100u);
}

TEST(H2Session, CookieCrumbsAreJoined) {
  Stage stage;
  stage.script.handler = [](Script& script, http::Exchange& exchange) -> rt::Task<http::Response> {
    script.seen = std::string(exchange.request.fields.get("cookie").value_or(""));
    co_return http::Response::empty(200);
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->request("GET", "/", {{"cookie", "a=1"}, {"cookie", "b=2"}});
    EXPECT_TRUE(co_await s.client->until_closed(id));
  });
  EXPECT_EQ(stage.script.seen, "a=1; b=2");
}

TEST(H2Session, ManyCookieCrumbsCountOnceAgainstTheLimit) {
  Stage stage;
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->request("GET", "/", Headers(100, {"cookie", std::string(100, 'c')}));
    EXPECT_TRUE(co_await s.client->until_closed(id));
    EXPECT_EQ(s.client->replies[id].status, 200);
  });
}

TEST(H2Session, GoesOnAfterHibernation) {
  Stage stage;
  stage.limits.hibernate_ms = 10ms;
  stage.script.handler = &Script::count_body;
  stage.play([](Stage& s) -> rt::Task<void> {
    for (int i = 0; i < 2; ++i) {
      const std::int32_t id = s.client->upload("/u", std::string(3000, 'x'), true, {{"x-round", "and round"}});
      EXPECT_TRUE(co_await s.client->until_closed(id));
      EXPECT_EQ(s.client->replies[id].body, "3000");
      co_await rt::sleep(50ms);
    }
    s.session->drain();
    co_await s.client->until([] { return false; });
    EXPECT_TRUE(s.client->ended);
    EXPECT_GE(s.client->goaways, 1);
  });
}

TEST(H2Session, DrainFinishesWhatRunsThenEnds) {
  Stage stage;
  stage.script.handler = [](Script& script, http::Exchange&) -> rt::Task<http::Response> {
    co_await script.gate.wait();
    co_return http::Response::text(200, "text/plain", "late");
  };
  stage.play([](Stage& s) -> rt::Task<void> {
    const std::int32_t id = s.client->request("GET", "/");
    co_await s.client->until([&s] { return s.script.answers == 1; }, 20ms);
    s.session->drain();
    EXPECT_TRUE(co_await s.client->until([&s] { return s.client->goaways == 2; }));
    EXPECT_EQ(s.client->goaway_last_id, id);
    EXPECT_EQ(s.client->goaway_code, std::uint32_t{NGHTTP2_NO_ERROR});
    s.script.gate.set();
    EXPECT_TRUE(co_await s.client->until_closed(id));
    EXPECT_EQ(s.client->replies[id].body, "late");
    co_await s.client->until([] { return false; });
    EXPECT_TRUE(s.client->ended);
  });
}

}  // namespace
}  // namespace millrace::h2
