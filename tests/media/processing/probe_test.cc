#include "media/processing/probe.h"

#include <stdlib.h>

#include <fstream>
#include <sstream>

#include "server/rt/event.h"
#include "server/rt/timer.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class ProbeTest : public World {
 protected:
  ProbeTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "probe-test-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    probe_ = std::make_unique<Probe>(store, catalog, jail_, io_, directory_ / "jobs");
    jobs->add_kind(std::string(kProbeKind), probe_->kind());
  }
  ~ProbeTest() override { std::filesystem::remove_all(directory_); }

  // Made by ffmpeg from its test sources; `name` says the format.
  std::string clip(const std::string& options, const std::string& name) {
    const std::string path = (directory_ / name).string();
    const std::string command = "/usr/bin/ffmpeg -v error -nostdin " + options + " " + path;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    return read(path);
  }
  std::string video() {
    return clip(
        "-f lavfi -i testsrc=size=64x48:rate=25 -f lavfi -i sine -t 0.4 -c:v libx264 -preset ultrafast -pix_fmt "
        "yuv420p "
        "-c:a aac -movflags +faststart",
        "clip.mp4");
  }

  // Runs the queue until the media is no longer preparing.
  Media settled(const std::string& id) {
    const auto body = [&]() -> rt::Task<void> {
      rt::Scope scope;
      const auto run = [](Jobs& queue) -> rt::Task<void> {
        auto status = co_await queue.run();
        EXPECT_TRUE(status.has_value());
      };
      scope.spawn(run(*jobs));
      for (int tries = 0; tries < 10'000; ++tries) {
        auto now = co_await catalog.get("default", id);
        if (now->status != MediaStatus::kPreparing) break;
        co_await rt::sleep(std::chrono::milliseconds(2));
      }
      jobs->stop();
      co_await scope.join();
    };
    rt::run_until_done(body());
    EXPECT_TRUE(std::filesystem::is_empty(directory_ / "jobs")) << "nothing stays behind";
    return good(catalog.get("default", id));
  }

  std::filesystem::path directory_;
  Jail jail_;
  rt::Pool io_{2};
  std::unique_ptr<Probe> probe_;
};

TEST_F(ProbeTest, video_with_sound_is_described) {
  const Media media = settled(ingest(video()));
  EXPECT_EQ(media.status, MediaStatus::kReady) << media.error;
  EXPECT_EQ(media.type, MediaType::kVideo);
  EXPECT_EQ(media.probe.width, 64u);
  EXPECT_EQ(media.probe.height, 48u);
  EXPECT_EQ(media.probe.video_codec, "h264");
  EXPECT_EQ(media.probe.audio_codec, "aac");
  EXPECT_EQ(media.probe.frames_per_second, 25);
  EXPECT_NEAR(static_cast<double>(media.probe.duration_ms), 400, 100);
  EXPECT_NE(media.probe.container.find("mp4"), std::string::npos);
  EXPECT_EQ(media.probe.tracks.size(), 2u);
}

TEST_F(ProbeTest, sound_alone_is_audio) {
  const std::string sound = ingest(clip("-f lavfi -i sine -t 0.2 -c:a flac", "sound.flac"));
  EXPECT_EQ(settled(sound).type, MediaType::kAudio);
}

TEST_F(ProbeTest, picture_is_an_image) {
  const std::string picture = ingest(clip("-f lavfi -i testsrc=size=32x32 -frames:v 1", "picture.png"));
  EXPECT_EQ(settled(picture).type, MediaType::kImage);
}

TEST_F(ProbeTest, pdf_is_a_document) { EXPECT_EQ(settled(ingest("%PDF-1.7\n...")).type, MediaType::kDocument); }

TEST_F(ProbeTest, what_is_no_media_is_errored_with_a_reason) {
  const Media media = settled(ingest("this is no media at all\n"));
  EXPECT_EQ(media.status, MediaStatus::kErrored);
  EXPECT_FALSE(media.error.empty());
}

TEST_F(ProbeTest, empty_file_is_errored_with_a_reason) {
  const Media media = settled(ingest(""));
  EXPECT_EQ(media.status, MediaStatus::kErrored);
  EXPECT_FALSE(media.error.empty());
}

TEST_F(ProbeTest, playlist_cannot_reach_other_files) {
  const Media media =
      settled(ingest("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"));
  EXPECT_EQ(media.status, MediaStatus::kErrored);
  EXPECT_EQ(media.error.find("root:"), std::string::npos);
}

TEST_F(ProbeTest, of_a_large_file_the_ends_are_enough) {
  // A box that players skip makes it large without frames.
  std::string content = video();
  const std::size_t padding = 80u << 20;
  const char box[8] = {static_cast<char>(padding >> 24), static_cast<char>(padding >> 16), 0, 0, 'f', 'r', 'e', 'e'};
  content.append(box, sizeof(box)).append(padding - sizeof(box), '\0');
  const Media media = settled(ingest(content));
  EXPECT_EQ(media.status, MediaStatus::kReady) << media.error;
  EXPECT_EQ(media.probe.video_codec, "h264");
}

TEST_F(ProbeTest, media_that_was_deleted_meanwhile_stays_deleted) {
  const std::string id = ingest("no media");
  const std::string gone = ingest("no media either");
  good(catalog.remove("default", gone, true));
  EXPECT_EQ(settled(id).status, MediaStatus::kErrored);
  EXPECT_EQ(store.records("m/job.queue/"), 0u);
}

TEST_F(ProbeTest, deleted_media_recovers_with_what_was_found) {
  const std::string id = ingest(video());
  good(catalog.remove("default", id, false));
  const std::string other = ingest("no media");
  settled(other);
  settled(id);
  const Media media = good(catalog.recover("default", id));
  EXPECT_NE(media.status, MediaStatus::kSoftDeleted);
}

}  // namespace
}  // namespace millrace::media
