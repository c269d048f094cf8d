// Encode minutes and the pipeline: what is counted, and what becomes of media that are too long for what is left.
#include <gmock/gmock.h>

#include "media/processing/processing.h"
#include "media/tenants/encode_minutes.h"
#include "tests/media/processing/processing_world.h"

namespace millrace::media {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kMonthMs = 31 * kDayMs;

class Encodes : public ProcessingWorld {
 protected:
  explicit Encodes(ProcessingOptions options = {.ladder_heights = {48, 24}, .preset = "ultrafast"})
      : ProcessingWorld(std::move(options)) {
    Tenant tenant = *tenants->tenant("default");
    tenant.encode_minutes_per_month = 1;
    good(tenants->update(tenant));
  }
  ~Encodes() override { test_now_ms = 1'700'000'000'000; }

  std::uint64_t encoded_ms() { return good(EncodeMinutes(store, *tenants, test_clock).encoded("default")).play_ms; }
  void use_up_all_but(std::int64_t left_ms) {
    store::Transaction transaction;
    const std::int64_t more_ms = 60'000 - left_ms - static_cast<std::int64_t>(encoded_ms());
    good(count_encoded(store, "default", more_ms, test_clock(), transaction));
    good(store.commit(std::move(transaction)));
  }
  bool is_counted_as_probed(const Media& media) {
    return static_cast<std::int64_t>(encoded_ms()) == media.probe.duration_ms;
  }

  Processing processing{store, *tenants, *jobs, test_clock};
};

TEST_F(Encodes, count_the_source_once_for_all_its_heights) {
  const std::string id = ingest(video("64x48", "1"));
  const Media media = settled(id);
  ASSERT_EQ(media.status, MediaStatus::kReady) << media.error;
  EXPECT_NEAR(static_cast<double>(encoded_ms()), 1000, 100);
  EXPECT_TRUE(is_counted_as_probed(media)) << encoded_ms();
  good(processing.restart("default", id));
  settled(id);
  EXPECT_EQ(encoded_ms(), 2 * static_cast<std::uint64_t>(media.probe.duration_ms)) << "it was encoded again";
}

TEST_F(Encodes, that_are_cut_by_the_end_of_a_server_count_once) {
  const std::string id = ingest(video("64x48", "20"));
  run_until(id, [](const Media& media) { return media.encode_attempts == 1; });
  EXPECT_EQ(encoded_ms(), 0u);
  const Media media = settled(id);
  ASSERT_EQ(media.status, MediaStatus::kReady) << media.error;
  EXPECT_EQ(media.encode_attempts, 2u);
  EXPECT_TRUE(is_counted_as_probed(media)) << encoded_ms();
}

TEST_F(Encodes, of_sound_count_and_pictures_cost_nothing) {
  settled(ingest(clip("-f lavfi -i testsrc=size=64x48 -frames:v 1", "picture.png")));
  EXPECT_EQ(encoded_ms(), 0u);
  EXPECT_TRUE(is_counted_as_probed(settled(ingest(clip("-f lavfi -i sine -t 1 -c:a flac", "sound.flac")))));
}

TEST_F(Encodes, of_what_does_not_say_how_long_it_is_count_what_came_out) {
  const std::string live = "-f lavfi -i testsrc=size=64x48:rate=25 -t 1 -c:v libx264 -f matroska -live 1";
  const Media media = settled(ingest(clip(live, "live.mkv")));
  ASSERT_EQ(media.status, MediaStatus::kReady) << media.error;
  ASSERT_EQ(media.probe.duration_ms, 0);
  EXPECT_NEAR(static_cast<double>(encoded_ms()), 1000, 100);
}

TEST_F(Encodes, of_what_says_more_than_it_holds_count_what_came_out) {
  const std::string whole = clip("-f lavfi -i anoisesrc=a=0.3 -t 30 -c:a flac", "sound.flac");
  const Media media = settled(ingest(whole.substr(0, whole.size() / 3)));
  ASSERT_EQ(media.status, MediaStatus::kReady) << media.error;
  ASSERT_EQ(media.probe.duration_ms, 30'000);
  EXPECT_NEAR(static_cast<double>(encoded_ms()), 10'000, 1000);
}

TEST_F(Encodes, do_not_begin_when_the_month_has_no_room_and_do_in_the_next) {
  use_up_all_but(500);
  const std::string content = video("64x48", "1");
  const std::string id = ingest(content);
  const Media media = settled(id);
  EXPECT_EQ(media.status, MediaStatus::kErrored);
  EXPECT_THAT(media.error, HasSubstr("encode minutes left this month (0.0 of 1)"));
  EXPECT_EQ(media.encode_attempts, 0u);
  EXPECT_EQ(media.type, MediaType::kVideo);
  EXPECT_EQ(store.records("m/job.turn/"), 0u) << "trying again would not help";
  EXPECT_EQ(bytes_of(id), content);
  EXPECT_EQ(encoded_ms(), 59'500u);
  EXPECT_EQ(bad(processing.restart("default", id)).code, rt::Code::kQuotaExceeded);
  test_now_ms += kMonthMs;
  good(processing.restart("default", id));
  EXPECT_EQ(settled(id).status, MediaStatus::kReady);
}

TEST_F(Encodes, that_find_no_room_leave_what_plays_as_it_was) {
  const std::string id = ingest(video("64x48", "1"));
  settled(id);
  const auto before = renditions(id);
  good(processing.restart("default", id));
  use_up_all_but(0);
  const Media media = settled(id);
  EXPECT_EQ(media.status, MediaStatus::kReady);
  EXPECT_THAT(media.error, HasSubstr("made anew: the encode minutes of this month are used up (1.0 of 1)"));
  EXPECT_EQ(std::ranges::count(renditions(id), RenditionKind::kVideo, &Rendition::kind), 2);
  EXPECT_EQ(bad(processing.restart("default", id)).code, rt::Code::kQuotaExceeded);
}

TEST_F(Encodes, that_are_none_can_be_made_anew_all_the_same) {
  const std::string id = ingest(clip("-f lavfi -i testsrc=size=64x48 -frames:v 1", "picture.png"), "picture.png");
  settled(id);
  use_up_all_but(0);
  good(processing.restart("default", id));
  EXPECT_EQ(settled(id).status, MediaStatus::kReady);
}

class FailingEncodes : public Encodes {
 protected:
  FailingEncodes() : Encodes({.ffmpeg = "/bin/false"}) {}
};

TEST_F(FailingEncodes, count_nothing) {
  const Media media = settled(ingest(clip("-f lavfi -i sine -t 1 -c:a flac", "sound.flac")));
  EXPECT_EQ(media.status, MediaStatus::kErrored);
  EXPECT_EQ(media.encode_attempts, 1u);
  EXPECT_EQ(encoded_ms(), 0u);
}

}  // namespace
}  // namespace millrace::media
