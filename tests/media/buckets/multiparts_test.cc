#include "media/buckets/multiparts.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <thread>

#include "media/buckets/checksum_hasher.h"
#include "media/buckets/multipart_records.h"
#include "media/records/keys.h"
#include "server/http/crypto.h"
#include "store/crc.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

using rt::Code;

class MultipartsTest : public World {
 protected:
  MultipartsTest() { good(buckets->create("default", "stuff")); }

  MultipartRef begin(std::string key = "clip.mp4", std::optional<ChecksumAlgorithm> algorithm = {},
                     std::optional<bool> composite = {}) {
    return good(multiparts->create({.tenant = "default",
                                    .bucket = "stuff",
                                    .key = std::move(key),
                                    .headers = {.content_type = "video/mp4"},
                                    .algorithm = algorithm,
                                    .composite = composite}))
        .ref;
  }
  NamedPart put(const MultipartRef& ref, std::uint32_t number, std::string bytes,
                std::vector<Checksum> checksums = {}) {
    PutPart input{.number = number, .checksums = std::move(checksums)};
    return {.number = number, .etag = good(multiparts->put_part(ref, std::move(input), draft(std::move(bytes)))).etag};
  }
  BucketObject complete(const MultipartRef& ref, std::vector<NamedPart> parts) {
    return good(multiparts->complete(ref, {.parts = std::move(parts)}));
  }
  rt::Error refusal(const MultipartRef& ref, CompleteMultipart input) {
    return bad(multiparts->complete(ref, std::move(input)));
  }
  std::string content(const std::string& key) {
    return store.bytes(good(buckets->object("default", "stuff", key)).object).value_or("no such object");
  }
  // Nothing but finished objects is left.
  void expect_clean() {
    EXPECT_EQ(store.records("m/part/"), 0u);
    EXPECT_EQ(store.records("m/multipart/"), 0u);
    EXPECT_EQ(store.objects(), store.records("m/object/"));
  }
};

TEST_F(MultipartsTest, parts_in_any_order_become_one_object) {
  const MultipartRef ref = begin();
  const NamedPart third = put(ref, 3, "789");
  const NamedPart first = put(ref, 1, "1234");
  const NamedPart second = put(ref, 2, "5678");
  const std::size_t commits = store.commits();
  const BucketObject object = complete(ref, {first, second, third});
  EXPECT_EQ(store.commits(), commits + 2) << "the seal and the one that does it all";
  EXPECT_EQ(content("clip.mp4"), "12345678789");
  EXPECT_EQ(object.size_bytes, 11u);
  EXPECT_EQ(object.headers.content_type, "video/mp4");
  EXPECT_TRUE(object.etag.ends_with("-3"));
  EXPECT_EQ(object.part_count, 3u);
  const auto parts = good(buckets->parts(object));
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[2].number, 3u);
  EXPECT_EQ(parts[2].size_bytes, 3u);
  expect_clean();
  good(buckets->remove_object("default", "stuff", "clip.mp4"));
  EXPECT_EQ(store.records("m/object.parts/"), 0u);
}

TEST_F(MultipartsTest, part_may_be_replaced_and_left_out) {
  const MultipartRef ref = begin();
  const NamedPart old = put(ref, 1, "old!");
  const NamedPart one = put(ref, 1, "new!");
  put(ref, 2, "left out");
  EXPECT_EQ(store.objects(), 2u);
  EXPECT_EQ(refusal(ref, {.parts = {old}}).field, "part");
  complete(ref, {one});
  EXPECT_EQ(content("clip.mp4"), "new!");
  expect_clean();
}

TEST_F(MultipartsTest, repeat_answers_the_same) {
  const MultipartRef ref = begin();
  const std::vector<NamedPart> parts{put(ref, 1, "1234"), put(ref, 2, "5")};
  const BucketObject first = complete(ref, parts);
  EXPECT_EQ(complete(ref, parts).etag, first.etag);
  EXPECT_EQ(complete(ref, parts).object, first.object);
  EXPECT_EQ(refusal(ref, {.parts = {parts[0]}}).field, "uploadId");
  EXPECT_EQ(bad(multiparts->abort(ref)).field, "uploadId");
  EXPECT_EQ(bad(multiparts->begin_part(ref, 1, {})).field, "uploadId");
}

