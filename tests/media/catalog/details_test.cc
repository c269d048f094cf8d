// What doors say of a file travels from the upload to the media, and pieces that are all or nothing.
#include "media/catalog/details.h"

#include <gtest/gtest.h>

#include "media/catalog/short_id.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

class DetailsOf : public World {};

TEST_F(DetailsOf, an_upload_become_those_of_its_media) {
  const Details details{.folder = "root/x",
                        .description = "d",
                        .passthrough = "p",
                        .tags = {"t"},
                        .policy = PlaybackPolicy::kSigned,
                        .origin = Origin::kConsole};
  const Upload upload = good(uploads->create("default", {.file_name = "a", .details = details}));
  send(upload.id, "bytes");
  good(uploads->complete("default", upload.id, {.content_type = "video/mp4", .folder = "root/y"}));
  const Media media = good(catalog.get("default", upload.id));
  EXPECT_EQ(media.details.folder, "root/y");
  EXPECT_EQ(media.details.description, "d");
  EXPECT_EQ(media.details.passthrough, "p");
  EXPECT_EQ(media.details.tags, std::vector<std::string>{"t"});
  EXPECT_EQ(media.details.policy, PlaybackPolicy::kSigned);
  EXPECT_EQ(media.details.origin, Origin::kConsole);
  EXPECT_EQ(media.content_type, "video/mp4");
}

TEST_F(DetailsOf, an_upload_are_checked) {
  const auto field = [&](Details details) {
    return bad(uploads->create("default", {.file_name = "a", .details = std::move(details)})).field;
  };
  EXPECT_EQ(field({.folder = "x"}), "folder");
  EXPECT_EQ(field({.description = std::string(kDescriptionMaxBytes + 1, 'x')}), "description");
  EXPECT_EQ(field({.passthrough = std::string(kPassthroughMaxBytes + 1, 'x')}), "passthrough");
  EXPECT_EQ(field({.tags = std::vector<std::string>(kTagsMax + 1, "t")}), "tags");
  EXPECT_EQ(field({.tags = {""}}), "tags");
  const Upload upload = announce();
  send(upload.id, "bytes");
  EXPECT_EQ(bad(uploads->complete("default", upload.id, {.folder = "root/.."})).field, "folder");
}

TEST_F(DetailsOf, a_short_id_finds_upload_and_media_of_its_tenant) {
  const std::string id = ingest("bytes");
  const std::string digits = short_id(id);
  EXPECT_EQ(digits.size(), 20U);
  EXPECT_EQ(good(uploads->id_of("default", digits)), id);
  EXPECT_EQ(good(catalog.id_of("default", digits)), id);
  EXPECT_EQ(bad(catalog.id_of("other", digits)).code, rt::Code::kNotFound);
  for (const std::string& none :
       {std::string(), digits.substr(1), digits + "0", std::string(20, '/'), std::string(20, 'A')}) {
    EXPECT_EQ(bad(catalog.id_of("default", none)).code, rt::Code::kNotFound) << none;
  }
}

class Piece : public World {
 protected:
  rt::Task<rt::Result<Upload>> piece(std::string id, std::uint64_t offset, std::string bytes, bool whole) {
    auto receiver = co_await uploads->open_receiver("default", id, offset, {});
    if (!receiver) co_return rt::pass(receiver);
    (*receiver)->hold_back();
    co_await (*receiver)->append(rt::Slice::copy_of(bytes));
    co_return co_await (whole ? (*receiver)->finish_piece() : (*receiver)->finish(false));
  }
};

TEST_F(Piece, that_is_all_or_nothing_leaves_nothing_when_cut) {
  const Upload upload = announce();
  EXPECT_EQ(good(piece(upload.id, 0, "0123", false)).bytes_received, 0U);
  EXPECT_EQ(good(piece(upload.id, 0, "0123", true)).bytes_received, 4U);
  EXPECT_EQ(good(piece(upload.id, 4, "45", false)).bytes_received, 4U);
  EXPECT_EQ(good(piece(upload.id, 4, "45", true)).bytes_received, 6U);
  EXPECT_EQ(good(uploads->declare_whole("default", upload.id, 6)).whole, true);
}

TEST_F(Piece, may_bring_the_name_of_the_file) {
  const Upload upload = announce("unknown");
  EXPECT_EQ(good(uploads->rename("default", upload.id, "clip.mp4")).file_name, "clip.mp4");
  EXPECT_EQ(bad(uploads->rename("default", upload.id, "")).field, "fileName");
  EXPECT_EQ(bad(uploads->rename("other", upload.id, "x")).code, rt::Code::kNotFound);
  send(upload.id, "bytes");
  good(uploads->complete("default", upload.id, {}));
  EXPECT_EQ(bad(uploads->rename("default", upload.id, "x")).code, rt::Code::kConflict);
  EXPECT_EQ(good(catalog.get("default", upload.id)).file_name, "clip.mp4");
}

}  // namespace
}  // namespace millrace::media
