#include "media/processing/pipeline.h"

#include <algorithm>

#include "media/processing/probe.h"
#include "media/processing/processing.h"
#include "tests/media/processing/processing_world.h"

namespace millrace::media {
namespace {

class PipelineTest : public ProcessingWorld {
 protected:
  PipelineTest() : ProcessingWorld({.transcripts = true, .ladder_heights = {96, 48}, .preset = "superfast"}) {}

  // "video 96", "track v96" …
  std::vector<std::string> names(const std::string& id) {
    std::vector<std::string> names;
    for (const Rendition& each : renditions(id)) names.push_back(std::string(word(each.kind)) + " " + each.name);
    return names;
  }
  Rendition named(const std::string& id, const std::string& name) {
    for (Rendition& each : renditions(id)) {
      if (each.name == name) return each;
    }
    ADD_FAILURE() << "no rendition " << name;
    return {};
  }
  // What ffprobe prints of a rendition's bytes.
  std::string probed(const Rendition& rendition, const std::string& options) {
    const std::string path = (directory_ / "rendition.mp4").string();
    std::ofstream(path, std::ios::binary) << *store.bytes(rendition.object);
    const std::string command = "/usr/bin/ffprobe -v error -of csv=p=0 " + options + " " + path + " > " + path + ".txt";
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    std::ostringstream text;
    text << std::ifstream(path + ".txt").rdbuf();
    return text.str();
  }
  std::size_t jobs_of(std::string_view kind) { return store.records("m/job.turn/" + std::string(kind) + "/"); }