TEST_F(MultipartsTest, completions_at_once_make_one_object) {
  const MultipartRef ref = begin();
  const std::vector<NamedPart> parts{put(ref, 1, "1234"), put(ref, 2, "5")};
  std::vector<BucketObject> made(6);
  std::vector<std::thread> threads;
  for (auto& each : made) threads.emplace_back([&] { each = complete(ref, parts); });
  for (auto& thread : threads) thread.join();
  for (const auto& each : made) EXPECT_EQ(each.object, made[0].object);
  EXPECT_EQ(content("clip.mp4"), "12345");
  expect_clean();
}

TEST_F(MultipartsTest, list_is_checked) {
  const MultipartRef ref = begin();
  const NamedPart one = put(ref, 1, "1234");
  const NamedPart small = put(ref, 2, "123");
  const NamedPart last = put(ref, 3, "1");
  EXPECT_EQ(refusal(ref, {}).field, "parts");
  EXPECT_EQ(refusal(ref, {.parts = {small, one}}).field, "partOrder");
  EXPECT_EQ(refusal(ref, {.parts = {one, one}}).field, "partOrder");
  EXPECT_EQ(refusal(ref, {.parts = {one, {.number = 2, .etag = "wrong"}}}).field, "part");
  EXPECT_EQ(refusal(ref, {.parts = {one, {.number = 7, .etag = one.etag}}}).field, "part");
  EXPECT_EQ(refusal(ref, {.parts = {one, small, last}}).field, "partSize");
  EXPECT_EQ(refusal(ref, {.parts = {small, {.number = 7, .etag = one.etag}}}).field, "part") << "missing before small";
  EXPECT_EQ(refusal(ref, {.parts = {one}, .size_bytes = 5}).field, "fileSize");
  NamedPart claimed = one;
  claimed.checksums = {crc32_checksum(1)};
  EXPECT_EQ(refusal(ref, {.parts = {claimed}}).field, "part");
  std::vector<NamedPart> many(kPartsMax + 1);
  for (std::uint32_t i = 0; i < many.size(); ++i) many[i].number = i + 1;
  EXPECT_EQ(refusal(ref, {.parts = many}).field, "parts");
  EXPECT_EQ(good(multiparts->list_parts(ref, 0, 10)).parts.size(), 3u) << "nothing was lost";
  complete(ref, {one, last});
  EXPECT_EQ(content("clip.mp4"), "12341");
}

