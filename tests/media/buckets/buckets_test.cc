#include "media/buckets/buckets.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <thread>

#include "media/buckets/checksum_hasher.h"
#include "server/rt/event.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

using rt::Code;

class BucketsTest : public World {
 protected:
  BucketsTest() { good(buckets->create("default", "stuff")); }

  PutObject at(std::string key) const { return {.tenant = "default", .bucket = "stuff", .key = std::move(key)}; }
  BucketObject put(std::string key, std::string bytes = "content") {
    return good(buckets->put(at(std::move(key)), draft(std::move(bytes))));
  }
  BucketObject now(const std::string& key) { return good(buckets->object("default", "stuff", key)); }
  std::string content(const std::string& key) { return store.bytes(now(key).object).value_or("no such object"); }
  ObjectPage list(KeyListing listing) { return good(buckets->list_objects("default", "stuff", std::move(listing))); }
  static std::vector<std::string> keys_of(const ObjectPage& page) {
    std::vector<std::string> keys;
    for (const BucketObject& object : page.objects) keys.push_back(object.key);
    return keys;
  }
  // All pages of this size.
  std::pair<std::vector<std::string>, std::vector<std::string>> walk(KeyListing listing) {
    std::pair<std::vector<std::string>, std::vector<std::string>> all;
    for (;;) {
      ObjectPage page = list(listing);
      EXPECT_LE(page.objects.size() + page.common_prefixes.size(), listing.limit);
      std::ranges::move(keys_of(page), std::back_inserter(all.first));
      std::ranges::move(page.common_prefixes, std::back_inserter(all.second));
      if (!page.more) return all;
      listing.after = page.next;
    }
  }
};

using Texts = std::vector<std::string>;

TEST_F(BucketsTest, are_a_tenants_own) {
  EXPECT_EQ(bad(buckets->create("default", "stuff")).code, Code::kConflict);
  EXPECT_EQ(bad(buckets->create("default", "uploads")).code, Code::kConflict);
  EXPECT_EQ(bad(buckets->create("default", "No")).field, "bucket");
  EXPECT_EQ(bad(buckets->get("other", "stuff")).field, "bucket");
  good(buckets->create("other", "stuff"));
  good(buckets->create("default", "attic"));
  Texts names;
  for (const Bucket& bucket : good(buckets->list("default"))) names.push_back(bucket.name);
  EXPECT_EQ(names, (Texts{"attic", "stuff", "uploads"}));
  EXPECT_EQ(good(buckets->get("default", "uploads")).created_ms, tenants->tenant("default")->created_ms);
}

TEST_F(BucketsTest, removing_needs_an_empty_one) {
  put("a");
  EXPECT_EQ(bad(buckets->remove("default", "stuff")).code, Code::kConflict);
  EXPECT_EQ(content("a"), "content");
  put("b");  // calls the removal off
  good(buckets->remove_object("default", "stuff", "a"));
  good(buckets->remove_object("default", "stuff", "b"));
  good(buckets->remove("default", "stuff"));
  EXPECT_EQ(bad(buckets->remove("default", "stuff")).code, Code::kNotFound);
  EXPECT_EQ(bad(buckets->put(at("a"), draft("x"))).field, "bucket");
  EXPECT_EQ(bad(buckets->remove("default", "uploads")).code, Code::kForbidden);
  EXPECT_EQ(store.objects(), 0u);
}

TEST_F(BucketsTest, object_put_while_the_bucket_is_removed_stays) {
  int commits = 0;
  // The first commit of a removal announces it; the put comes right before the second.
  std::function<void()> step = [&] {
    if (++commits == 1) return store.before_commit(step);
    std::thread([this] { put("late"); }).join();
  };
  store.before_commit(step);
  EXPECT_EQ(bad(buckets->remove("default", "stuff")).code, Code::kConflict);
  EXPECT_EQ(content("late"), "content");
}

TEST_F(BucketsTest, object_keeps_what_is_said_of_it) {
  PutObject input = at("ü/clip.mp4");
  input.headers = {.content_type = "video/mp4", .cache_control = "no-store", .metadata = {{"mtime", "17"}}};
  input.tags = {{"kind", "raw"}};
  input.checksums = {{.algorithm = ChecksumAlgorithm::kSha1, .value = std::string(20, 'x')}};
  const BucketObject made = good(buckets->put(input, draft("bytes")));
  const BucketObject read = now("ü/clip.mp4");
  EXPECT_EQ(read.headers, input.headers);
  EXPECT_EQ(read.tags, input.tags);
  EXPECT_EQ(read.checksums, input.checksums);
  EXPECT_EQ(read.etag, made.etag);
  EXPECT_EQ(read.size_bytes, 5u);
  EXPECT_EQ(read.modified_ms, test_now_ms);
  EXPECT_EQ(read.revision, made.revision);
  EXPECT_EQ(content("ü/clip.mp4"), "bytes");
}