  Processing processing{store, *tenants, *jobs, test_clock};
};

TEST_F(PipelineTest, a_video_gets_its_ladder_its_tracks_and_its_thumbnails) {
  const std::string id = ingest(video("128x96", "5"));
  const Media media = settled(id);
  EXPECT_EQ(media.status, MediaStatus::kReady) << media.error;
  EXPECT_EQ(media.stage, Stage::kDone);
  EXPECT_EQ(media.progress_percent, 100u);
  EXPECT_EQ(media.encode_attempts, 1u);
  EXPECT_EQ(names(id), (std::vector<std::string>{"video 96", "video 48", "thumbnail thumbnail", "thumbnail thumbnail-2",
                                                 "thumbnail thumbnail-3", "track v96", "track v48", "track a"}));
  EXPECT_EQ(jobs_of(kTranscribeKind), 1u) << "what is said is to be written down";
}

TEST_F(PipelineTest, renditions_say_what_players_must_know) {
  const std::string id = ingest(video("128x96", "5"));
  settled(id);
  const Rendition file = named(id, "48");
  EXPECT_EQ(file.width, 64u);
  EXPECT_EQ(file.height, 48u);
  EXPECT_EQ(file.codec.substr(0, 7), "avc1.64");
  EXPECT_TRUE(file.codec.ends_with(",mp4a.40.2")) << file.codec;
  EXPECT_NEAR(static_cast<double>(file.duration_ms), 5000, 100);
  EXPECT_GT(file.bits_per_second, 0u);
  EXPECT_EQ(store.bytes(file.object)->size(), file.size_bytes);
}

TEST_F(PipelineTest, segments_of_all_rungs_begin_together_and_fill_their_track) {
  const std::string id = ingest(video("128x96", "9"));
  settled(id);
  const Rendition large = named(id, "v96");
  const Rendition small = named(id, "v48");
  ASSERT_EQ(large.segments.size(), 3u);
  ASSERT_EQ(small.segments.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(large.segments[i].duration_ms, small.segments[i].duration_ms);
  for (const Rendition& track : {large, small, named(id, "a")}) {
    const std::string bytes = *store.bytes(track.object);
    EXPECT_EQ(bytes.substr(4, 4), "ftyp");
    EXPECT_EQ(track.segments.front().offset, track.header_bytes);
    EXPECT_EQ(track.segments.back().offset + track.segments.back().length, bytes.size());
  }
  EXPECT_EQ(named(id, "a").codec, "mp4a.40.2");
}

TEST_F(PipelineTest, whatever_comes_in_is_plain_h264_with_key_frames_at_the_same_times) {
  const std::string id =
      ingest(clip("-f lavfi -i testsrc=size=128x96:rate=25 -t 5 -vf select='not(mod(n\\,3))+lt(n\\,40)' "
                  "-fps_mode vfr -c:v libx264 -preset ultrafast -pix_fmt yuv420p10le",
                  "ten.mkv"));
  ASSERT_EQ(settled(id).status, MediaStatus::kReady);
  const std::string key_frames = "-select_streams v -skip_frame nokey -show_entries frame=pts_time";
  for (const char* name : {"96", "48"}) {
    EXPECT_EQ(probed(named(id, name), "-select_streams v -show_entries stream=codec_name,pix_fmt"), "h264,yuv420p\n");
  }
  const std::string times = probed(named(id, "96"), key_frames);
  EXPECT_EQ(std::ranges::count(times, '.'), 3) << times;
  EXPECT_EQ(probed(named(id, "48"), key_frames), times);
}

TEST_F(PipelineTest, hdr_is_shown_on_every_screen) {
  for (const std::string transfer : {"smpte2084", "arib-std-b67"}) {
    const std::string id =
        ingest(clip("-f lavfi -i testsrc2=size=1280x534:rate=25 -t 0.4 -vf format=yuv420p10le,setparams="
                    "color_primaries=bt2020:color_trc=" +
                        transfer +
                        ":colorspace=bt2020nc "
                        "-c:v libx265 -preset ultrafast -x265-params log-level=error",
                    transfer + ".mkv"));
    ASSERT_EQ(settled(id).status, MediaStatus::kReady) << transfer;
    const std::string colors =
        "-select_streams v -show_entries stream=pix_fmt,color_space,color_transfer,color_primaries";
    EXPECT_EQ(probed(named(id, "96"), colors), "yuv420p,bt709,bt709,bt709\n");
    EXPECT_EQ(named(id, "thumbnail").height, 267u) << "pictures may have an odd side";
  }
}

TEST_F(PipelineTest, sound_alone_gets_a_file_and_a_track) {
  const std::string id = ingest(clip("-f lavfi -i sine -t 1 -c:a flac", "sound.flac"));
  EXPECT_EQ(settled(id).status, MediaStatus::kReady);
  EXPECT_EQ(names(id), (std::vector<std::string>{"audio audio", "track a"}));
}

TEST_F(PipelineTest, a_video_without_sound_is_not_listened_to) {
  const std::string id = ingest(clip("-f lavfi -i testsrc=size=64x48:rate=25 -t 0.4 -c:v libx264", "silent.mp4"));
  EXPECT_EQ(settled(id).status, MediaStatus::kReady);
  EXPECT_EQ(named(id, "v48").codec.find("mp4a"), std::string::npos);
  EXPECT_EQ(jobs_of(kTranscribeKind), 0u);
}

TEST_F(PipelineTest, a_picture_comes_in_smaller_sizes) {
  const std::string id = ingest(clip("-f lavfi -i testsrc=size=700x350 -frames:v 1", "picture.png"));
  EXPECT_EQ(settled(id).status, MediaStatus::kReady);
  EXPECT_EQ(names(id), (std::vector<std::string>{"image 640", "image 320", "thumbnail thumbnail"}));
  EXPECT_EQ(named(id, "640").height, 320u);
}

TEST_F(PipelineTest, a_broken_document_is_errored_with_a_reason) {
  const Media media = settled(ingest("%PDF-1.7\n..."));
  EXPECT_EQ(media.status, MediaStatus::kErrored);
  EXPECT_EQ(media.error.find("the first page cannot be drawn"), 0u) << media.error;
}

TEST_F(PipelineTest, a_step_that_is_done_is_not_done_again) {
  const std::string id = ingest(video("64x48", "1"));
  run_until(id, [](const Media& media) { return media.stage == Stage::kPackage; });
  const Rendition before = named(id, "48");
  for (const std::string_view kind : {kProbeKind, kThumbnailsKind, kEncodeKind}) {
    good(jobs->submit({.kind = std::string(kind), .tenant = "default", .subject = id}));
  }
  const Media media = settled(id);
  EXPECT_EQ(media.status, MediaStatus::kReady);
  EXPECT_EQ(media.encode_attempts, 1u);
  EXPECT_EQ(named(id, "48").id, before.id);
}

TEST_F(PipelineTest, a_media_destroyed_meanwhile_leaves_nothing) {
  const std::string id = ingest(video("64x48", "1"));
  run_until(id, [](const Media& media) { return media.stage == Stage::kEncode; });
  good(catalog.remove("default", id, true));
  settled(ingest("no media"));
  EXPECT_EQ(store.records("m/rendition"), 0u);
  EXPECT_EQ(store.objects(), 1u) << "of the other";
}

TEST_F(PipelineTest, destroying_a_media_frees_what_was_made_of_it) {
  const std::string id = ingest(video());
  settled(id);
  EXPECT_GT(store.objects(), 3u);
  good(catalog.remove("default", id, true));
  EXPECT_EQ(store.objects(), 0u);
  EXPECT_EQ(store.records("m/rendition"), 0u);
}

TEST_F(PipelineTest, a_deleted_media_is_made_ready_for_its_recovery) {
  const std::string id = ingest(video());
  good(catalog.remove("default", id, false));
  run_until(id, [](const Media& media) { return media.stage == Stage::kDone; });
  EXPECT_EQ(good(catalog.get("default", id)).status, MediaStatus::kSoftDeleted);
  EXPECT_EQ(good(catalog.recover("default", id)).status, MediaStatus::kReady);
}

TEST_F(PipelineTest, processing_again_replaces_what_was_made) {
  const std::string id = ingest(video());
  settled(id);
  const auto before = renditions(id);
  const std::size_t objects = store.objects();
  const Media again = good(processing.restart("default", id));
  EXPECT_EQ(again.status, MediaStatus::kPreparing);
  EXPECT_TRUE(again.reprocessing);
  EXPECT_EQ(bad(processing.restart("default", id)).code, rt::Code::kConflict);
  EXPECT_EQ(renditions(id).size(), before.size()) << "they stay until others take their place";
  const Media media = settled(id);
  EXPECT_EQ(media.status, MediaStatus::kReady) << media.error;
  EXPECT_FALSE(media.reprocessing);
  const auto after = renditions(id);
  ASSERT_EQ(after.size(), before.size());
  for (const Rendition& each : before) {
    EXPECT_EQ(std::ranges::count(after, each.id, &Rendition::id), 0) << each.name;
  }
  EXPECT_EQ(store.objects(), objects);
  EXPECT_EQ(store.records("m/rendition.place/"), after.size());
}

TEST_F(PipelineTest, a_change_in_between_is_kept) {
  const std::string id = ingest(video());
  run_until(id, [](const Media& media) { return media.stage == Stage::kThumbnails; });
  store.before_read([&] {
    rt::Loop::current().spawn([](Catalog& of, std::string which) -> rt::Task<void> {
      MediaPatch patch;
      patch.title = "renamed";
      co_await of.patch("default", which, std::move(patch));
    }(catalog, id));
  });
  EXPECT_EQ(settled(id).title, "renamed");
}

}  // namespace
}  // namespace millrace::media