TEST_F(MultipartsTest, numbers_and_sizes_of_parts_are_bounded) {
  const MultipartRef ref = begin();
  EXPECT_EQ(bad(multiparts->begin_part(ref, 0, {})).field, "partNumber");
  EXPECT_EQ(bad(multiparts->begin_part(ref, 10'001, {})).field, "partNumber");
  EXPECT_EQ(bad(multiparts->put_part(ref, {.number = 10'001}, draft("x"))).field, "partNumber");
  EXPECT_EQ(good(multiparts->begin_part(ref, 10'000, kPartMaxBytes)).bytes_max, kPartMaxBytes);
  EXPECT_EQ(bad(multiparts->begin_part(ref, 1, kPartMaxBytes + 1)).field, "fileSize");
  MultipartRef strange = ref;
  strange.key = "another";
  EXPECT_EQ(bad(multiparts->begin_part(strange, 1, {})).field, "uploadId");
  strange = ref;
  strange.tenant = "other";
  EXPECT_EQ(bad(multiparts->begin_part(strange, 1, {})).field, "bucket");
}

TEST_F(MultipartsTest, ten_thousand_parts_join_at_once) {
  const MultipartRef ref = begin();
  std::vector<NamedPart> parts;
  std::string whole;
  for (std::uint32_t number = 1; number <= kPartsMax; ++number) {
    whole += fmt::format("{:05}", number);
    parts.push_back(put(ref, number, fmt::format("{:05}", number)));
  }
  const BucketObject object = complete(ref, parts);
  EXPECT_EQ(content("clip.mp4"), whole);
  EXPECT_EQ(good(buckets->parts(object)).size(), kPartsMax);
  expect_clean();
}

TEST_F(MultipartsTest, parts_in_parallel_are_all_there) {
  const MultipartRef ref = begin();
  std::vector<NamedPart> parts(64);
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (std::uint32_t n = i; n < parts.size(); n += 4) parts[n] = put(ref, n + 1, fmt::format("{:04}", n));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(complete(ref, parts).size_bytes, 256u);
  expect_clean();
}

TEST_F(MultipartsTest, part_that_comes_while_completing_is_not_left_behind) {
  for (int late_commit = 1; late_commit <= 2; ++late_commit) {
    const std::string key = fmt::format("key {}", late_commit);
    const MultipartRef ref = begin(key);
    const NamedPart one = put(ref, 1, "1234");
    int commits = 0;
    std::function<void()> step = [&] {
      if (++commits < late_commit) return store.before_commit(step);
      std::thread([&] { put(ref, 2, "late"); }).join();
    };
    store.before_commit(step);
    complete(ref, {one});
    EXPECT_EQ(content(key), "1234");
    expect_clean();
  }
}

TEST_F(MultipartsTest, part_that_comes_while_aborting_is_not_left_behind) {
  const MultipartRef ref = begin();
  put(ref, 1, "1234");
  int commits = 0;
  std::function<void()> step = [&] {
    if (++commits < 2) return store.before_commit(step);
    std::thread([&] { put(ref, 2, "late"); }).join();
  };
  store.before_commit(step);
  good(multiparts->abort(ref));
  expect_clean();
}

TEST_F(MultipartsTest, random_life_leaves_nothing_behind) {
  std::mt19937 random(11);
  for (int life = 0; life < 20; ++life) {
    const MultipartRef ref = begin("shared");
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&, seed = random()] {
        std::mt19937 dice(seed);
        for (int n = 0; n < 10; ++n) {
          const PutPart input{.number = static_cast<std::uint32_t>(1 + dice() % 3)};
          (void)rt::run_until_done(multiparts->put_part(ref, input, draft("data")));
        }
      });
    }
    const NamedPart one{.number = 1, .etag = etag_of({}, store::crc64nvme_update(0, http::bytes_of("data")), 4)};
    threads.emplace_back([&] { (void)rt::run_until_done(multiparts->complete(ref, {.parts = {one}})); });
    threads.emplace_back([&] { (void)rt::run_until_done(multiparts->abort(ref)); });
    for (auto& thread : threads) thread.join();
    (void)rt::run_until_done(multiparts->abort(ref));
    expect_clean();
  }
}

TEST_F(MultipartsTest, abort_frees_the_parts) {
  const MultipartRef ref = begin();
  put(ref, 1, "1234");
  put(ref, 2, "5678");
  good(multiparts->abort(ref));
  EXPECT_EQ(bad(multiparts->abort(ref)).field, "uploadId");
  EXPECT_EQ(bad(multiparts->put_part(ref, {.number = 1}, draft("x"))).field, "uploadId");
  EXPECT_EQ(store.records("m/multipart"), 0u);
  expect_clean();
}

TEST_F(MultipartsTest, idle_ones_expire_by_their_last_part) {
  const MultipartRef idle = begin("idle");
  const MultipartRef busy = begin("busy");
  put(idle, 1, "1234");
  put(busy, 1, "1234");
  test_now_ms += kDayMs / 2;
  put(busy, 2, "1234");
  test_now_ms += kDayMs / 2 + 1;
  EXPECT_EQ(good(multiparts->sweep()), 1u);
  EXPECT_EQ(bad(multiparts->get(idle)).field, "uploadId");
  EXPECT_EQ(store.objects(), 2u);
  EXPECT_EQ(good(multiparts->sweep()), 0u);
  test_now_ms += kDayMs / 2;
  EXPECT_EQ(good(multiparts->sweep()), 1u);
  EXPECT_EQ(store.objects(), 0u);
  EXPECT_EQ(store.records("m/multipart"), 0u);
}

TEST_F(MultipartsTest, part_that_comes_while_it_expires_is_kept) {
  for (int late_commit = 1; late_commit <= 2; ++late_commit) {
    const MultipartRef ref = begin(fmt::format("key {}", late_commit));
    put(ref, 1, "1234");
    test_now_ms += kDayMs + 1;
    int commits = 0;
    std::function<void()> step = [&] {
      if (++commits < late_commit) return store.before_commit(step);
      std::thread([&] { put(ref, 2, "late"); }).join();
    };
    store.before_commit(step);
    EXPECT_EQ(good(multiparts->sweep()), 0u) << late_commit;
    EXPECT_EQ(good(multiparts->list_parts(ref, 0, 10)).parts.size(), 2u) << late_commit;
    test_now_ms += kDayMs - 1;
    EXPECT_EQ(good(multiparts->sweep()), 0u) << late_commit;
    test_now_ms += 2;
    EXPECT_EQ(good(multiparts->sweep()), 1u) << late_commit;
    expect_clean();
  }
}

TEST_F(MultipartsTest, body_that_comes_while_it_expires_keeps_it) {
  const MultipartRef ref = begin();
  test_now_ms += kDayMs + 1;
  std::optional<Intake> intake;
  store.before_commit([&] { std::thread([&] { intake.emplace(good(multiparts->begin_part(ref, 1, {}))); }).join(); });
  EXPECT_EQ(good(multiparts->sweep()), 0u);
  put(ref, 1, "1234");
}

TEST_F(MultipartsTest, part_on_its_way_is_activity) {
  const MultipartRef ref = begin();
  {
    Intake intake = good(multiparts->begin_part(ref, 1, {}));
    intake.arrival.advance(1);
    test_now_ms += kDayMs + 1;
    EXPECT_EQ(good(multiparts->sweep()), 0u);
    test_now_ms += kDayMs + 1;
    EXPECT_EQ(good(multiparts->sweep()), 0u);
  }
  test_now_ms += kDayMs - 1;
  EXPECT_EQ(good(multiparts->sweep()), 0u);
  test_now_ms += 2;
  EXPECT_EQ(good(multiparts->sweep()), 1u);
}

TEST_F(MultipartsTest, one_that_cannot_be_swept_holds_up_no_other) {
  begin("first");
  begin("second");
  begin("third");
  test_now_ms += kDayMs + 1;
  store.before_commit([&] {
    store.fail_commits(rt::Error{Code::kFull, "no space"});
    store.before_commit([&] { store.fail_commits({}); });
  });
  EXPECT_EQ(bad(multiparts->sweep()).code, Code::kFull) << "it is told";
  EXPECT_EQ(store.records("m/multipart/"), 1u);
  EXPECT_EQ(good(multiparts->sweep()), 1u);
}

TEST_F(MultipartsTest, damaged_record_is_told_and_holds_up_no_other) {
  const MultipartRef ref = begin("a");
  store::Transaction damage;
  damage.put(keys::multipart(path_of(ref)), "\xff no record");
  good(store.commit(std::move(damage)));
  const MultipartRef other = begin("b");
  test_now_ms += kDayMs + 1;
  EXPECT_EQ(bad(multiparts->sweep()).code, Code::kDamaged);
  EXPECT_EQ(bad(multiparts->get(other)).field, "uploadId");
}

TEST_F(MultipartsTest, answer_to_a_repeat_is_forgotten) {
  const MultipartRef ref = begin();
  const NamedPart one = put(ref, 1, "1234");
  complete(ref, {one});
  test_now_ms += kDayMs + 2;
  EXPECT_EQ(good(multiparts->sweep()), 0u);
  EXPECT_EQ(store.records("m/multipart"), 0u);
  EXPECT_EQ(refusal(ref, {.parts = {one}}).field, "uploadId");
  EXPECT_EQ(content("clip.mp4"), "1234");
}

TEST_F(MultipartsTest, parts_are_listed_in_pages) {
  const MultipartRef ref = begin();
  for (const std::uint32_t number : {9u, 1u, 256u, 17u}) put(ref, number, "1234");
  const PartPage first = good(multiparts->list_parts(ref, 0, 2));
  EXPECT_TRUE(first.more);
  EXPECT_EQ(first.parts[1].number, 9u);
  const PartPage second = good(multiparts->list_parts(ref, 9, 2));
  EXPECT_FALSE(second.more);
  EXPECT_EQ(second.parts[0].number, 17u);
  EXPECT_EQ(second.parts[1].number, 256u);
  EXPECT_EQ(second.multipart.headers.content_type, "video/mp4");
}

TEST_F(MultipartsTest, multiparts_are_listed_in_pages) {
  const MultipartRef a1 = begin("a");
  const MultipartRef a2 = begin("a");
  const MultipartRef below = begin("dir/b");
  const MultipartRef c = begin("c");
  const auto list = [&](MultipartListing listing) {
    return good(multiparts->list("default", "stuff", std::move(listing)));
  };
  const MultipartPage all = list({});
  ASSERT_EQ(all.multiparts.size(), 4u);
  EXPECT_EQ(all.multiparts[0].ref.id, std::min(a1.id, a2.id));
  EXPECT_EQ(all.multiparts[2].ref, c);
  const MultipartPage one = list({.keys = {.limit = 1}});
  EXPECT_TRUE(one.more);
  EXPECT_EQ(one.next_key, "a");
  EXPECT_EQ(one.next_id, std::min(a1.id, a2.id));
  const MultipartPage two = list({.keys = {.after = one.next_key, .limit = 1}, .after_id = one.next_id});
  EXPECT_EQ(two.multiparts.at(0).ref.id, std::max(a1.id, a2.id));
  EXPECT_EQ(list({.keys = {.after = "a"}}).multiparts.at(0).ref, c);
  const MultipartPage grouped = list({.keys = {.delimiter = "/"}});
  EXPECT_EQ(grouped.multiparts.size(), 3u);
  EXPECT_EQ(grouped.common_prefixes, std::vector<std::string>{"dir/"});
  EXPECT_TRUE(list({.keys = {.delimiter = "/", .after = "dir/"}}).common_prefixes.empty());
  EXPECT_EQ(list({.keys = {.delimiter = "-"}}).common_prefixes.size(), 0u) << "ids are no part of keys";
  EXPECT_EQ(list({.keys = {.prefix = "dir/"}}).multiparts.at(0).ref, below);
}

TEST_F(MultipartsTest, full_object_checksums_are_combined) {
  const auto crc32 = [](std::string_view text) { return store::crc32_update(0, http::bytes_of(text)); };
  const auto crc64 = [](std::string_view text) { return store::crc64nvme_update(0, http::bytes_of(text)); };
  MultipartRef ref = begin("plain");
  EXPECT_EQ(complete(ref, {put(ref, 1, "hello "), put(ref, 2, "world")}).checksums.at(0),
            crc64nvme_checksum(crc64("hello world")));
  ref = begin("full", ChecksumAlgorithm::kCrc32, false);
  const std::vector<NamedPart> parts{put(ref, 1, "hello "), put(ref, 2, "world")};
  EXPECT_EQ(refusal(ref, {.parts = parts, .checksum = crc32_checksum(1)}).field, "checksum");
  EXPECT_EQ(refusal(ref, {.parts = parts, .checksum = crc64nvme_checksum(1)}).field, "checksum");
  const Checksum right = crc32_checksum(crc32("hello world"));
  EXPECT_EQ(good(multiparts->complete(ref, {.parts = parts, .checksum = right})).checksums.at(0), right);
}

TEST_F(MultipartsTest, composite_checksums_are_of_the_parts) {
  const MultipartRef ref = begin("composite", ChecksumAlgorithm::kSha256);
  const auto sha256 = [](std::string_view text) {
    const std::string value = checksum_of(ChecksumAlgorithm::kSha256, http::bytes_of(text));
    return Checksum{.algorithm = ChecksumAlgorithm::kSha256, .value = value};
  };
  const Checksum one = sha256("hello ");
  const Checksum two = sha256("world");
  EXPECT_EQ(bad(multiparts->put_part(ref, {.number = 1}, draft("hello "))).field, "checksum");
  const BucketObject object = complete(ref, {put(ref, 1, "hello ", {one}), put(ref, 2, "world", {two})});
  EXPECT_EQ(object.checksums.at(0).value, sha256(one.value + two.value).value);
  EXPECT_TRUE(object.checksums.at(0).composite);
  EXPECT_EQ(good(buckets->parts(object)).at(1).checksums.at(0), two);
}

TEST_F(MultipartsTest, checksum_types_must_fit) {
  const auto create = [&](ChecksumAlgorithm algorithm, bool composite) {
    return multiparts->create(
        {.tenant = "default", .bucket = "stuff", .key = "k", .algorithm = algorithm, .composite = composite});
  };
  EXPECT_EQ(bad(create(ChecksumAlgorithm::kCrc64Nvme, true)).field, "checksum");
  EXPECT_EQ(bad(create(ChecksumAlgorithm::kSha256, false)).field, "checksum");
  EXPECT_TRUE(good(multiparts->get(begin("k", ChecksumAlgorithm::kCrc32))).composite);
  EXPECT_FALSE(good(multiparts->get(begin("k", ChecksumAlgorithm::kCrc64Nvme))).composite);
}

TEST_F(MultipartsTest, conditions_guard_the_completion) {
  good(buckets->put({.tenant = "default", .bucket = "stuff", .key = "clip.mp4"}, draft("old")));
  const MultipartRef ref = begin();
  const NamedPart one = put(ref, 1, "1234");
  EXPECT_EQ(refusal(ref, {.parts = {one}, .condition = {.if_none_match = "*"}}).field, "if-none-match");
  EXPECT_EQ(content("clip.mp4"), "old");
  complete(ref, {one});
  EXPECT_EQ(content("clip.mp4"), "1234");
  expect_clean();
}

TEST_F(MultipartsTest, end_with_their_bucket) {
  const MultipartRef ref = begin();
  put(ref, 1, "1234");
  good(buckets->remove("default", "stuff"));
  EXPECT_EQ(store.objects(), 0u);
  EXPECT_EQ(bad(multiparts->begin_part(ref, 1, {})).field, "bucket");
  good(buckets->create("default", "stuff"));
  EXPECT_TRUE(good(multiparts->list("default", "stuff", {})).multiparts.empty());
}

}  // namespace
}  // namespace millrace::media
