#include "media/imports/imports.h"

#include "media/jobs/jobs.h"
#include "server/rt/event.h"
#include "server/rt/timer.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

class ImportsTest : public World {
 protected:
  ImportsTest() {
    JobKind kind;
    kind.run = [this](JobRun& run) {
      fetched_.push_back(run.job().tenant);
      return done();
    };
    jobs->add_kind(std::string(kImportKind), std::move(kind));
  }
  static rt::Task<rt::Status> done() { co_return rt::Status(); }

  void import(const std::string& tenant, std::size_t files) {
    NewImport input;
    for (std::size_t i = 0; i < files; ++i) input.files.push_back({.url = "https://example.com/clip.mp4"});
    good(imports_.create(tenant, std::move(input)));
    test_now_ms += 10;
  }
  void run_until_fetched(std::size_t count) {
    const auto run = [](Jobs& queue) -> rt::Task<void> { co_await queue.run(); };
    const auto body = [&]() -> rt::Task<void> {
      rt::Scope scope;
      scope.spawn(run(*jobs));
      for (int tries = 0; tries < 5000 && fetched_.size() < count; ++tries) {
        co_await rt::sleep(std::chrono::milliseconds(1));
      }
      jobs->stop();
      co_await scope.join();
    };
    rt::run_until_done(body());
  }

  Imports imports_{store, *uploads, *jobs, test_clock};
  std::vector<std::string> fetched_;
};

TEST_F(ImportsTest, one_file_waits_for_no_long_import_of_another_tenant) {
  import("default", 20);
  import("other", 1);
  run_until_fetched(3);
  ASSERT_GE(fetched_.size(), 3u);
  fetched_.resize(3);
  EXPECT_EQ(fetched_, (std::vector<std::string>{"default", "other", "default"}));
}

}  // namespace
}  // namespace millrace::media
