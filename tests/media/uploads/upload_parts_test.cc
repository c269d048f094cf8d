// Uploads of type multipart: their bytes come through the bucket `uploads`.
#include <algorithm>
#include <functional>
#include <optional>
#include <semaphore>
#include <thread>

#include "media/uploads/upload_keys.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

using rt::Code;

class UploadPartsTest : public World {
 protected:
  Upload now(const Upload& upload) { return good(uploads->get("default", upload.id)); }
  MultipartRef begin(const Upload& upload) {
    return good(multiparts->create({.tenant = "default", .bucket = "uploads", .key = upload_object_key(upload)})).ref;
  }
  NamedPart put(const MultipartRef& ref, std::uint32_t number, std::string bytes) {
    return {.number = number,
            .etag = good(multiparts->put_part(ref, {.number = number}, draft(std::move(bytes)))).etag};
  }
  BucketObject complete(const MultipartRef& ref, std::vector<NamedPart> parts) {
    return good(multiparts->complete(ref, {.parts = std::move(parts)}));
  }
  PutObject object(const Upload& upload) const {
    return {.tenant = "default", .bucket = "uploads", .key = upload_object_key(upload)};
  }
  Upload finish(const Upload& upload) { return good(uploads->complete("default", upload.id, {})).upload; }
  std::vector<std::string> listed(KeyListing listing) {
    std::vector<std::string> keys;
    const ObjectPage page = good(buckets->list_objects("default", "uploads", std::move(listing)));
    for (const BucketObject& each : page.objects) keys.push_back(each.key);
    std::ranges::copy(page.common_prefixes, std::back_inserter(keys));
    return keys;
  }
};

TEST_F(UploadPartsTest, parts_become_a_media) {
  const Upload upload = announce();
  const MultipartRef ref = begin(upload);
  EXPECT_EQ(now(upload).state, UploadState::kCreated);
  const NamedPart two = put(ref, 2, "5");
  const NamedPart one = put(ref, 1, "1234");
  EXPECT_EQ(now(upload).state, UploadState::kUploading);
  EXPECT_EQ(now(upload).bytes_received, 5u);
  EXPECT_FALSE(now(upload).whole);
  const BucketObject whole = complete(ref, {one, two});
  EXPECT_TRUE(whole.etag.ends_with("-2"));
  EXPECT_TRUE(now(upload).whole);
  EXPECT_EQ(complete(ref, {one, two}).etag, whole.etag) << "a repeat";
  const std::size_t objects = store.objects();
  EXPECT_EQ(bytes_of(finish(upload).media_id), "12345");
  EXPECT_EQ(store.objects(), objects);
  EXPECT_EQ(store.records("m/part/"), 0u);
  EXPECT_EQ(store.records("m/object/"), 0u);
}

TEST_F(UploadPartsTest, single_put_becomes_a_media) {
  const Upload upload = announce();
  good(buckets->begin(object(upload), 3));
  good(buckets->put(object(upload), draft("old")));
  good(buckets->put(object(upload), draft("new!")));
  EXPECT_EQ(store.objects(), 1u);
  EXPECT_EQ(now(upload).bytes_received, 4u);
  EXPECT_EQ(bytes_of(finish(upload).media_id), "new!");
}

TEST_F(UploadPartsTest, empty_put_becomes_a_media_of_no_bytes) {
  const Upload upload = announce();
  good(buckets->put(object(upload), draft("")));
  EXPECT_EQ(bytes_of(finish(upload).media_id), "");
}

TEST_F(UploadPartsTest, completing_too_early_says_what_is_missing) {
  const Upload upload = announce();
  rt::Error error = bad(uploads->complete("default", upload.id, {}));
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_NE(error.message.find(upload_object_key(upload)), std::string::npos) << error.message;
  put(begin(upload), 1, "1234");
  error = bad(uploads->complete("default", upload.id, {}));
  EXPECT_EQ(error.code, Code::kConflict);
  EXPECT_NE(error.message.find("1 parts with 4 bytes"), std::string::npos) << error.message;
}