TEST_F(BucketsTest, without_a_checksum_crc64nvme_is_kept) {
  const BucketObject object = put("a", "123456789");
  ASSERT_EQ(object.checksums.size(), 1u);
  EXPECT_EQ(object.checksums[0], crc64nvme_checksum(0xae8b14860a799888));
  EXPECT_EQ(object.etag, "ae8b14860a7998880000000000000009-1");
  PutObject input = at("a");
  input.md5 = std::string(16, '\x01');
  EXPECT_EQ(good(buckets->put(input, draft("x"))).etag, "01010101010101010101010101010101");
}

TEST_F(BucketsTest, replaced_and_removed_bytes_go) {
  put("a", "old");
  put("a", "new");
  EXPECT_EQ(content("a"), "new");
  EXPECT_EQ(store.objects(), 1u);
  good(buckets->remove_object("default", "stuff", "a"));
  EXPECT_EQ(store.objects(), 0u);
  EXPECT_EQ(bad(buckets->object("default", "stuff", "a")).field, "key");
  good(buckets->remove_object("default", "stuff", "a"));
  EXPECT_EQ(bad(buckets->remove_object("default", "nowhere", "a")).field, "bucket");
}

TEST_F(BucketsTest, puts_of_one_key_at_once_leave_one_object) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] {
      for (int round = 0; round < 20; ++round) put("a", std::to_string(i * 100 + round));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(store.objects(), 1u);
  EXPECT_NE(content("a"), "no such object");
}

TEST_F(BucketsTest, conditions_guard_a_write) {
  PutObject fresh = at("a");
  fresh.condition.if_none_match = "*";
  const BucketObject first = good(buckets->put(fresh, draft("one")));
  EXPECT_EQ(bad(buckets->put(fresh, draft("two"))).field, "if-none-match");
  EXPECT_EQ(bad(buckets->begin(fresh, {})).code, Code::kPreconditionFailed);
  PutObject follow = at("a");
  follow.condition.if_match = first.etag;
  const BucketObject second = good(buckets->put(follow, draft("two")));
  EXPECT_EQ(bad(buckets->put(follow, draft("three"))).field, "if-match");
  follow.condition.if_match = "*";
  good(buckets->put(follow, draft("three")));
  follow.key = "nothing";
  EXPECT_EQ(bad(buckets->put(follow, draft("x"))).code, Code::kNotFound);
  EXPECT_EQ(bad(buckets->remove_object("default", "stuff", "a", second.etag)).field, "if-match");
  good(buckets->remove_object("default", "stuff", "a", now("a").etag));
}

TEST_F(BucketsTest, of_conditional_puts_at_once_one_wins) {
  std::atomic<int> won = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, this] {
      PutObject input = at("a");
      input.condition.if_none_match = "*";
      won += rt::run_until_done(buckets->put(input, draft("x"))).has_value() ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(store.objects(), 1u);
}

TEST_F(BucketsTest, lost_commit_loses_nothing) {
  put("a", "old");
  store.fail_commits(rt::Error{Code::kFull, "no space"});
  EXPECT_EQ(bad(buckets->put(at("a"), draft("new"))).code, Code::kFull);
  store.fail_commits(std::nullopt);
  EXPECT_EQ(content("a"), "old");
}

TEST_F(BucketsTest, several_are_removed_at_once) {
  Texts names;
  for (int i = 0; i < 250; ++i) {
    names.push_back(fmt::format("key {}", i));
    put(names.back(), "x");
  }
  names.push_back("never was");
  const auto removed = good(buckets->remove_objects("default", "stuff", names));
  ASSERT_EQ(removed.size(), names.size());
  for (std::size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(removed[i].key, names[i]);
    EXPECT_TRUE(removed[i].status);
  }
  EXPECT_EQ(store.objects(), 0u);
  EXPECT_EQ(bad(buckets->remove_objects("default", "nowhere", {"a"})).field, "bucket");
}

