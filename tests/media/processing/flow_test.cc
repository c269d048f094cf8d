// What a step's end makes true, without its tools: the count of encode minutes.
#include "media/processing/flow.h"

#include <vector>

#include "media/records/codec.h"
#include "media/records/keys.h"
#include "media/tenants/encode_minutes.h"
#include "server/rt/event.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

constexpr int kEncodesAtOnce = 64;

class FlowTest : public World {
 protected:
  // A media whose next step is its encode.
  Job encode_of(const std::string& bytes) {
    Media media = good(catalog.get("default", ingest(bytes)));
    media.stage = Stage::kEncode;
    media.type = MediaType::kVideo;
    store::Transaction transaction;
    transaction.put(keys::media("default", media.id), encode(media));
    good(store.commit(std::move(transaction)));
    Job job;
    job.id = media.job_id;
    job.tenant = "default";
    job.subject = media.id;
    return job;
  }
  rt::Task<rt::Status> finishing(const Job& job, std::int64_t encoded_ms) {
    StepResult result;
    result.encoded_ms = encoded_ms;
    return flow.finish(job, Stage::kEncode, std::move(result));
  }
  rt::Task<void> must_finish(const Job& job, std::int64_t encoded_ms) {
    auto finished = co_await finishing(job, encoded_ms);
    EXPECT_TRUE(finished.has_value()) << finished.error().message;
  }
  rt::Task<void> rename(const Job& job) {
    MediaPatch patch;
    patch.title = "renamed";
    auto renamed = co_await catalog.patch("default", job.subject, std::move(patch));
    EXPECT_TRUE(renamed.has_value());
  }
  std::uint64_t encoded_ms() { return good(EncodeMinutes(store, *tenants, test_clock).encoded("default")).play_ms; }

  ProcessingOptions options;
  Flow flow{store, *jobs, options, test_clock};
};

TEST_F(FlowTest, an_encode_counts_with_its_results_and_only_with_them) {
  const Job job = encode_of("video");
  store.fail_commits(rt::Error{rt::Code::kIo, "the disk is gone"});
  EXPECT_EQ(bad(finishing(job, 30'000)).code, rt::Code::kIo);
  store.fail_commits({});
  EXPECT_EQ(encoded_ms(), 0u);
  good(finishing(job, 30'000));
  EXPECT_EQ(encoded_ms(), 30'000u);
  good(finishing(job, 30'000));
  EXPECT_EQ(encoded_ms(), 30'000u) << "its job ran again after a crash behind the commit";
}

TEST_F(FlowTest, an_encode_that_failed_or_is_of_nobody_counts_nothing) {
  const Job failed = encode_of("failed");
  good(flow.fail(failed, Stage::kEncode, "it cannot be encoded"));
  good(finishing(failed, 30'000));
  const Job destroyed = encode_of("destroyed");
  good(catalog.remove("default", destroyed.subject, true));
  good(finishing(destroyed, 30'000));
  EXPECT_EQ(encoded_ms(), 0u);
}

TEST_F(FlowTest, a_job_of_an_earlier_run_is_nobodys) {
  const Job next = encode_of("video");
  Job stray = next;
  stray.id = "of an earlier run";
  good(flow.fail(stray, Stage::kEncode, "processing was cancelled"));
  good(finishing(stray, 30'000));
  EXPECT_EQ(encoded_ms(), 0u);
  EXPECT_EQ(good(catalog.get("default", next.subject)).status, MediaStatus::kPreparing);
  good(finishing(next, 30'000));
  EXPECT_EQ(encoded_ms(), 30'000u);
}

TEST_F(FlowTest, a_change_of_the_media_in_between_does_not_count_twice) {
  const Job job = encode_of("video");
  const auto both = [&]() -> rt::Task<void> {
    rt::Scope scope;
    scope.spawn(must_finish(job, 30'000));
    scope.spawn(rename(job));
    co_await scope.join();
  };
  rt::run_until_done(both());
  EXPECT_EQ(good(catalog.get("default", job.subject)).title, "renamed");
  EXPECT_EQ(encoded_ms(), 30'000u);
}

TEST_F(FlowTest, as_many_as_can_run_may_end_at_once) {
  std::vector<Job> encodes;
  for (int i = 0; i < kEncodesAtOnce; ++i) encodes.push_back(encode_of("video " + std::to_string(i)));
  const auto all = [&]() -> rt::Task<void> {
    rt::Scope scope;
    for (const Job& job : encodes) scope.spawn(must_finish(job, 1'000));
    co_await scope.join();
  };
  rt::run_until_done(all());
  EXPECT_EQ(encoded_ms(), kEncodesAtOnce * 1'000u);
}

}  // namespace
}  // namespace millrace::media
