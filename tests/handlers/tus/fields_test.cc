#include "handlers/tus/fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ranges>

#include "handlers/tus/disposition.h"
#include "server/http/crypto.h"

namespace millrace::handlers::tus {
namespace {

using testing::ElementsAre;

TEST(TusFields, MetadataIsNamesWithValuesInBase64) {
  const auto metadata = parse_metadata("filename d29ybGQ=,is_confidential, empty ,type dmlkZW8vbXA0");
  ASSERT_TRUE(metadata.has_value());
  const Metadata expected = {{"filename", "world"}, {"is_confidential", ""}, {"empty", ""}, {"type", "video/mp4"}};
  EXPECT_EQ(*metadata, expected);
  EXPECT_EQ(*parse_metadata(write_metadata(expected)), expected);
  EXPECT_TRUE(parse_metadata("")->empty());
  EXPECT_EQ(write_metadata({{"a b", "1"}, {"c,d", "2"}, {"\xc3\xa4", "3"}, {"good", "4"}}), "good NA==");
}

TEST(TusFields, BadMetadataIsNamed) {
  for (const char* field : {"a !!", "a YQ", "a YQ==,a YQ==", ",a YQ==", "a YQ== YQ==", "\xc3\xa4 YQ=="}) {
    const auto metadata = parse_metadata(field);
    ASSERT_FALSE(metadata.has_value()) << field;
    EXPECT_EQ(metadata.error().field, "upload-metadata");
  }
}

TEST(TusFields, ConcatNamesUploadsByAnyOfTheirAddresses) {
  EXPECT_TRUE(parse_concat("partial")->is_partial);
  const auto concat = parse_concat("final;/files/a https://h.example:8443/files/b?token=x /base/files/c%2Dd");
  ASSERT_TRUE(concat.has_value());
  EXPECT_FALSE(concat->is_partial);
  EXPECT_THAT(concat->ids, ElementsAre("a", "b", "c-d"));
  for (const char* field : {"", "Partial", "final", "final;", "final; ", "final;/other/a", "final;http://files",
                            "final;/files/", "final;/files/%zz", "final;/files/a%2fb", "final;/files/a/b"}) {
    EXPECT_FALSE(parse_concat(field).has_value()) << field;
  }
}

TEST(TusFields, ChecksumIsAnAlgorithmAndADigest) {
  const auto claimed = parse_checksum("SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=");
  ASSERT_TRUE(claimed.has_value());
  EXPECT_EQ(claimed->algorithm, media::ChecksumAlgorithm::kSha1);
  EXPECT_EQ(claimed->value.size(), 20u);
  for (const char* field : {"", "sha1", "sha1 ", " Kq5s", "sha1 Kq5", "sha1 K-_s", "sha0 Kq5s"}) {
    EXPECT_FALSE(parse_checksum(field).has_value()) << field;
  }
}

TEST(TusFields, NumbersAreDigitsOnly) {
  const auto count = [](std::string_view text) {
    http::Fields fields;
    fields.add("upload-offset", text);
    const auto parsed = byte_count(fields, "upload-offset");
    return parsed ? *parsed : std::nullopt;
  };
  EXPECT_EQ(count("0"), 0u);
  EXPECT_EQ(count("18446744073709551615"), UINT64_MAX);
  for (const char* text : {"", "-1", "+1", "1.0", "1 2", "0x1", "18446744073709551616"}) {
    EXPECT_FALSE(count(text).has_value()) << text;
  }
  http::Fields twice;
  twice.add("upload-offset", "1");
  twice.add("upload-offset", "1");
  EXPECT_FALSE(byte_count(twice, "upload-offset").has_value());
}

TEST(TusFields, SaysWhichFieldIsWrong) {
  http::Fields fields;
  fields.add("upload-offset", "x");
  fields.add("upload-length", "1");
  fields.add("upload-length", "1");
  EXPECT_EQ(byte_count(fields, "upload-offset").error().message, "upload-offset must be a number of bytes");
  EXPECT_EQ(byte_count(fields, "upload-length").error().message, "there must be one upload-length");
}

TEST(TusFields, KnowsTheAlgorithmsItTells) {
  const std::string told = checksum_algorithms();
  EXPECT_EQ(told, "crc32,crc32c,crc64nvme,sha1,sha256,xxhash64,xxhash3,xxhash128,md5");
  for (const auto word : std::views::split(told, ',')) {
    EXPECT_TRUE(parse_checksum(std::string(std::string_view(word)) + " Kq5s").has_value()) << std::string_view(word);
  }
}

TEST(Disposition, TellsTheNameOfTheFile) {
  EXPECT_EQ(file_name_in("inline; filename=clip.mp4"), "clip.mp4");
  EXPECT_EQ(file_name_in(R"(attachment; filename="a \"b\";c.mp4"; x=y)"), "a \"b\";c.mp4");
  EXPECT_EQ(file_name_in("inline; filename=\"plain\"; filename*=UTF-8''na%C3%AFve.mp4"), "na\xc3\xafve.mp4");
  EXPECT_EQ(file_name_in("inline; filename*=utf-8'en'x;FILENAME=y"), "x");
  for (const char* field : {"", "inline", "inline;", "inline; filename", "inline; filename=", "inline; filename=\"\"",
                            "inline; filename*=latin1''x", "inline; filename*=UTF-8'x", "filename=x"}) {
    EXPECT_EQ(file_name_in(field), std::nullopt) << field;
  }
}

}  // namespace
}  // namespace millrace::handlers::tus
