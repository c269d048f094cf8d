#include "media/uploads/receiver.h"

#include "server/rt/event.h"
#include "server/rt/timer.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

using rt::Code;
using std::chrono::milliseconds;

class ReceiverTest : public World {
 protected:
  rt::Slice megabytes(std::size_t count) {
    if (block_.size() != count << 20) block_ = std::string(count << 20, 'x');
    return rt::Slice({}, reinterpret_cast<const std::byte*>(block_.data()), block_.size());
  }

 private:
  std::string block_;
};

TEST_F(ReceiverTest, progress_is_seen_while_it_runs) {
  const Upload upload = announce();
  const auto body = [&]() -> rt::Task<void> {
    auto receiver = co_await uploads->open_receiver("default", upload.id, 0, {});
    co_await (*receiver)->append(rt::Slice::of_static("12345"));
    auto seen = co_await uploads->get("default", upload.id);
    EXPECT_EQ(seen->bytes_received, 5u);
    EXPECT_EQ(seen->state, UploadState::kUploading);
    auto listed = co_await uploads->list("default", {.filters = {{"state", "uploading"}}});
    EXPECT_EQ(listed->total, 1u);
    auto completed = co_await uploads->complete("default", upload.id, {});
    EXPECT_EQ(completed.error().code, Code::kConflict) << "it still runs";
    co_await (*receiver)->finish(true);
  };
  rt::run_until_done(body());
}

TEST_F(ReceiverTest, checkpoints_keep_what_arrived) {
  const Upload upload = announce();
  const auto body = [&]() -> rt::Task<void> {
    auto receiver = co_await uploads->open_receiver("default", upload.id, 0, {});
    const std::size_t commits = store.commits();
    for (int i = 0; i < 16; ++i) {
      auto status = co_await (*receiver)->append(megabytes(10));
      EXPECT_TRUE(status.has_value());
    }
    EXPECT_GE(store.commits(), commits + 2);
    EXPECT_GE(store.objects(), 2u) << "a crash now loses only the rest";
    auto finished = co_await (*receiver)->finish(true);
    EXPECT_EQ(finished->bytes_received, 160u << 20);
    EXPECT_GE(finished->parts.size(), 3u);
  };
  rt::run_until_done(body());
}

TEST_F(ReceiverTest, failed_checkpoint_ends_the_transfer_at_a_known_offset) {
  const Upload upload = announce();
  const auto body = [&]() -> rt::Task<void> {
    auto receiver = co_await uploads->open_receiver("default", upload.id, 0, {});
    store.fail_commits(rt::Error{Code::kFull, "no space"});
    rt::Status status;
    for (int i = 0; i < 20 && status; ++i) status = co_await (*receiver)->append(megabytes(10));
    EXPECT_EQ(status.error().code, Code::kFull);
    store.fail_commits(std::nullopt);
    auto finished = co_await (*receiver)->finish(false);
    EXPECT_EQ(finished.error().code, Code::kFull) << "a tail without its head must not be kept";
  };
  rt::run_until_done(body());
  EXPECT_EQ(good(uploads->get("default", upload.id)).bytes_received, 0u);
  EXPECT_EQ(store.objects(), 0u);
}

// What a door does: stops reading when evicted, then keeps what arrived.
rt::Task<void> slow_sender(Uploads& uploads, std::string id, rt::Event& begun, rt::Result<Upload>& result) {
  rt::Event evicted;
  auto receiver = co_await uploads.open_receiver("default", id, 0, [&evicted] { evicted.set(); });
  co_await (*receiver)->append(rt::Slice::of_static("slowly"));
  begun.set();
  co_await evicted.wait();
  auto refused = co_await (*receiver)->append(rt::Slice::of_static("too late"));
  EXPECT_EQ(refused.error().code, Code::kConflict);
  result = co_await (*receiver)->finish(false);
}