TEST_F(UploadPartsTest, parts_are_activity) {
  const Upload upload = announce();
  const MultipartRef ref = begin(upload);
  for (std::uint32_t day = 1; day < 5; ++day) {
    test_now_ms += kDayMs - 1;
    put(ref, day, "1234");
    EXPECT_EQ(good(uploads->sweep()) + good(multiparts->sweep()), 0u);
    EXPECT_EQ(now(upload).expires_ms, test_now_ms + kDayMs);
  }
  test_now_ms += kDayMs + 1;
  EXPECT_EQ(good(uploads->sweep()), 1u);
  EXPECT_EQ(now(upload).state, UploadState::kExpired);
  EXPECT_EQ(store.objects(), 0u);
  EXPECT_EQ(store.records("m/multipart"), 0u);
}

TEST_F(UploadPartsTest, part_on_its_way_is_activity) {
  const Upload upload = announce();
  const MultipartRef ref = begin(upload);
  {
    Intake intake = good(multiparts->begin_part(ref, 1, 100));
    intake.arrival.advance(60);
    for (int day = 0; day < 3; ++day) {
      test_now_ms += kDayMs + 1;
      EXPECT_EQ(good(uploads->sweep()) + good(multiparts->sweep()), 0u);
    }
    EXPECT_EQ(now(upload).state, UploadState::kUploading);
    EXPECT_EQ(now(upload).bytes_received, 60u);
    EXPECT_EQ(now(upload).expires_ms, test_now_ms + kDayMs);
    test_now_ms += 5;
  }
  const std::int64_t cut_ms = test_now_ms;
  EXPECT_EQ(now(upload).expires_ms, cut_ms + kDayMs) << "who was cut may come back for as long as everybody";
  test_now_ms = cut_ms + kDayMs - 1;
  EXPECT_EQ(good(uploads->sweep()) + good(multiparts->sweep()), 0u);
  put(ref, 1, "1234");
  test_now_ms += kDayMs + 1;
  EXPECT_EQ(good(uploads->sweep()), 1u);
}

// The seal, the end of the upload, the two steps of the abort.
TEST_F(UploadPartsTest, what_comes_while_it_expires_is_kept_or_refused) {
  for (int late_commit = 1; late_commit <= 4; ++late_commit) {
    const Upload upload = announce();
    const MultipartRef ref = begin(upload);
    put(ref, 1, "1234");
    test_now_ms += kDayMs + 1;
    bool answered_good = false;
    int commits = 0;
    std::function<void()> step = [&] {
      if (++commits < late_commit) return store.before_commit(step);
      std::thread([&] {
        answered_good = rt::run_until_done(multiparts->put_part(ref, {.number = 2}, draft("late"))).has_value();
      }).join();
    };
    store.before_commit(step);
    const std::size_t expired = good(uploads->sweep());
    EXPECT_EQ(answered_good, late_commit <= 2) << late_commit;
    EXPECT_EQ(expired, answered_good ? 0u : 1u) << late_commit;
    EXPECT_EQ(is_open(now(upload)), answered_good) << late_commit;
    if (answered_good) EXPECT_EQ(now(upload).bytes_received, 8u) << late_commit;
    good(uploads->cancel("default", upload.id));
    EXPECT_EQ(store.objects(), 0u) << late_commit;
  }
}

// The part has seen the upload open, and is committed after its end but before its multipart uploads are aborted.
TEST_F(UploadPartsTest, part_that_comes_too_late_is_refused) {
  const Upload upload = announce();
  const MultipartRef ref = begin(upload);
  test_now_ms += kDayMs + 1;
  std::binary_semaphore reached(0);
  std::binary_semaphore released(0);
  std::thread late;
  store.before_commit([&] {        // of the seal
    store.before_commit([&] {      // of the end
      store.before_commit([&] {    // of the part
        store.before_commit([&] {  // of the abort
          released.release();
          late.join();
        });
        reached.release();
        released.acquire();
      });
      late = std::thread([&] { bad(multiparts->put_part(ref, {.number = 1}, draft("1234"))); });
      reached.acquire();
    });
  });
  EXPECT_EQ(good(uploads->sweep()), 1u);
  EXPECT_EQ(store.objects(), 0u);
}

