#include "media/records/codec.h"

#include <gtest/gtest.h>

#include "store/store.h"

namespace millrace::media {
namespace {

TEST(CodecTest, upload_comes_back_as_it_was) {
  Upload upload;
  upload.id = "id";
  upload.tenant = "t";
  upload.state = UploadState::kExpired;
  upload.type = UploadType::kTus;
  upload.file_name = "not \xff UTF-8";
  upload.declared_bytes = 0;
  upload.total_bytes = 7;
  upload.metadata = {{"a", "b"}, {"", "\xfe"}};
  upload.transcript_languages = {"en", "de"};
  upload.parts = {{{1, 2}, 3, 4}, {{5, 6}, 7, 8}};
  upload.whole = true;
  upload.expires_ms = -1;
  upload.completes_itself = upload.is_piece = true;
  upload.joined_into = "j";
  upload.pieces = {"p", "q"};
  const Upload read = *decode_upload({"key", encode(upload), 9});
  EXPECT_EQ(encode(read), encode(upload));
  EXPECT_EQ(read.file_name, upload.file_name);
  EXPECT_EQ(read.declared_bytes, 0u);
  EXPECT_EQ(read.total_bytes, 7u);
  EXPECT_EQ(read.parts, upload.parts);
  EXPECT_TRUE(read.completes_itself && read.is_piece);
  EXPECT_EQ(read.joined_into, "j");
  EXPECT_EQ(read.pieces, upload.pieces);
  EXPECT_EQ(read.revision, 9u);
}

TEST(CodecTest, media_comes_back_as_it_was) {
  Media media;
  media.id = "id";
  media.type = MediaType::kDocument;
  media.status = MediaStatus::kSoftDeleted;
  media.object = {~0ull, 1};
  media.crc64nvme = ~0ull;
  Track& track = media.probe.tracks.emplace_back();
  track.kind = "video";
  track.rotation_degrees = -90;
  media.status_before_delete = MediaStatus::kErrored;
  const Media read = *decode_media({"key", encode(media), 1});
  EXPECT_EQ(encode(read), encode(media));
  EXPECT_EQ(read.object, media.object);
  EXPECT_EQ(read.probe.tracks.at(0).rotation_degrees, -90);
}

TEST(CodecTest, damaged_and_unknown_records_are_refused) {
  EXPECT_EQ(decode_upload({"key", "\xff\xff", 1}).error().code, rt::Code::kDamaged);
  EXPECT_EQ(decode_key("").error().code, rt::Code::kDamaged);
  Job job;
  job.state = static_cast<JobState>(200);
  EXPECT_EQ(decode_job({"key", encode(job), 1}).error().code, rt::Code::kDamaged) << "a newer version's state";
}

}  // namespace
}  // namespace millrace::media
