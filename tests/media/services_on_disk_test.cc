// The services on the real store: what the fake one promises must hold there, across a restart too.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "media/catalog/catalog.h"
#include "media/jobs/jobs.h"
#include "media/tenants/tenants.h"
#include "media/uploads/upload_keys.h"
#include "media/uploads/uploads.h"
#include "server/rt/budget.h"
#include "server/rt/event.h"
#include "server/rt/pool.h"
#include "store/disk.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

std::string noise(std::size_t bytes) {
  std::mt19937_64 random(7);
  std::string text(bytes, 0);
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

// Everything of one run of the server.
struct Server {
  explicit Server(const std::filesystem::path& directory)
      : store(*store::Store::open({.directory = directory, .segment_bytes = 64 << 20}, *disk, budget, io)),
        tenants(good(Tenants::open(*store, test_secret()))),
        jobs(*store),
        uploads(*store, *tenants, jobs),
        buckets(*store, *tenants, uploads.incoming()),
        multiparts(*store, *tenants, uploads.incoming(), system_clock_ms, kPartMinTestBytes),
        catalog(*store) {}

  std::unique_ptr<store::Disk> disk = store::posix_disk();
  rt::Budget budget{64 << 20};
  rt::Pool io{2};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Tenants> tenants;
  Jobs jobs;
  Uploads uploads;
  Buckets buckets;
  Multiparts multiparts;
  Catalog catalog;
};

class ServicesOnDiskTest : public ::testing::Test {
 protected:
  ServicesOnDiskTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "services-test-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
    restart();
    const auto keep = [this](const NewKey& made) {
      key_ = made;
      return rt::Status{};
    };
    EXPECT_TRUE(good(server_->tenants->bootstrap(keep)));
  }
  ~ServicesOnDiskTest() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  void restart() {
    server_.reset();
    server_ = std::make_unique<Server>(directory_);
  }

  rt::Task<rt::Result<Upload>> sending(std::string id, std::uint64_t offset, std::string bytes, bool complete) {
    auto receiver = co_await server_->uploads.open_receiver("default", id, offset, {});
    if (!receiver) co_return rt::pass(receiver);
    auto appended = co_await (*receiver)->append(rt::Slice::copy_of(bytes));
    EXPECT_TRUE(appended.has_value());
    co_return co_await (*receiver)->finish(complete);
  }
  std::string announce() { return good(server_->uploads.create("default", {.file_name = "a.bin"})).id; }
  Completion complete(const std::string& id) { return good(server_->uploads.complete("default", id, {})); }

  rt::Task<rt::Result<store::Draft>> drafting(std::string bytes) {
    const auto writer = server_->store->writer("default");
    auto appended = co_await writer->append(rt::Slice::copy_of(bytes));
    EXPECT_TRUE(appended.has_value());
    co_return co_await writer->finish();
  }
  MultipartRef begin(std::string bucket, std::string key) {
    return good(server_->multiparts.create({.tenant = "default", .bucket = std::move(bucket), .key = std::move(key)}))
        .ref;
  }
  rt::Task<rt::Result<NamedPart>> putting(MultipartRef ref, std::uint32_t number, std::string bytes) {
    auto draft = co_await drafting(std::move(bytes));
    if (!draft) co_return rt::pass(draft);
    auto part = co_await server_->multiparts.put_part(ref, {.number = number}, std::move(*draft));
    if (!part) co_return rt::pass(part);
    co_return NamedPart{.number = number, .etag = part->etag};
  }
  // All at once, beside one another.
  std::vector<NamedPart> put_parts(const MultipartRef& ref, const std::vector<std::string>& contents) {
    std::vector<NamedPart> parts(contents.size());
    const auto put_one = [&](std::uint32_t number) -> rt::Task<void> {
      auto part = co_await putting(ref, number, contents[number - 1]);
      EXPECT_TRUE(part.has_value()) << (part ? "" : part.error().message);
      if (part) parts[number - 1] = std::move(*part);
    };
    const auto put_all = [&]() -> rt::Task<void> {
      rt::Scope scope;
      for (std::uint32_t number = 1; number <= contents.size(); ++number) scope.spawn(put_one(number));
      co_await scope.join();
    };
    rt::run_until_done(put_all());
    return parts;
  }

  rt::Task<std::string> reading(store::ObjectId object, std::uint64_t bytes) {
    std::string text;
    auto reader = co_await server_->store->read(object, 0, bytes);
    EXPECT_TRUE(reader.has_value());
    while ((*reader)->remaining_bytes() > 0) {
      auto slices = co_await (*reader)->next(1 << 20);
      EXPECT_TRUE(slices.has_value());
      for (const auto& slice : *slices) text += slice.text();
    }
    co_return text;
  }
  std::string original(const std::string& media_id) {
    const Original found = good(server_->catalog.original("default", media_id));
    return rt::run_until_done(reading(found.object, found.size_bytes));
  }

  // Spoils these bytes where the stopped store keeps them.
  void rot(std::string_view bytes) {
    int spoiled = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_)) {
      if (!entry.is_regular_file()) continue;
      std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
      std::string content{std::istreambuf_iterator<char>(file), {}};
      const std::size_t at = content.find(bytes);
      if (at == std::string::npos) continue;
      file.clear();
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(~content[at]));
      ++spoiled;
    }
    EXPECT_EQ(spoiled, 1);
  }

  std::filesystem::path directory_;
  std::unique_ptr<Server> server_;
  NewKey key_;
};