TEST_F(UploadPartsTest, begun_while_it_expires_keeps_it) {
  for (int late_commit = 1; late_commit <= 2; ++late_commit) {
    const Upload upload = announce();
    begin(upload);
    test_now_ms += kDayMs + 1;
    int commits = 0;
    std::optional<MultipartRef> late;
    std::function<void()> step = [&] {
      if (++commits < late_commit) return store.before_commit(step);
      std::thread([&] { late = begin(upload); }).join();
    };
    store.before_commit(step);
    EXPECT_EQ(good(uploads->sweep()), 0u) << late_commit;
    put(*late, 1, "1234");
    good(uploads->cancel("default", upload.id));
  }
}

TEST_F(UploadPartsTest, part_that_is_committed_is_remembered_by_its_record) {
  const Upload upload = announce();
  const MultipartRef ref = begin(upload);
  Intake intake = good(multiparts->begin_part(ref, 1, 4));
  intake.arrival.advance(4);
  good(multiparts->put_part(ref, {.number = 1}, draft("1234"), std::move(intake.arrival)));
  EXPECT_EQ(uploads->incoming().bodies.size(), 0u);
  EXPECT_EQ(now(upload).bytes_received, 4u);
}

TEST_F(UploadPartsTest, object_on_its_way_is_activity) {
  const Upload upload = announce();
  Intake intake = good(buckets->begin(object(upload), 100));
  intake.arrival.advance(60);
  test_now_ms += kDayMs + 1;
  EXPECT_EQ(good(uploads->sweep()), 0u);
  EXPECT_EQ(now(upload).bytes_received, 60u);
  good(buckets->put(object(upload), draft("content"), std::move(intake.arrival)));
  EXPECT_EQ(now(upload).bytes_received, 7u);
  EXPECT_EQ(uploads->incoming().bodies.size(), 0u);
  test_now_ms += kDayMs + 1;
  EXPECT_EQ(good(uploads->sweep()), 1u);
}

TEST_F(UploadPartsTest, refused_body_leaves_no_trace) {
  const Upload upload = announce();
  bad(buckets->begin({.tenant = "default", .bucket = "uploads", .key = "nobody/has"}, {}));
  MultipartRef strange = begin(upload);
  strange.id = "nobody";
  bad(multiparts->begin_part(strange, 1, {}));
  EXPECT_EQ(uploads->incoming().bodies.size(), 0u);
}

TEST_F(UploadPartsTest, cancelling_frees_the_parts) {
  const Upload upload = announce();
  const MultipartRef ref = begin(upload);
  put(ref, 1, "1234");
  put(begin(upload), 1, "another try");
  good(uploads->cancel("default", upload.id));
  EXPECT_EQ(store.objects(), 0u);
  EXPECT_EQ(store.records("m/multipart"), 0u);
  EXPECT_EQ(bad(multiparts->put_part(ref, {.number = 2}, draft("x"))).field, "uploadId");
  EXPECT_EQ(bad(multiparts->create({.tenant = "default", .bucket = "uploads", .key = upload_object_key(upload)})).code,
            Code::kForbidden);
  EXPECT_EQ(bad(buckets->begin(object(upload), {})).code, Code::kForbidden);
}

TEST_F(UploadPartsTest, completing_aborts_what_else_was_begun) {
  const Upload upload = announce();
  put(begin(upload), 1, "given up");
  good(buckets->put(object(upload), draft("content")));
  EXPECT_EQ(bytes_of(finish(upload).media_id), "content");
  EXPECT_EQ(store.objects(), 1u);
  EXPECT_EQ(store.records("m/multipart/"), 0u);
}