TEST_F(BucketsTest, tags_change_nothing_else) {
  const BucketObject object = put("a");
  test_now_ms += 1000;
  good(buckets->set_tags("default", "stuff", "a", {{"k", "v"}}));
  EXPECT_EQ(now("a").tags, (Tags{{"k", "v"}}));
  EXPECT_EQ(now("a").modified_ms, object.modified_ms);
  good(buckets->set_tags("default", "stuff", "a", {}));
  EXPECT_TRUE(now("a").tags.empty());
  EXPECT_EQ(content("a"), "content");
  EXPECT_EQ(bad(buckets->set_tags("default", "stuff", "b", {})).field, "key");
  EXPECT_EQ(bad(buckets->set_tags("default", "stuff", "a", {{"", ""}})).field, "tags");
}

TEST_F(BucketsTest, copy_brings_the_bytes_of_a_range) {
  const BucketObject source = put("a", "0123456789");
  auto copied =
      good(buckets->copy({.source = source, .offset = 2, .length = 5, .algorithm = ChecksumAlgorithm::kSha256}));
  EXPECT_EQ(copied.checksums.at(0).value,
            checksum_of(ChecksumAlgorithm::kSha256, std::as_bytes(std::span("23456", 5))));
  good(buckets->put(at("b"), std::move(copied.draft)));
  EXPECT_EQ(content("b"), "23456");
  good(buckets->remove_object("default", "stuff", "a"));
  EXPECT_EQ(content("b"), "23456");
}

TEST_F(BucketsTest, a_copy_that_ends_lets_the_next_one_read) {
  const BucketObject source = put("a", "0123456789");
  int asked = 0;
  const auto one = [&](Copying copying) -> rt::Task<void> {
    auto copied = co_await buckets->copy(std::move(copying));
    EXPECT_FALSE(copied);
  };
  const auto all = [&]() -> rt::Task<void> {
    rt::Scope scope;
    for (int i = 0; i < 20; ++i) {
      scope.spawn(one({.source = source, .length = 10, .algorithm = ChecksumAlgorithm::kSha1, .check_wanted = [&] {
                         ++asked;
                         return rt::Status(rt::fail(Code::kClosed, "the peer went away"));
                       }}));
    }
    co_await scope.join();
  };
  rt::run_until_done(all());
  EXPECT_EQ(asked, 20);
}

TEST_F(BucketsTest, another_tenants_are_not_there) {
  put("a");
  EXPECT_EQ(bad(buckets->object("other", "stuff", "a")).code, Code::kNotFound);
  EXPECT_EQ(bad(buckets->list_objects("other", "stuff", {})).code, Code::kNotFound);
  EXPECT_EQ(bad(buckets->remove_object("other", "stuff", "a")).code, Code::kNotFound);
  EXPECT_EQ(bad(buckets->object("other", "../default/stuff", "a")).code, Code::kNotFound);
}

TEST_F(BucketsTest, size_is_bounded) {
  Tenant tenant = *tenants->tenant("default");
  tenant.upload_max_bytes = 10;
  good(tenants->update(tenant));
  EXPECT_EQ(good(buckets->begin(at("a"), {})).bytes_max, 10u);
  EXPECT_EQ(bad(buckets->begin(at("a"), 11)).field, "fileSize");
  EXPECT_EQ(bad(buckets->begin(at(""), 1)).field, "key");
}

TEST_F(BucketsTest, keys_are_listed_in_the_order_of_their_bytes) {
  for (const char* key : {"b", "a/1", "a", "a!", "ü", "~", "a/", "B"}) put(key, "x");
  EXPECT_EQ(keys_of(list({})), (Texts{"B", "a", "a!", "a/", "a/1", "b", "~", "ü"}));
  EXPECT_EQ(keys_of(list({.prefix = "a/"})), (Texts{"a/", "a/1"}));
  EXPECT_EQ(keys_of(list({.after = "a/"})), (Texts{"a/1", "b", "~", "ü"}));
  EXPECT_EQ(keys_of(list({.prefix = "a", .after = "A"})), (Texts{"a", "a!", "a/", "a/1"}));
  EXPECT_TRUE(keys_of(list({.prefix = "a", .after = "b"})).empty());
}

