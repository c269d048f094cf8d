// The pipeline on a fake store with the real tools in the real jail, and clips that ffmpeg makes of its test sources.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "media/processing/pipeline.h"
#include "media/renditions/renditions.h"
#include "server/rt/event.h"
#include "server/rt/timer.h"
#include "tests/media/world.h"

namespace millrace::media {

class ProcessingWorld : public World {
 protected:
  explicit ProcessingWorld(ProcessingOptions options) : options_(std::move(options)) {
    std::string pattern = (std::filesystem::temp_directory_path() / "processing-test-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~ProcessingWorld() override { std::filesystem::remove_all(directory_); }

  // `name` says the format.
  std::string clip(const std::string& options, const std::string& name) {
    const std::string path = (directory_ / name).string();
    const std::string command = "/usr/bin/ffmpeg -v error -nostdin -y " + options + " " + path;
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    std::ifstream in(path, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  std::string video(const std::string& size = "64x48", const std::string& seconds = "0.4") {
    return clip("-f lavfi -i testsrc=size=" + size + ":rate=25 -f lavfi -i sine -t " + seconds +
                    " -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -movflags +faststart",
                "clip.mp4");
  }

  // One life of a server: runs the queue until `until` holds of the media.
  Media run_until(const std::string& id, const std::function<bool(const Media&)>& until) {
    Jobs queue(store, test_clock);
    Workshop shop(store, *tenants, queue, jail_, io_, budget_, directory_ / "jobs", options_, test_clock);
    add_pipeline(queue, shop, {});
    const auto run = [](Jobs& jobs_of_it) -> rt::Task<void> {
      auto status = co_await jobs_of_it.run();
      EXPECT_TRUE(status.has_value());
    };
    const auto body = [&]() -> rt::Task<void> {
      rt::Scope scope;
      scope.spawn(run(queue));
      for (int tries = 0; tries < 30'000; ++tries) {
        auto now = co_await catalog.get("default", id);
        if (!now || until(*now)) break;
        co_await rt::sleep(std::chrono::milliseconds(2));
      }
      queue.stop();
      co_await scope.join();
    };
    rt::run_until_done(body());
    EXPECT_TRUE(std::filesystem::is_empty(directory_ / "jobs")) << "nothing stays behind";
    return good(catalog.get("default", id));
  }
  // Until it is no longer being prepared.
  Media settled(const std::string& id) {
    return run_until(id, [](const Media& media) { return media.status != MediaStatus::kPreparing; });
  }
  std::vector<Rendition> renditions(const std::string& id) { return good(Renditions(store).of_media("default", id)); }

  const ProcessingOptions options_;
  std::filesystem::path directory_;
  Jail jail_;
  rt::Pool io_{2};
  rt::Budget budget_{std::size_t{64} << 20};
};

}  // namespace millrace::media
