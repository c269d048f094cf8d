// A store that a test fills, closes or kills, damages and checks.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "store/check.h"
#include "tests/store/store_fixture.h"

namespace millrace::store {

class CheckTest : public StoreTest {
 protected:
  // Closes the store and checks it.
  CheckReport check_now(bool repair = false) {
    store.reset();
    auto report = check(options, disk, seams(), repair);
    EXPECT_TRUE(report) << report.error().message;
    return report.value_or(CheckReport{});
  }
  void fill() {
    open();
    text = random_text(1, 300'000);
    id = upload_now(text);
    remove_now(upload_now(random_text(2, 100'000)));
    put_now("key", "value");
  }
  // What a killed server leaves: everything but the last proof.
  void kill() {
    disk.cut_power_after(0);
    store.reset();
    disk.resume();
  }
  void truncate(SegmentNumber number, std::uint64_t size) {
    ASSERT_TRUE((*disk.open(segment_path(number), Access::kReadWrite, Caching::kCached))->truncate(size));
  }
  // Behind the last whole block of the first segment.
  void append(const std::string& tail) {
    const auto bytes = std::as_bytes(std::span(tail));
    const std::uint64_t end = align_up(size_of(segment_path()), kDiskBlockBytes);
    auto file = disk.open(segment_path(), Access::kReadWrite, Caching::kCached);
    ASSERT_TRUE((*file)->write(end, {&bytes, 1}));
  }
  std::uint64_t size_of(const std::filesystem::path& path) { return disk.contents(path).size(); }
  static bool names(const std::vector<std::string>& sentences, const std::string& what) {
    return std::ranges::any_of(sentences, [&](const auto& sentence) { return sentence.contains(what); });
  }
  std::string text;
  ObjectId id;
};

}  // namespace millrace::store
