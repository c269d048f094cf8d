#include "media/uploads/uploads.h"

#include <set>
#include <thread>

#include "media/records/keys.h"
#include "server/rt/event.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

using rt::Code;

std::string noise(std::size_t bytes, std::uint32_t seed = 1) {
  std::string text(bytes, 0);
  for (char& c : text) c = static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
  return text;
}

class UploadsTest : public World {
 protected:
  Upload now(const std::string& id) { return good(uploads->get("default", id)); }
};

TEST_F(UploadsTest, begin_as_announced) {
  const Upload made = good(uploads->create("default", {.type = UploadType::kPut,
                                                       .file_name = "clip.mp4",
                                                       .declared_bytes = 7,
                                                       .title = "Title",
                                                       .transcript_languages = {"en"},
                                                       .metadata = {{"k", "v"}}}));
  const Upload read = now(made.id);
  EXPECT_EQ(read.id.size(), 36u);
  EXPECT_EQ(read.state, UploadState::kCreated);
  EXPECT_EQ(read.type, UploadType::kPut);
  EXPECT_EQ(read.declared_bytes, 7u);
  EXPECT_EQ(read.content_type, "application/octet-stream");
  EXPECT_EQ(read.metadata.at("k"), "v");
  EXPECT_EQ(read.transcript_languages.at(0), "en");
  EXPECT_EQ(read.expires_ms, read.created_ms + kDayMs);
}