TEST_F(ServicesOnDiskTest, interrupted_upload_goes_on_after_a_restart) {
  const std::string content = noise(9'000'001);
  const std::string id = announce();
  good(sending(id, 0, content.substr(0, 4'000'003), false));
  restart();
  EXPECT_TRUE(server_->tenants->authenticate(key_.bearer).has_value());
  EXPECT_EQ(good(server_->uploads.get("default", id)).bytes_received, 4'000'003u);
  good(sending(id, 4'000'003, content.substr(4'000'003), true));
  const std::string media = complete(id).upload.media_id;
  restart();
  EXPECT_EQ(original(media), content);
  const auto listed = good(server_->catalog.list("default", {}));
  EXPECT_EQ(listed.items.at(0).id, media);
  good(server_->uploads.remove("default", id));
  good(server_->catalog.remove("default", media, true));
  EXPECT_EQ(server_->store->stats().objects, 0u);
}

TEST_F(ServicesOnDiskTest, duplicate_of_other_pieces_is_found) {
  Tenant tenant = *server_->tenants->tenant("default");
  tenant.duplicate_check = true;
  good(server_->tenants->update(tenant));
  const std::string content = noise(5'000'000);
  const std::string first = announce();
  good(sending(first, 0, content, true));
  const std::string media = complete(first).upload.media_id;
  restart();
  const std::string second = announce();
  good(sending(second, 0, content.substr(0, 1'234'567), false));
  good(sending(second, 1'234'567, content.substr(1'234'567), true));
  EXPECT_EQ(complete(second).duplicate_of, media);
  EXPECT_EQ(server_->store->stats().objects, 1u);
}

TEST_F(ServicesOnDiskTest, rotten_original_does_not_refuse_its_cure) {
  Tenant tenant = *server_->tenants->tenant("default");
  tenant.duplicate_check = true;
  good(server_->tenants->update(tenant));
  const std::string content = noise(3'000'000);
  const std::string first = announce();
  good(sending(first, 0, content, true));
  complete(first);
  server_.reset();
  rot(content.substr(1'000'000, 64));
  restart();
  const std::string second = announce();
  good(sending(second, 0, content, true));
  const Completion completion = complete(second);
  EXPECT_EQ(completion.duplicate_of, "");
  EXPECT_EQ(original(completion.upload.media_id), content);
}

TEST_F(ServicesOnDiskTest, empty_file_is_a_media_of_no_bytes) {
  const std::string id = announce();
  good(sending(id, 0, "", true));
  EXPECT_EQ(original(complete(id).upload.media_id), "");
}