TEST_F(UploadPartsTest, begun_while_cancelled_is_not_left_behind) {
  const Upload upload = announce();
  store.before_commit([&] { std::thread([&] { good(uploads->cancel("default", upload.id)); }).join(); });
  EXPECT_EQ(bad(multiparts->create({.tenant = "default", .bucket = "uploads", .key = upload_object_key(upload)})).code,
            Code::kForbidden);
  EXPECT_EQ(store.records("m/multipart"), 0u);
}

TEST_F(UploadPartsTest, only_keys_of_open_uploads_can_be_written) {
  const Upload upload = announce();
  const auto refused = [&](std::string key) {
    const PutObject input{.tenant = "default", .bucket = "uploads", .key = std::move(key)};
    return bad(buckets->begin(input, {})).code == Code::kForbidden &&
           bad(buckets->put(input, draft("x"))).code == Code::kForbidden;
  };
  EXPECT_TRUE(refused("anything"));
  EXPECT_TRUE(refused(upload.id));
  EXPECT_TRUE(refused(upload.id + "/"));
  EXPECT_TRUE(refused(upload.id + "/other.mp4"));
  EXPECT_TRUE(refused("/" + upload_object_key(upload)));
  const Upload put_type = good(uploads->create("default", {.type = UploadType::kPut, .file_name = "a"}));
  EXPECT_TRUE(refused(put_type.id + "/a"));
  EXPECT_EQ(bad(buckets->remove_object("default", "uploads", upload_object_key(upload))).code, Code::kForbidden);
  PutObject theirs = object(upload);
  theirs.tenant = "other";
  EXPECT_EQ(bad(buckets->begin(theirs, {})).code, Code::kForbidden);
  EXPECT_EQ(store.objects(), 0u);
}

TEST_F(UploadPartsTest, announced_size_must_come) {
  const Upload upload = good(uploads->create("default", {.file_name = "a", .declared_bytes = 8}));
  EXPECT_EQ(bad(buckets->begin(object(upload), 7)).code, Code::kInvalid);
  EXPECT_EQ(bad(buckets->begin(object(upload), 9)).code, Code::kTooLarge);
  EXPECT_EQ(bad(buckets->put(object(upload), draft("1234567"))).field, "fileSize");
  const MultipartRef ref = begin(upload);
  EXPECT_EQ(bad(multiparts->begin_part(ref, 1, 9)).code, Code::kTooLarge);
  const NamedPart one = put(ref, 1, "1234");
  EXPECT_EQ(bad(multiparts->complete(ref, {.parts = {one}})).field, "fileSize");
  complete(ref, {one, put(ref, 2, "5678")});
  EXPECT_EQ(bytes_of(finish(upload).media_id), "12345678");
}

TEST_F(UploadPartsTest, whole_uploads_are_objects_of_the_bucket) {
  const Upload open = announce("open.mp4");
  const Upload whole = announce("whole.mp4");
  const Upload done = announce("done.mp4");
  const BucketObject put_object = good(buckets->put(object(whole), draft("content")));
  good(buckets->put(object(done), draft("done")));
  finish(done);
  const BucketObject found = good(buckets->object("default", "uploads", upload_object_key(whole)));
  EXPECT_EQ(found.etag, put_object.etag);
  EXPECT_EQ(store.bytes(found.object), "content");
  EXPECT_EQ(bad(buckets->object("default", "uploads", upload_object_key(open))).field, "key");
  EXPECT_EQ(bad(buckets->object("default", "uploads", upload_object_key(done))).field, "key");
  EXPECT_EQ(listed({}), std::vector<std::string>{upload_object_key(whole)});
  EXPECT_EQ(listed({.delimiter = "/"}), std::vector<std::string>{whole.id + "/"});
  EXPECT_EQ(listed({.prefix = whole.id + "/", .delimiter = "/"}), std::vector<std::string>{upload_object_key(whole)});
  EXPECT_TRUE(listed({.after = upload_object_key(whole)}).empty());
  EXPECT_TRUE(listed({.delimiter = "/", .after = whole.id + "/"}).empty());
  EXPECT_TRUE(listed({.prefix = open.id}).empty());
}

