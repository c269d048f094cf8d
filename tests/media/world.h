// The media services on a fake store, with a clock that tests turn, and the steps most tests begin with.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "media/buckets/buckets.h"
#include "media/buckets/multiparts.h"
#include "media/catalog/catalog.h"
#include "media/jobs/jobs.h"
#include "media/tenants/channels.h"
#include "media/tenants/tenants.h"
#include "media/uploads/uploads.h"
#include "server/rt/loop.h"
#include "tests/media/fake_store.h"

namespace millrace::media {

inline std::atomic<std::int64_t> test_now_ms = 1'700'000'000'000;
inline std::int64_t test_clock() { return test_now_ms; }

inline constexpr std::int64_t kDayMs = 86'400'000;
// Instead of 5 MiB, so that tests have many parts.
inline constexpr std::uint64_t kPartMinTestBytes = 4;

// The value of a task that must succeed.
template <class T>
T good(rt::Task<rt::Result<T>> task) {
  rt::Result<T> result = rt::run_until_done(std::move(task));
  EXPECT_TRUE(result.has_value()) << (result ? "" : result.error().message);
  if constexpr (std::is_void_v<T>) {
    return;
  } else {
    return result ? std::move(*result) : T{};
  }
}

// The error of a task that must fail.
template <class T>
rt::Error bad(rt::Task<rt::Result<T>> task) {
  rt::Result<T> result = rt::run_until_done(std::move(task));
  EXPECT_FALSE(result.has_value());
  return result ? rt::Error{} : std::move(result.error());
}

inline ServerSecret test_secret() {
  ServerSecret secret;
  secret.fill(std::byte{42});
  return secret;
}

class World : public ::testing::Test {
 protected:
  World() {
    tenants = good(Tenants::open(store, test_secret(), {.upload_idle_seconds = kDayMs / 1000}, test_clock));
    EXPECT_TRUE(good(tenants->bootstrap([this](const NewKey& made) {
      admin = made;
      return rt::Status{};
    })));
    good(tenants->create("other", "Somebody else"));
    jobs = std::make_unique<Jobs>(store, test_clock);
    uploads = std::make_unique<Uploads>(store, *tenants, *jobs, test_clock);
    buckets = std::make_unique<Buckets>(store, *tenants, uploads->incoming(), test_clock);
    multiparts = std::make_unique<Multiparts>(store, *tenants, uploads->incoming(), test_clock, kPartMinTestBytes);
  }

  Upload announce(std::string name = "clip.mp4") {
    return good(uploads->create("default", {.file_name = std::move(name)}));
  }

  rt::Task<rt::Result<Upload>> sending(std::string id, std::uint64_t offset, std::string bytes, bool complete = true) {
    auto receiver = co_await uploads->open_receiver("default", id, offset, {});
    if (!receiver) co_return rt::pass(receiver);
    rt::Status status;
    for (std::size_t at = 0; at < bytes.size() && status; at += kSliceBytes) {
      status = co_await (*receiver)->append(rt::Slice::copy_of(std::string_view(bytes).substr(at, kSliceBytes)));
    }
    auto finished = co_await (*receiver)->finish(complete && status.has_value());
    if (!status) co_return rt::pass(status);
    co_return finished;
  }
  Upload send(const std::string& id, std::string bytes, std::uint64_t offset = 0, bool complete = true) {
    return good(sending(id, offset, std::move(bytes), complete));
  }
  // An upload that is complete; its media's id.
  std::string ingest(std::string bytes, std::string name = "clip.mp4") {
    const Upload upload = announce(std::move(name));
    send(upload.id, std::move(bytes));
    return good(uploads->complete("default", upload.id, {})).upload.media_id;
  }
  void check_duplicates() {
    Tenant tenant = *tenants->tenant("default");
    tenant.duplicate_check = true;
    good(tenants->update(tenant));
  }
  rt::Task<rt::Result<store::Draft>> drafting(std::string bytes) {
    const auto writer = store.writer("default");
    auto appended = co_await writer->append(rt::Slice::copy_of(bytes));
    if (!appended) co_return rt::pass(appended);
    co_return co_await writer->finish();
  }
  store::Draft draft(std::string bytes) { return good(drafting(std::move(bytes))); }
  std::string bytes_of(const std::string& media_id) {
    return store.bytes(good(catalog.get("default", media_id)).object).value_or("no such object");
  }

  static constexpr std::size_t kSliceBytes = 1 << 20;

  FakeStore store;
  NewKey admin;
  std::unique_ptr<Tenants> tenants;
  std::unique_ptr<Jobs> jobs;
  std::unique_ptr<Uploads> uploads;
  std::unique_ptr<Buckets> buckets;
  std::unique_ptr<Multiparts> multiparts;
  Catalog catalog{store, test_clock};
  Channels channels{store, test_clock};
};

}  // namespace millrace::media
