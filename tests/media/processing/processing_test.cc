#include "media/processing/processing.h"

#include "media/records/codec.h"
#include "media/records/keys_events.h"
#include "media/records/records.h"
#include "tests/media/processing/processing_world.h"

namespace millrace::media {
namespace {

using rt::Code;

class ProcessingTest : public ProcessingWorld {
 protected:
  explicit ProcessingTest(ProcessingOptions options = {.ladder_heights = {48}, .preset = "superfast"})
      : ProcessingWorld(std::move(options)) {}

  // Until nothing is queued or runs.
  Media drained(const std::string& id) {
    return run_until(id, [this](const Media&) { return store.records("m/job.turn/") + running() == 0; });
  }
  std::size_t running() const { return store.records("m/job.running/"); }
  std::vector<std::string> ids(const std::string& media_id) {
    std::vector<std::string> found;
    for (const Rendition& each : renditions(media_id)) found.push_back(each.id);
    return found;
  }
  JobState state_of(std::string_view kind) {
    for (const store::Record& record : good(scan_all(store, "m/job/"))) {
      const auto job = decode_job(record);
      if (job && job->kind == kind) return job->state;
    }
    ADD_FAILURE() << "no such job";
    return {};
  }

  Processing processing{store, *tenants, *jobs, test_clock};
};

TEST_F(ProcessingTest, cancelled_before_it_ran_is_errored_with_the_reason) {
  const std::string id = ingest(video());
  const std::size_t events = store.records(keys::new_events());
  const Media cancelled = good(processing.cancel("default", id));
  EXPECT_EQ(cancelled.status, MediaStatus::kErrored);
  EXPECT_EQ(cancelled.error, "processing was cancelled");
  EXPECT_EQ(store.records(keys::new_events()), events + 1);
  const Media media = drained(id);
  EXPECT_EQ(media.revision, cancelled.revision) << "what was queued finds nothing to do";
  EXPECT_TRUE(renditions(id).empty());
}

TEST_F(ProcessingTest, cancelled_can_be_processed_again) {
  const std::string id = ingest(video());
  good(processing.cancel("default", id));
  good(processing.restart("default", id));
  const Media media = settled(id);
  EXPECT_EQ(media.status, MediaStatus::kReady) << media.error;
  EXPECT_EQ(media.error, "");
}

TEST_F(ProcessingTest, cancelled_while_made_anew_is_ready_with_what_it_had) {
  const std::string id = ingest(video());
  settled(id);
  const auto before = ids(id);
  good(processing.restart("default", id));
  const Media cancelled = good(processing.cancel("default", id));
  EXPECT_EQ(cancelled.status, MediaStatus::kReady);
  EXPECT_FALSE(cancelled.reprocessing);
  EXPECT_EQ(cancelled.error, "it could not be made anew: processing was cancelled");
  drained(id);
  EXPECT_EQ(ids(id), before);
}

TEST_F(ProcessingTest, what_never_was_ready_does_not_become_so_by_a_cancel) {
  const std::string id = ingest(video());
  run_until(id, [](const Media& media) { return media.stage == Stage::kPackage; });
  EXPECT_EQ(good(processing.cancel("default", id)).status, MediaStatus::kErrored) << "files, but no tracks";
  good(processing.restart("default", id));
  EXPECT_EQ(good(processing.cancel("default", id)).status, MediaStatus::kErrored);
}

TEST_F(ProcessingTest, cancelled_again_and_again_leaves_one_job) {
  const std::string id = ingest(video());
  for (int i = 0; i < 10; ++i) {
    good(processing.cancel("default", id));
    good(processing.restart("default", id));
  }
  EXPECT_EQ(store.records("m/job.turn/"), 1u);
  EXPECT_EQ(settled(id).status, MediaStatus::kReady);
}

TEST_F(ProcessingTest, only_what_is_being_processed_is_cancelled) {
  const std::string id = ingest(video());
  good(processing.cancel("default", id));
  EXPECT_EQ(bad(processing.cancel("default", id)).message, "the media is errored, nothing is being processed");
  good(processing.restart("default", id));
  settled(id);
  const rt::Error ready = bad(processing.cancel("default", id));
  EXPECT_EQ(ready.code, Code::kConflict);
  EXPECT_EQ(ready.message, "the media is ready, nothing is being processed");
  good(catalog.remove("default", id, false));
  EXPECT_EQ(bad(processing.cancel("default", id)).message, "the media is deleted");
  EXPECT_EQ(bad(processing.cancel("other", id)).code, Code::kNotFound);
}

TEST_F(ProcessingTest, a_change_in_between_is_kept) {
  const std::string id = ingest(video());
  store.before_commit([&] {
    MediaPatch patch;
    patch.title = "renamed";
    good(catalog.patch("default", id, std::move(patch)));
  });
  EXPECT_EQ(good(processing.cancel("default", id)).title, "renamed");
}

// An encode that takes longer than it is watched for.
class SlowProcessingTest : public ProcessingTest {
 protected:
  SlowProcessingTest() : ProcessingTest({.ladder_heights = {360}, .preset = "placebo", .threads = 1}) {}

  // Does `what` once the encode runs, then waits for its end, whatever becomes of the media.
  void during_the_encode(const std::string& id, const std::function<rt::Task<void>()>& what) {
    bool done = false;
    run_until(id, [&](const Media& media) {
      if (!done && media.encode_attempts == 1) {
        done = true;
        rt::Loop::current().spawn(what());
      }
      return done && media.status != MediaStatus::kPreparing && running() == 0;
    });
  }
};

TEST_F(SlowProcessingTest, cancelling_ends_the_tool_that_runs) {
  const std::string id = ingest(video("640x360", "20"));
  during_the_encode(id, [&]() -> rt::Task<void> { co_await processing.cancel("default", id); });
  EXPECT_EQ(state_of(kEncodeKind), JobState::kCancelled) << "it did not run to its end";
  const Media media = good(catalog.get("default", id));
  EXPECT_EQ(media.status, MediaStatus::kErrored);
  EXPECT_EQ(media.error, "processing was cancelled");
  for (const Rendition& each : renditions(id)) EXPECT_EQ(each.kind, RenditionKind::kThumbnail);
}

}  // namespace
}  // namespace millrace::media
