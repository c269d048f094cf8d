#include "media/imports/import.h"

#include <gtest/gtest.h>

#include "media/records/codec_import.h"
#include "server/http/json.h"

namespace millrace::media {
namespace {

Import import_of(std::initializer_list<ImportStatus> statuses) {
  Import import{.id = "i", .tenant = "t", .channel_id = "", .files = {}};
  for (const ImportStatus status : statuses) {
    import.files.push_back({.url = "https://u:p@host/x?sig=s", .name = "n", .file_name = "x", .status = status});
  }
  return import;
}

TEST(Import, HasTheStatusOfItsFiles) {
  using enum ImportStatus;
  EXPECT_EQ(status_of(import_of({kPending, kPending})), kPending);
  EXPECT_EQ(status_of(import_of({kPending, kRunning})), kRunning);
  EXPECT_EQ(status_of(import_of({kPending, kSuccess})), kRunning);
  EXPECT_EQ(status_of(import_of({kFailed, kRunning})), kRunning);
  EXPECT_EQ(status_of(import_of({kSuccess, kSuccess})), kSuccess);
  EXPECT_EQ(status_of(import_of({kSuccess, kFailed, kCancelled})), kFailed);
  EXPECT_EQ(status_of(import_of({kSuccess, kCancelled})), kCancelled);
}

TEST(Import, ComesBackFromItsRecord) {
  Import import = import_of({ImportStatus::kRunning});
  import.channel_id = "c";
  import.created_ms = 5;
  import.updated_ms = 6;
  import.files[0] = {.url = "https://host/x?sig=%2F",
                     .name = "n",
                     .file_name = "f",
                     .is_named = true,
                     .language = "de",
                     .status = ImportStatus::kFailed,
                     .errors = {"a", "b"},
                     .upload_id = "u",
                     .media_id = "m",
                     .size_bytes = 0,
                     .bytes_received = 7,
                     .attempt = 3,
                     .validator = "\"v\"",
                     .content_type = "video/mp4",
                     .job_id = "j",
                     .is_page = true};
  const auto back = decode_import({.key = "k", .value = encode(import), .revision = 9});
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->revision, 9u);
  EXPECT_EQ(encode(*back), encode(import));
  EXPECT_EQ(back->files[0].size_bytes, 0u);
  EXPECT_FALSE(decode_import({.key = "k", .value = "\xff", .revision = 1}));
}

TEST(Import, ShowsNoPassword) {
  const std::string text = json_of(import_of({ImportStatus::kPending}));
  const auto json = http::Json::parse_object(text);
  ASSERT_TRUE(json) << text;
  EXPECT_NE(text.find("https://***@host/x?sig=s"), std::string::npos) << text;
  EXPECT_NE(text.find("\"createdAt\":\"1970-01-01T00:00:00.000Z\""), std::string::npos) << text;
}

TEST(Import, IsAMediaToBe) {
  Upload upload;
  upload.id = "u";
  upload.file_name = "x.mp4";
  upload.title = "A title";
  ImportFile file{.url = "http://h/", .name = "", .file_name = "x.mp4"};
  EXPECT_EQ(media_to_be(file, upload).status, MediaStatus::kPreparing);
  file.status = ImportStatus::kFailed;
  file.errors = {"first", "last"};
  const Media media = media_to_be(file, upload);
  EXPECT_EQ(media.status, MediaStatus::kErrored);
  EXPECT_EQ(media.error, "last");
  EXPECT_EQ(media.id, "u");
}

}  // namespace
}  // namespace millrace::media