TEST_F(UploadPartsTest, lists_of_uploads_show_progress) {
  const Upload upload = announce();
  put(begin(upload), 1, "1234");
  EXPECT_EQ(good(uploads->list("default", {})).items.at(0).bytes_received, 4u);
  EXPECT_EQ(good(uploads->list("default", {.filters = {{"state", "uploading"}}})).items.size(), 1u);
}

TEST_F(UploadPartsTest, asking_again_reads_no_parts) {
  const Upload upload = announce();
  const MultipartRef ref = begin(upload);
  for (std::uint32_t number = 1; number <= 3; ++number) put(ref, number, "1234");
  EXPECT_EQ(now(upload).bytes_received, 12u);
  const std::size_t scans = store.scanned_records();
  EXPECT_EQ(now(upload).bytes_received, 12u);
  put(ref, 2, "123456789");
  put(ref, 4, "1");
  EXPECT_EQ(now(upload).bytes_received, 18u) << "a part was replaced, another added";
  EXPECT_EQ(good(uploads->list("default", {})).items.at(0).bytes_received, 18u);
  EXPECT_EQ(store.scanned_records(), scans + 4) << "the multipart upload three times, the list's one row";
}

TEST_F(UploadPartsTest, progress_does_not_drift) {
  const Upload upload = announce();
  const MultipartRef ref = begin(upload);
  std::vector<std::thread> threads;
  for (std::uint32_t seed = 0; seed < 3; ++seed) {
    threads.emplace_back([&, seed] {
      for (std::uint32_t n = 0; n < 60; ++n) put(ref, 1 + (n * 7 + seed) % 20, std::string(1 + (n + seed) % 9, 'x'));
    });
  }
  threads.emplace_back([&] {
    for (int n = 0; n < 200; ++n) {
      if (n % 10 == 0) uploads->incoming().sums.forget(ref.id);
      now(upload);
    }
  });
  for (auto& thread : threads) thread.join();
  const Upload told = now(upload);
  uploads->incoming().sums.forget(ref.id);
  EXPECT_EQ(told.bytes_received, now(upload).bytes_received);
}

TEST_F(UploadPartsTest, commit_of_unknown_outcome_is_counted_anew) {
  const Upload upload = announce();
  const MultipartRef ref = begin(upload);
  put(ref, 1, "1234");
  EXPECT_EQ(now(upload).bytes_received, 4u);
  store.fail_commits(rt::Error{Code::kUnavailable, "who knows"});
  bad(multiparts->put_part(ref, {.number = 2}, draft("5")));
  store.fail_commits({});
  EXPECT_FALSE(uploads->incoming().sums.find(ref.id));
  EXPECT_EQ(now(upload).bytes_received, 4u);
}

TEST_F(UploadPartsTest, duplicate_is_found) {
  check_duplicates();
  const std::string media = ingest("content");
  const Upload upload = announce();
  const MultipartRef ref = begin(upload);
  complete(ref, {put(ref, 1, "cont"), put(ref, 2, "ent")});
  EXPECT_EQ(good(uploads->complete("default", upload.id, {})).duplicate_of, media);
  EXPECT_EQ(store.objects(), 1u);
}

TEST_F(UploadPartsTest, of_one_upload_only_so_many_run) {
  const Upload upload = announce();
  for (int i = 0; i < 8; ++i) begin(upload);
  EXPECT_EQ(bad(multiparts->create({.tenant = "default", .bucket = "uploads", .key = upload_object_key(upload)})).code,
            Code::kTooMany);
}

}  // namespace
}  // namespace millrace::media