TEST_F(UploadsTest, announcements_are_checked) {
  const auto field = [&](NewUpload input) { return bad(uploads->create("default", std::move(input))).field; };
  EXPECT_EQ(field({}), "fileName");
  EXPECT_EQ(field({.file_name = std::string(1025, 'x')}), "fileName");
  EXPECT_EQ(field({.file_name = std::string("a\0b", 3)}), "fileName");
  EXPECT_EQ(field({.file_name = "a", .title = "line\nbreak"}), "title");
  EXPECT_EQ(field({.file_name = "a", .channel_id = "nobody"}), "channelId");
  EXPECT_EQ(field({.file_name = "a", .transcript_languages = {""}}), "transcriptLanguageCodes");
  EXPECT_EQ(field({.file_name = "a", .metadata = {{"k", std::string(70'000, 'x')}}}), "metadata");
  Tenant tenant = *tenants->tenant("default");
  tenant.upload_max_bytes = 10;
  good(tenants->update(tenant));
  const rt::Error error = bad(uploads->create("default", {.file_name = "a", .declared_bytes = 11}));
  EXPECT_EQ(error.code, Code::kTooLarge);
  EXPECT_EQ(bad(sending(announce().id, 0, "eleven bytes")).code, Code::kTooLarge);
}

TEST_F(UploadsTest, file_becomes_a_media_with_a_probe_job_in_one_step) {
  const std::string content = noise(3'000'000);
  const Upload upload = announce();
  const Upload received = send(upload.id, content);
  EXPECT_EQ(received.state, UploadState::kUploading);
  EXPECT_EQ(received.bytes_received, content.size());
  const std::size_t commits = store.commits();
  const Upload completed = good(uploads->complete("default", upload.id, {.title = "A clip"})).upload;
  EXPECT_EQ(store.commits(), commits + 1);
  EXPECT_EQ(completed.state, UploadState::kCompleted);
  const Media media = good(catalog.get("default", completed.media_id));
  EXPECT_EQ(media.status, MediaStatus::kPreparing);
  EXPECT_EQ(media.title, "A clip");
  EXPECT_EQ(media.channel_id, tenants->tenant("default")->default_channel_id);
  EXPECT_EQ(media.size_bytes, content.size());
  EXPECT_EQ(store.bytes(media.object), content);
  EXPECT_EQ(store.objects(), 1u);
  EXPECT_EQ(store.records("m/job.turn/probe/"), 1u);
  EXPECT_EQ(store.records("m/upload.open/"), 0u);
}

TEST_F(UploadsTest, completing_again_answers_the_same) {
  const Upload upload = announce();
  send(upload.id, "content");
  const std::string first = good(uploads->complete("default", upload.id, {})).upload.media_id;
  EXPECT_EQ(good(uploads->complete("default", upload.id, {.title = "other"})).upload.media_id, first);
  EXPECT_EQ(store.records("m/media/default/"), 1u);
  EXPECT_EQ(store.records("m/job/"), 1u);
}

TEST_F(UploadsTest, two_completes_at_once_make_one_media) {
  const Upload upload = announce();
  send(upload.id, "content");
  std::vector<std::string> ids;
  const auto both = [&]() -> rt::Task<void> {
    rt::Scope scope;
    const auto one = [](Uploads& service, std::string id, std::vector<std::string>& results) -> rt::Task<void> {
      auto done = co_await service.complete("default", id, {});
      results.push_back(done ? done->upload.media_id : done.error().message);
    };
    scope.spawn(one(*uploads, upload.id, ids));
    scope.spawn(one(*uploads, upload.id, ids));
    co_await scope.join();
  };
  rt::run_until_done(both());
  ASSERT_EQ(ids.size(), 2u);
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_EQ(store.records("m/media/default/"), 1u);
}

TEST_F(UploadsTest, completes_on_several_loops_make_one_media) {
  const Upload upload = announce();
  send(upload.id, "content");
  std::vector<std::string> ids(4);
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (auto& id : ids) {
    threads.emplace_back([&, this] { id = good(uploads->complete("default", upload.id, {})).upload.media_id; });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(std::set(ids.begin(), ids.end()).size(), 1u);
  EXPECT_EQ(store.records("m/media/default/"), 1u);
}

TEST_F(UploadsTest, completing_needs_all_bytes) {
  const Upload upload = good(uploads->create("default", {.file_name = "a", .declared_bytes = 10}));
  EXPECT_EQ(bad(uploads->complete("default", upload.id, {})).code, Code::kConflict) << "nothing arrived";
  send(upload.id, "12345", 0, false);
  EXPECT_EQ(bad(uploads->complete("default", upload.id, {})).code, Code::kConflict) << "cut off";
  EXPECT_EQ(bad(sending(upload.id, 5, "6789")).field, "fileSize") << "one too few";
  EXPECT_EQ(bad(uploads->complete("default", upload.id, {})).code, Code::kConflict) << "one too few";
  send(upload.id, "0", 9);
  good(uploads->complete("default", upload.id, {}));
}

TEST_F(UploadsTest, size_that_the_sender_tells_must_fit) {
  const auto opening = [&](std::string id, std::uint64_t offset, std::uint64_t total) -> rt::Task<rt::Status> {
    auto receiver = co_await uploads->open_receiver("default", id, offset, {}, total);
    if (!receiver) co_return rt::pass(receiver);
    if (offset == 0) co_await (*receiver)->append(rt::Slice::of_static("12345"));
    auto finished = co_await (*receiver)->finish_piece();
    if (!finished) co_return rt::pass(finished);
    co_return rt::Status();
  };
  const Upload announced = good(uploads->create("default", {.file_name = "a", .declared_bytes = 10}));
  EXPECT_EQ(bad(opening(announced.id, 0, 9)).code, Code::kInvalid);
  EXPECT_EQ(bad(opening(announced.id, 0, 11)).code, Code::kTooLarge);
  good(opening(announced.id, 0, 10));
  const Upload upload = announce();
  good(opening(upload.id, 0, 10));
  EXPECT_EQ(bad(opening(upload.id, 5, 11)).code, Code::kConflict);
  good(opening(upload.id, 5, 10));
  good(opening(upload.id, 0, 11));
  EXPECT_EQ(now(upload.id).total_bytes, 11u);
}

TEST_F(UploadsTest, more_than_announced_is_refused_and_the_rest_kept) {
  const Upload upload = good(uploads->create("default", {.file_name = "a", .declared_bytes = kSliceBytes + 10}));
  EXPECT_EQ(bad(sending(upload.id, 0, noise(kSliceBytes + 11))).code, Code::kTooLarge);
  EXPECT_EQ(now(upload.id).bytes_received, kSliceBytes);
}

TEST_F(UploadsTest, unknown_channel_is_named_and_nothing_lost) {
  const Upload upload = announce();
  send(upload.id, "content");
  EXPECT_EQ(bad(uploads->complete("default", upload.id, {.channel_id = "nobody"})).field, "channelId");
  EXPECT_EQ(bad(uploads->complete("default", upload.id, {.title = std::string(2000, 'x')})).field, "title");
  EXPECT_EQ(bad(uploads->complete("default", upload.id, {.title = std::string(1, '\0')})).field, "title");
  const std::string theirs = tenants->tenant("other")->default_channel_id;
  EXPECT_EQ(bad(uploads->complete("default", upload.id, {.channel_id = theirs})).field, "channelId");
  good(uploads->complete("default", upload.id, {}));
}

TEST_F(UploadsTest, empty_file_is_a_media_of_no_bytes) {
  const std::string media = ingest("");
  EXPECT_EQ(bytes_of(media), "");
  EXPECT_EQ(good(catalog.original("default", media)).size_bytes, 0u);
}

TEST_F(UploadsTest, pieces_are_joined_without_a_copy) {
  const std::string content = noise(5'000'000);
  const Upload upload = announce();
  for (std::size_t at = 0; at < content.size(); at += 1'000'000) {
    send(upload.id, content.substr(at, 1'000'000), at, at + 1'000'000 == content.size());
  }
  EXPECT_EQ(now(upload.id).parts.size(), 5u);
  const std::string media_id = good(uploads->complete("default", upload.id, {})).upload.media_id;
  EXPECT_EQ(bytes_of(media_id), content);
  EXPECT_EQ(store.objects(), 1u);
  const Media media = good(catalog.get("default", media_id));
  EXPECT_EQ(good(store.info(media.object))->crc64nvme, media.crc64nvme);
}

TEST_F(UploadsTest, wrong_offset_names_the_right_one) {
  const Upload upload = announce();
  send(upload.id, "12345", 0, false);
  const rt::Error error = bad(sending(upload.id, 7, "x"));
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_NE(error.message.find('5'), std::string::npos);
  EXPECT_EQ(now(upload.id).bytes_received, 5u);
}

TEST_F(UploadsTest, starting_anew_replaces_what_was_cut_off) {
  const Upload upload = announce();
  send(upload.id, "old and cut", 0, false);
  send(upload.id, "new", 0, false);
  EXPECT_EQ(now(upload.id).bytes_received, 3u);
  EXPECT_EQ(store.objects(), 1u);
}

TEST_F(UploadsTest, whole_file_stays_until_the_new_one_is_whole) {
  const Upload upload = announce();
  send(upload.id, "the old one");
  send(upload.id, "half of", 0, false);
  EXPECT_EQ(now(upload.id).bytes_received, 11u);
  EXPECT_TRUE(now(upload.id).whole);
  send(upload.id, "the new one!");
  EXPECT_EQ(store.objects(), 1u);
  const std::string media = good(uploads->complete("default", upload.id, {})).upload.media_id;
  EXPECT_EQ(bytes_of(media), "the new one!");
}

TEST_F(UploadsTest, first_piece_takes_the_place_of_a_whole_file) {
  const Upload upload = announce();
  send(upload.id, "the old one");
  const auto piece = [&]() -> rt::Task<rt::Result<Upload>> {
    auto receiver = co_await uploads->open_receiver("default", upload.id, 0, {});
    co_await (*receiver)->append(rt::Slice::of_static("the "));
    EXPECT_EQ(store.objects(), 1u) << "the old one stays until the piece is committed";
    co_return co_await (*receiver)->finish_piece();
  };
  EXPECT_EQ(good(piece()).bytes_received, 4u);
  EXPECT_FALSE(now(upload.id).whole);
  EXPECT_EQ(store.objects(), 1u);
  send(upload.id, "new one", 4);
  EXPECT_EQ(bytes_of(good(uploads->complete("default", upload.id, {})).upload.media_id), "the new one");
}

TEST_F(UploadsTest, cancel_frees_the_bytes_and_is_repeatable) {
  const Upload upload = announce();
  send(upload.id, "content");
  EXPECT_EQ(good(uploads->cancel("default", upload.id)).state, UploadState::kCancelled);
  EXPECT_EQ(good(uploads->cancel("default", upload.id)).state, UploadState::kCancelled);
  EXPECT_EQ(store.objects(), 0u);
  EXPECT_EQ(bad(uploads->complete("default", upload.id, {})).code, Code::kConflict);
  EXPECT_EQ(bad(sending(upload.id, 0, "more")).code, Code::kConflict);
}

TEST_F(UploadsTest, completed_upload_cannot_be_cancelled_but_removed) {
  const Upload open = announce();
  EXPECT_EQ(bad(uploads->remove("default", open.id)).code, Code::kConflict);
  const Upload upload = announce();
  send(upload.id, "content");
  const std::string media = good(uploads->complete("default", upload.id, {})).upload.media_id;
  EXPECT_EQ(bad(uploads->cancel("default", upload.id)).code, Code::kConflict);
  good(uploads->remove("default", upload.id));
  EXPECT_EQ(bad(uploads->get("default", upload.id)).code, Code::kNotFound);
  EXPECT_EQ(bytes_of(media), "content") << "the media keeps its bytes";
  EXPECT_EQ(good(uploads->list("default", {})).total, 1u);
}

TEST_F(UploadsTest, another_tenant_finds_nothing) {
  const Upload upload = announce();
  send(upload.id, "content");
  EXPECT_EQ(bad(uploads->get("other", upload.id)).code, Code::kNotFound);
  EXPECT_EQ(bad(uploads->open_receiver("other", upload.id, 0, {})).code, Code::kNotFound);
  EXPECT_EQ(bad(uploads->settle("other", upload.id)).code, Code::kNotFound);
  EXPECT_EQ(bad(uploads->complete("other", upload.id, {})).code, Code::kNotFound);
  EXPECT_EQ(bad(uploads->cancel("other", upload.id)).code, Code::kNotFound);
  EXPECT_EQ(bad(uploads->remove("other", upload.id)).code, Code::kNotFound);
  EXPECT_EQ(good(uploads->list("other", {})).total, 0u);
  EXPECT_EQ(good(uploads->list("other", {.filters = {{"fileName", "clip.mp4"}}})).total, 0u);
}

// --- duplicates ---

TEST_F(UploadsTest, duplicate_names_the_media_and_frees_its_bytes) {
  check_duplicates();
  const std::string content = noise(2'000'000);
  const std::string first = ingest(content);
  const Upload second = announce();
  send(second.id, content.substr(0, 1'500'000), 0, false);
  send(second.id, content.substr(1'500'000), 1'500'000);
  for (int repeat = 0; repeat < 2; ++repeat) {
    const Completion completion = good(uploads->complete("default", second.id, {}));
    EXPECT_EQ(completion.duplicate_of, first);
    EXPECT_EQ(completion.upload.state, UploadState::kFailed);
  }
  EXPECT_EQ(store.objects(), 1u);
  EXPECT_EQ(store.records("m/media/default/"), 1u);
}

TEST_F(UploadsTest, same_file_twice_is_fine_when_nobody_asked) {
  EXPECT_NE(ingest("content"), ingest("content"));
  EXPECT_EQ(store.objects(), 2u);
}

TEST_F(UploadsTest, duplicates_at_once_leave_one_media) {
  check_duplicates();
  std::vector<std::string> uploads_ids;
  for (int i = 0; i < 4; ++i) {
    uploads_ids.push_back(announce().id);
    send(uploads_ids.back(), "same content");
  }
  std::atomic<int> duplicates = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (const auto& id : uploads_ids) {
    threads.emplace_back([&, this] {
      if (!good(uploads->complete("default", id, {})).duplicate_of.empty()) ++duplicates;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(duplicates, 3);
  EXPECT_EQ(store.objects(), 1u);
}

TEST_F(UploadsTest, deleted_media_and_other_tenants_are_no_duplicates) {
  check_duplicates();
  const std::string first = ingest("content");
  good(catalog.remove("default", first, false));
  const std::string second = ingest("content");
  EXPECT_FALSE(second.empty());
  good(catalog.remove("default", second, true));
  good(catalog.remove("default", first, true));
  EXPECT_EQ(store.records("m/same"), 0u);
  EXPECT_FALSE(ingest("content").empty());
  Tenant other = *tenants->tenant("other");
  other.duplicate_check = true;
  good(tenants->update(other));
  const Upload theirs = good(uploads->create("other", {.file_name = "a"}));
  const auto fill = [&]() -> rt::Task<rt::Result<Upload>> {
    auto receiver = co_await uploads->open_receiver("other", theirs.id, 0, {});
    co_await (*receiver)->append(rt::Slice::of_static("content"));
    co_return co_await (*receiver)->finish(true);
  };
  good(fill());
  EXPECT_TRUE(good(uploads->complete("other", theirs.id, {})).duplicate_of.empty());
}

// --- lists and time ---

TEST_F(UploadsTest, lists_come_newest_first_and_page) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    test_now_ms += 1;
    ids.push_back(announce(std::to_string(i)).id);
  }
  const auto page = good(uploads->list("default", {.page = 1, .per_page = 2}));
  EXPECT_EQ(page.total, 5u);
  ASSERT_EQ(page.items.size(), 2u);
  EXPECT_EQ(page.items[0].id, ids[2]);
  EXPECT_EQ(page.items[1].id, ids[1]);
  const auto sorted = good(uploads->list("default", {.per_page = 1, .sort = "createdAt"}));
  EXPECT_EQ(sorted.items[0].id, ids[0]);
  const auto found = good(uploads->list("default", {.filters = {{"name", "3"}, {"state", "created"}}}));
  ASSERT_EQ(found.items.size(), 1u);
  EXPECT_EQ(found.items[0].id, ids[3]);
}

TEST_F(UploadsTest, record_that_does_not_decode_is_told_and_keeps_no_other_from_expiring) {
  const Upload broken = announce();
  const Upload idle = announce();
  store::Transaction damage;
  damage.put("m/upload/default/" + broken.id, "\xff\xff");
  good(store.commit(std::move(damage)));
  test_now_ms += 2 * kDayMs;
  EXPECT_EQ(bad(uploads->sweep()).code, Code::kDamaged);
  EXPECT_EQ(now(idle.id).state, UploadState::kExpired);
}

TEST_F(UploadsTest, one_that_cannot_be_swept_holds_up_no_other) {
  for (int i = 0; i < 3; ++i) announce();
  test_now_ms += kDayMs + 1;
  store.before_commit([&] {
    store.fail_commits(rt::Error{Code::kFull, "no space"});
    store.before_commit([&] { store.fail_commits({}); });
  });
  EXPECT_EQ(bad(uploads->sweep()).code, Code::kFull) << "it is told";
  EXPECT_EQ(store.records(keys::open_uploads()), 1u);
  EXPECT_EQ(good(uploads->sweep()), 1u);
}

TEST_F(UploadsTest, sweeps_do_not_lengthen_the_idle_time) {
  const Upload upload = announce();
  auto receiver = good(uploads->open_receiver("default", upload.id, 0, {}));
  test_now_ms += kDayMs * 3 / 2;
  EXPECT_EQ(good(uploads->sweep()), 0u) << "it is being sent";
  EXPECT_EQ(now(upload.id).expires_ms, test_now_ms + kDayMs);
  (void)rt::run_until_done(receiver->finish(false));
}

TEST_F(UploadsTest, expire_by_their_last_activity) {
  const Upload idle = announce();
  const Upload busy = announce();
  test_now_ms += kDayMs / 2;
  send(busy.id, "some", 0, false);
  send(idle.id, "some", 0, false);
  test_now_ms += kDayMs * 3 / 4;
  send(busy.id, "more", 4, false);
  EXPECT_EQ(good(uploads->sweep()), 0u);
  test_now_ms += kDayMs / 2;
  EXPECT_EQ(good(uploads->sweep()), 1u);
  EXPECT_EQ(now(idle.id).state, UploadState::kExpired);
  EXPECT_EQ(now(busy.id).bytes_received, 8u);
  EXPECT_EQ(store.objects(), 2u) << "the busy one's two parts";
  test_now_ms += kDayMs;
  EXPECT_EQ(good(uploads->sweep()), 1u);
  EXPECT_EQ(store.objects(), 0u);
  EXPECT_EQ(store.records("m/upload.open/"), 0u);
  EXPECT_EQ(bad(uploads->complete("default", busy.id, {})).code, Code::kConflict);
}

TEST_F(UploadsTest, full_disk_loses_nothing_that_was_kept) {
  const Upload upload = announce();
  send(upload.id, "kept", 0, false);
  store.fail_commits(rt::Error{Code::kFull, "no space"});
  EXPECT_EQ(bad(sending(upload.id, 4, "lost")).code, Code::kFull);
  store.fail_commits(std::nullopt);
  EXPECT_EQ(now(upload.id).bytes_received, 4u);
  send(upload.id, " here", 4);
  good(uploads->complete("default", upload.id, {}));
}

}  // namespace
}  // namespace millrace::media
