// Joining pieces into a file, and what an upload does by itself after its last byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/records/keys.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

using rt::Code;

class ConcatenateTest : public World {
 protected:
  Upload piece(std::optional<std::uint64_t> bytes = {}) {
    return good(uploads->create(
        "default", {.type = UploadType::kTus, .file_name = "p", .declared_bytes = bytes, .is_piece = true}));
  }
  std::string sent_piece(const std::string& bytes) {
    const Upload made = piece(bytes.size());
    send(made.id, bytes);
    return made.id;
  }
  rt::Task<rt::Result<Upload>> joining(std::vector<std::string> ids, bool completes_itself = true) {
    return uploads->concatenate(
        "default", {.type = UploadType::kTus, .file_name = "joined.mp4", .completes_itself = completes_itself}, ids);
  }
  Upload get(const std::string& id) { return good(uploads->get("default", id)); }
  Upload advance(const std::string& id) { return good(uploads->advance("default", id)); }
};

TEST_F(ConcatenateTest, whole_pieces_become_a_media_in_their_order) {
  const std::vector<std::string> ids = {sent_piece("one "), sent_piece("two "), sent_piece("three")};
  const Upload joined = good(joining({ids[2], ids[0], ids[1]}));
  EXPECT_EQ(joined.state, UploadState::kCompleted);
  EXPECT_EQ(bytes_of(joined.media_id), "threeone two ");
  EXPECT_EQ(store.objects(), 1u) << "the bytes of the pieces are those of the media";
  EXPECT_EQ(get(ids[0]).state, UploadState::kCompleted);
  EXPECT_EQ(get(ids[0]).bytes_received, 4u);
}

TEST_F(ConcatenateTest, unfinished_pieces_are_joined_when_the_last_is_whole) {
  const Upload first = piece(3);
  const Upload second = piece();
  const Upload joined = good(joining({first.id, second.id}));
  EXPECT_FALSE(joined.whole);
  EXPECT_EQ(joined.declared_bytes, std::nullopt) << "the second has no length yet";
  send(second.id, "second");
  EXPECT_EQ(advance(second.id).state, UploadState::kUploading);
  EXPECT_EQ(get(joined.id).state, UploadState::kCreated);
  send(first.id, "1st");
  advance(first.id);
  EXPECT_EQ(get(joined.id).state, UploadState::kCompleted);
  EXPECT_EQ(bytes_of(get(joined.id).media_id), "1stsecond");
}

TEST_F(ConcatenateTest, steps_that_a_crash_left_out_are_taken_when_somebody_asks) {
  const Upload first = piece(3);
  const Upload joined = good(joining({first.id}));
  send(first.id, "1st");
  EXPECT_EQ(get(joined.id).state, UploadState::kCreated);
  EXPECT_EQ(advance(joined.id).state, UploadState::kCompleted);
}

TEST_F(ConcatenateTest, a_repeat_answers_the_same_upload) {
  const std::vector<std::string> ids = {sent_piece("a"), sent_piece("b")};
  const Upload first = good(joining(ids));
  EXPECT_EQ(good(joining(ids)).id, first.id);
  EXPECT_EQ(bad(joining({ids[1], ids[0]})).code, Code::kConflict);

  const std::vector<std::string> open = {piece().id, piece().id};
  EXPECT_EQ(good(joining(open)).id, good(joining(open)).id);
  EXPECT_EQ(bad(joining({open[0]})).code, Code::kConflict) << "it is for another upload";
}

TEST_F(ConcatenateTest, pieces_of_a_cancelled_upload_are_free_again) {
  const std::vector<std::string> ids = {piece().id, sent_piece("b")};
  good(uploads->cancel("default", good(joining(ids)).id));
  EXPECT_EQ(get(good(joining(ids)).id).state, UploadState::kCreated);
}

TEST_F(ConcatenateTest, refuses_what_is_no_piece) {
  EXPECT_EQ(bad(joining({})).code, Code::kInvalid);
  EXPECT_EQ(bad(joining({"nobody"})).field, "pieces");
  EXPECT_EQ(bad(joining({announce().id})).code, Code::kInvalid);
  const std::string id = sent_piece("a");
  EXPECT_EQ(bad(joining({id, id})).code, Code::kInvalid);
  const Upload theirs = good(uploads->create("other", {.file_name = "p", .is_piece = true}));
  EXPECT_EQ(bad(joining({theirs.id})).code, Code::kInvalid);
  good(uploads->cancel("default", id));
  EXPECT_EQ(bad(joining({id})).code, Code::kConflict);
}

TEST_F(ConcatenateTest, a_joined_upload_takes_no_bytes_and_fails_with_its_pieces) {
  const Upload first = piece();
  const Upload joined = good(joining({first.id}));
  EXPECT_EQ(bad(uploads->open_receiver("default", joined.id, 0, {})).code, Code::kForbidden);
  good(uploads->cancel("default", first.id));
  EXPECT_EQ(advance(joined.id).state, UploadState::kFailed);
}

