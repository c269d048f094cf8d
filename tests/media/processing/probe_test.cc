#include "media/processing/probe.h"

#include "tests/media/processing/processing_world.h"

namespace millrace::media {
namespace {

class ProbeTest : public ProcessingWorld {
 protected:
  ProbeTest() : ProcessingWorld({.renditions = false, .duration_ms_max = 3'600'000, .pixels_max = 1'000'000}) {}
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

TEST_F(ProbeTest, lists_of_other_files_are_no_media) {
  const std::string lists[] = {"ffconcat version 1.0\nfile /etc/passwd\n",
                               "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:1/x.ts\n"};
  for (const std::string& list : lists) {
    const Media media = settled(ingest(list));
    EXPECT_EQ(media.status, MediaStatus::kErrored);
    EXPECT_EQ(media.error, "not a media file: it is a playlist, a list of files or of another kind that is not taken");
  }
}

TEST_F(ProbeTest, more_pixels_than_are_taken_are_refused) {
  const Media media = settled(ingest(clip("-f lavfi -i color=size=2000x1000 -frames:v 1", "large.png")));
  EXPECT_EQ(media.status, MediaStatus::kErrored);
  EXPECT_EQ(media.error, "it has more than 1000000 pixels");
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
  EXPECT_EQ(store.records("m/job.turn/"), 0u);
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