TEST_F(BucketsTest, groups_stand_for_their_keys) {
  for (const char* key : {"a/1", "a/2", "a/b/3", "b", "c/1", "c!", "d"}) put(key, "x");
  const ObjectPage page = list({.delimiter = "/"});
  EXPECT_EQ(keys_of(page), (Texts{"b", "c!", "d"}));
  EXPECT_EQ(page.common_prefixes, (Texts{"a/", "c/"}));
  const ObjectPage below = list({.prefix = "a/", .delimiter = "/"});
  EXPECT_EQ(keys_of(below), (Texts{"a/1", "a/2"}));
  EXPECT_EQ(below.common_prefixes, (Texts{"a/b/"}));
}

TEST_F(BucketsTest, pages_fit_together) {
  std::mt19937 random(3);
  Texts all;
  for (int i = 0; i < 300; ++i) {
    std::string key;
    for (std::uint32_t n = 1 + random() % 5; n > 0; --n) key += "ab/-"[random() % 4];
    put(key, "x");
    all.push_back(key);
  }
  std::ranges::sort(all);
  all.erase(std::unique(all.begin(), all.end()), all.end());
  for (const std::string delimiter : {"", "/", "b-", "a"}) {
    for (const std::string prefix : {"", "a", "a/", "--"}) {
      Texts keys;
      std::set<std::string> groups;
      for (const std::string& key : all) {
        if (!key.starts_with(prefix)) continue;
        const auto at = delimiter.empty() ? key.npos : key.find(delimiter, prefix.size());
        if (at == key.npos)
          keys.push_back(key);
        else
          groups.insert(key.substr(0, at + delimiter.size()));
      }
      for (const std::size_t limit : {1u, 2u, 7u, 1000u}) {
        const auto walked = walk({.prefix = prefix, .delimiter = delimiter, .limit = limit});
        EXPECT_EQ(walked.first, keys) << delimiter << " " << prefix << " " << limit;
        EXPECT_EQ(walked.second, Texts(groups.begin(), groups.end())) << delimiter << " " << prefix << " " << limit;
      }
    }
  }
}

TEST_F(BucketsTest, page_of_nothing_has_no_next) {
  put("a");
  EXPECT_FALSE(list({.limit = 0}).more);
  EXPECT_FALSE(list({.limit = 1}).more);
  put("b");
  EXPECT_TRUE(list({.limit = 1}).more);
}

TEST_F(BucketsTest, reader_of_what_was_replaced_is_told_so) {
  const BucketObject old = put("a", "old");
  put("a", "new!");
  for (const rt::Error& error : {bad(buckets->read(old, 0, 3)), bad(buckets->copy({.source = old, .length = 3}))}) {
    EXPECT_TRUE(is_replaced(error));
    EXPECT_EQ(error.message.find(old.object.text()), std::string::npos) << "an internal id: " << error.message;
  }
  const MultipartRef ref = good(multiparts->create({.tenant = "default", .bucket = "stuff", .key = "a"})).ref;
  const NamedPart part{.number = 1, .etag = good(multiparts->put_part(ref, {.number = 1}, draft("part"))).etag};
  const BucketObject of_parts = good(multiparts->complete(ref, {.parts = {part}}));
  put("a");
  EXPECT_TRUE(is_replaced(bad(buckets->parts(of_parts))));
}

// Another removal announces itself and fails for an object that is gone at once.
TEST_F(BucketsTest, removal_that_lost_a_race_looks_again) {
  put("a");
  store.before_commit([&] {
    std::thread([&] {
      EXPECT_EQ(bad(buckets->remove("default", "stuff")).field, "bucket");
      good(buckets->remove_object("default", "stuff", "a"));
    }).join();
  });
  good(buckets->remove("default", "stuff"));
  EXPECT_EQ(bad(buckets->get("default", "stuff")).code, Code::kNotFound);
}

TEST_F(BucketsTest, removal_of_what_another_removed_finds_nothing) {
  store.before_commit([&] { std::thread([&] { good(buckets->remove("default", "stuff")); }).join(); });
  EXPECT_EQ(bad(buckets->remove("default", "stuff")).code, Code::kNotFound);
}

// Whoever writes calls the removal off; what was written need not be an object.
TEST_F(BucketsTest, removal_that_was_called_off_looks_again) {
  int commits = 0;
  std::function<void()> step = [&] {
    if (++commits < 2) return store.before_commit(step);
    std::thread([&] { good(multiparts->create({.tenant = "default", .bucket = "stuff", .key = "k"})); }).join();
  };
  store.before_commit(step);
  good(buckets->remove("default", "stuff"));
  EXPECT_EQ(store.records("m/multipart"), 0u);
}

}  // namespace
}  // namespace millrace::media