TEST_F(ConcatenateTest, may_wait_for_its_complete_call) {
  const Upload joined = good(joining({sent_piece("ab"), sent_piece("c")}, false));
  EXPECT_TRUE(joined.whole);
  EXPECT_EQ(joined.bytes_received, 3u);
  EXPECT_EQ(bytes_of(good(uploads->complete("default", joined.id, {})).upload.media_id), "abc");
}

TEST_F(ConcatenateTest, pieces_are_no_files) {
  const std::string id = sent_piece("a");
  EXPECT_EQ(bad(uploads->complete("default", id, {})).code, Code::kConflict);
  EXPECT_EQ(good(uploads->list("default", {})).total, 0u);
  EXPECT_EQ(good(uploads->list("default", {.filters = {{"type", "tus"}}})).total, 0u);
}

TEST_F(ConcatenateTest, joined_is_as_large_as_the_tenant_allows) {
  Tenant owner = *tenants->tenant("default");
  owner.upload_max_bytes = 4;
  good(tenants->update(owner));
  EXPECT_EQ(bad(joining({sent_piece("abc"), sent_piece("de")})).code, Code::kTooLarge);
  const Upload late = piece();
  const Upload joined = good(joining({sent_piece("abc"), late.id}));
  send(late.id, "de");
  advance(late.id);
  EXPECT_EQ(get(joined.id).state, UploadState::kFailed);
}

TEST_F(ConcatenateTest, activity_on_one_piece_keeps_all_alive) {
  const std::string old = sent_piece("a");
  const Upload young = piece();
  const Upload joined = good(joining({old, young.id}));
  test_now_ms += kDayMs * 3 / 4;
  send(young.id, "b", 0, false);
  test_now_ms += kDayMs / 2;
  EXPECT_EQ(good(uploads->sweep()), 0u);
  EXPECT_TRUE(is_open(get(old)));
  EXPECT_TRUE(is_open(get(joined.id)));
  test_now_ms += 2 * kDayMs;
  EXPECT_GE(good(uploads->sweep()), 2u) << "the joined one may fail by its pieces first";
  for (const auto& id : {old, young.id, joined.id}) EXPECT_FALSE(is_open(get(id)));
  EXPECT_EQ(store.objects(), 0u);
}

TEST_F(ConcatenateTest, the_sweep_makes_what_is_due_instead_of_expiring_it) {
  const Upload upload =
      good(uploads->create("default", {.type = UploadType::kTus, .file_name = "f", .completes_itself = true}));
  send(upload.id, "all of it");
  test_now_ms += 2 * kDayMs;
  EXPECT_EQ(good(uploads->sweep()), 0u);
  EXPECT_EQ(bytes_of(get(upload.id).media_id), "all of it");
}

TEST_F(ConcatenateTest, only_uploads_that_complete_themselves_do) {
  const Upload waits = good(uploads->create("default", {.type = UploadType::kTus, .file_name = "f"}));
  send(waits.id, "bytes");
  EXPECT_EQ(advance(waits.id).state, UploadState::kUploading);
}

class PlacingTest : public ConcatenateTest {
 protected:
  rt::Task<rt::Result<Upload>> appending(std::string id, std::uint64_t offset, std::string bytes,
                                         std::optional<std::uint64_t> total = {}, bool hold = false, bool cut = false) {
    auto receiver = co_await uploads->open_receiver("default", id, offset, {}, total, Placing::kAppend);
    if (!receiver) co_return rt::pass(receiver);
    if (hold) (*receiver)->hold_back();
    if (!bytes.empty()) co_await (*receiver)->append(rt::Slice::copy_of(bytes));
    if (cut) co_return co_await (*receiver)->finish(false);
    co_return co_await (*receiver)->finish_piece();
  }
};

TEST_F(PlacingTest, appending_at_zero_never_replaces) {
  const Upload upload = piece();
  good(appending(upload.id, 0, "abc"));
  EXPECT_EQ(bad(appending(upload.id, 0, "xyz")).code, Code::kConflict);
  EXPECT_EQ(good(appending(upload.id, 3, "def")).bytes_received, 6u);
}

TEST_F(PlacingTest, an_empty_piece_may_tell_the_size) {
  const Upload upload = piece();
  good(appending(upload.id, 0, "", 6));
  EXPECT_EQ(get(upload.id).total_bytes, 6u);
  EXPECT_EQ(bad(appending(upload.id, 0, "", 7)).code, Code::kConflict);
}

TEST_F(PlacingTest, what_is_held_back_is_kept_whole_or_not_at_all) {
  const Upload upload = piece();
  good(appending(upload.id, 0, "abc"));
  EXPECT_EQ(good(appending(upload.id, 3, "xyz", {}, true, true)).bytes_received, 3u);
  EXPECT_EQ(good(appending(upload.id, 3, "def", {}, true)).bytes_received, 6u);
  EXPECT_EQ(store.objects(), 2u);
}

}  // namespace
}  // namespace millrace::media
