// The services on the real store: what the fake one promises must hold there, across a restart too.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "media/catalog.h"
#include "media/jobs.h"
#include "media/tenants.h"
#include "media/uploads.h"
#include "server/rt/budget.h"
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
        catalog(*store) {}

  std::unique_ptr<store::Disk> disk = store::posix_disk();
  rt::Budget budget{64 << 20};
  rt::Pool io{2};
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Tenants> tenants;
  Jobs jobs;
  Uploads uploads;
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

}  // namespace
}  // namespace millrace::media