TEST_F(ReceiverTest, newer_transfer_evicts_the_older_and_goes_on_from_its_bytes) {
  const Upload upload = announce();
  const auto body = [&]() -> rt::Task<void> {
    rt::Scope scope;
    rt::Event begun;
    rt::Result<Upload> older;
    scope.spawn(slow_sender(*uploads, upload.id, begun, older));
    co_await begun.wait();
    auto kept = co_await uploads->settle("default", upload.id);
    EXPECT_EQ(kept->bytes_received, 6u);
    EXPECT_FALSE(kept->whole);
    auto newer = co_await sending(upload.id, 6, " but surely");
    EXPECT_TRUE(newer.has_value());
    co_await scope.join();
    EXPECT_EQ(older->bytes_received, 6u);
  };
  rt::run_until_done(body());
  const std::string media = good(uploads->complete("default", upload.id, {})).upload.media_id;
  EXPECT_EQ(bytes_of(media), "slowly but surely");
}

TEST_F(ReceiverTest, starting_anew_evicts_too) {
  const Upload upload = announce();
  const auto body = [&]() -> rt::Task<void> {
    rt::Scope scope;
    rt::Event begun;
    rt::Result<Upload> older;
    scope.spawn(slow_sender(*uploads, upload.id, begun, older));
    co_await begun.wait();
    auto newer = co_await sending(upload.id, 0, "from the beginning");
    EXPECT_TRUE(newer.has_value());
    co_await scope.join();
  };
  rt::run_until_done(body());
  EXPECT_EQ(good(uploads->get("default", upload.id)).bytes_received, 18u);
  EXPECT_EQ(store.objects(), 1u);
}

TEST_F(ReceiverTest, cancel_while_receiving_frees_and_stops) {
  const Upload upload = announce();
  const auto body = [&]() -> rt::Task<void> {
    rt::Scope scope;
    rt::Event begun;
    rt::Result<Upload> older;
    scope.spawn(slow_sender(*uploads, upload.id, begun, older));
    co_await begun.wait();
    auto cancelled = co_await uploads->cancel("default", upload.id);
    EXPECT_EQ(cancelled->state, UploadState::kCancelled);
    co_await scope.join();
    EXPECT_EQ(older.error().code, Code::kConflict);
  };
  rt::run_until_done(body());
  EXPECT_EQ(store.objects(), 0u);
}

TEST_F(ReceiverTest, running_transfer_does_not_expire) {
  const Upload upload = announce();
  const auto body = [&]() -> rt::Task<void> {
    auto receiver = co_await uploads->open_receiver("default", upload.id, 0, {});
    co_await (*receiver)->append(rt::Slice::of_static("12345"));
    test_now_ms += 2 * kDayMs;
    auto swept = co_await uploads->sweep();
    EXPECT_EQ(*swept, 0u);
    auto finished = co_await (*receiver)->finish(true);
    EXPECT_TRUE(finished.has_value()) << "the sweep moved the record meanwhile";
  };
  rt::run_until_done(body());
  good(uploads->complete("default", upload.id, {}));
}

TEST_F(ReceiverTest, bytes_that_arrive_after_completion_are_refused) {
  const Upload upload = announce();
  send(upload.id, "whole");
  const auto body = [&]() -> rt::Task<void> {
    auto receiver = co_await uploads->open_receiver("default", upload.id, 0, {});
    co_await (*receiver)->append(rt::Slice::of_static("other"));
    // As if the completing request had looked just before this transfer began.
    Uploads elsewhere(store, *tenants, *jobs, test_clock);
    auto completed = co_await elsewhere.complete("default", upload.id, {});
    EXPECT_TRUE(completed.has_value());
    auto finished = co_await (*receiver)->finish(true);
    EXPECT_EQ(finished.error().code, Code::kConflict);
  };
  rt::run_until_done(body());
  EXPECT_EQ(store.objects(), 1u);
}

}  // namespace
}  // namespace millrace::media