TEST_F(ServicesOnDiskTest, replaced_and_cancelled_bytes_go) {
  const std::string id = announce();
  good(sending(id, 0, noise(1'000'000), true));
  good(sending(id, 0, noise(2'000'000), true));
  EXPECT_EQ(server_->store->stats().objects, 1u);
  good(server_->uploads.cancel("default", id));
  EXPECT_EQ(server_->store->stats().objects, 0u);
}

TEST_F(ServicesOnDiskTest, parts_survive_a_restart_and_join) {
  const std::string content = noise(7'000'000);
  const std::string id = announce();
  const std::string key = upload_object_key(good(server_->uploads.get("default", id)));
  const MultipartRef ref = begin("uploads", key);
  auto parts = put_parts(ref, {content.substr(0, 3'000'000), content.substr(3'000'000)});
  restart();
  EXPECT_EQ(good(server_->uploads.get("default", id)).bytes_received, content.size());
  EXPECT_EQ(good(server_->multiparts.list_parts(ref, 0, 10)).parts.size(), 2u);
  const BucketObject whole = good(server_->multiparts.complete(ref, {.parts = parts}));
  restart();
  EXPECT_EQ(good(server_->multiparts.complete(ref, {.parts = parts})).etag, whole.etag);
  EXPECT_EQ(original(complete(id).upload.media_id), content);
  EXPECT_EQ(server_->store->stats().objects, 1u);
}

TEST_F(ServicesOnDiskTest, thousands_of_parts_join_without_writing_them_again) {
  good(server_->buckets.create("default", "stuff"));
  const MultipartRef ref = begin("stuff", "ü/film");
  std::vector<std::string> contents;
  std::string whole;
  for (int i = 0; i < 3000; ++i) {
    contents.push_back(std::to_string(100'000 + i));
    whole += contents.back();
  }
  const auto parts = put_parts(ref, contents);
  const auto before = server_->store->stats();
  const BucketObject object = good(server_->multiparts.complete(ref, {.parts = parts}));
  const auto after = server_->store->stats();
  EXPECT_EQ(after.chunks, before.chunks);
  EXPECT_EQ(after.stored_bytes, before.stored_bytes);
  EXPECT_EQ(after.objects, 1u);
  EXPECT_EQ(rt::run_until_done(reading(object.object, object.size_bytes)), whole);
  restart();
  EXPECT_EQ(good(server_->buckets.object("default", "stuff", "ü/film")).etag, object.etag);
  EXPECT_EQ(good(server_->buckets.parts(object)).size(), parts.size());
}

TEST_F(ServicesOnDiskTest, copy_costs_no_space) {
  good(server_->buckets.create("default", "stuff"));
  auto bytes = good(drafting(noise(5'000'000)));
  const BucketObject source =
      good(server_->buckets.put({.tenant = "default", .bucket = "stuff", .key = "a"}, std::move(bytes)));
  const std::uint64_t stored = server_->store->stats().stored_bytes;
  auto copied = good(server_->buckets.copy({.source = source, .length = source.size_bytes}));
  const BucketObject copy =
      good(server_->buckets.put({.tenant = "default", .bucket = "stuff", .key = "b"}, std::move(copied.draft)));
  EXPECT_EQ(copy.etag, source.etag);
  EXPECT_EQ(server_->store->stats().stored_bytes, stored);
  good(server_->buckets.remove_object("default", "stuff", "a"));
  EXPECT_EQ(rt::run_until_done(reading(copy.object, copy.size_bytes)), noise(5'000'000));
}

TEST_F(ServicesOnDiskTest, aborted_and_replaced_parts_give_their_space_back) {
  good(server_->buckets.create("default", "stuff"));
  const MultipartRef ref = begin("stuff", "k");
  put_parts(ref, {"first", "second"});
  put_parts(ref, {"other", "third"});
  EXPECT_EQ(server_->store->stats().objects, 2u);
  restart();
  good(server_->multiparts.abort(ref));
  EXPECT_EQ(server_->store->stats().objects, 0u);
}

}  // namespace
}  // namespace millrace::media
