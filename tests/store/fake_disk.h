// A disk in memory that forgets. What was not synced when the power goes survives or not, block by block and name by
// name, as the seed decides. It can be full, slow to remember (cold) and damaged. Thread-safe.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "store/disk.h"

namespace millrace::store {

class FakeDisk final : public Disk {
 public:
  static constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

  explicit FakeDisk(std::uint64_t seed = 1) : random_(seed) {}

  // The power goes at the n-th writing operation from now; every operation from then on fails.
  void cut_power_after(std::uint64_t operations) {
    std::lock_guard lock(mutex_);
    operations_left_ = operations;
  }
  bool power_is_out() const {
    std::lock_guard lock(mutex_);
    return operations_left_ == 0;
  }
  std::uint64_t operations() const {
    std::lock_guard lock(mutex_);
    return operations_;
  }
  // The process was killed, the power stayed on: what was written is there, though not durable.
  void resume() {
    std::lock_guard lock(mutex_);
    operations_left_ = kNever;
    locks_.clear();
  }
  // Everyone who used the disk is gone; what is left is what survived.
  void restart() {
    std::lock_guard lock(mutex_);
    std::set<std::string> paths;
    for (const auto& [path, node] : names_) paths.insert(path);
    for (const auto& [path, node] : durable_names_) paths.insert(path);
    std::map<std::string, NodePtr> survived;
    for (const std::string& path : paths) {
      const auto& names = coin() ? names_ : durable_names_;
      if (const auto found = names.find(path); found != names.end()) survived[path] = found->second;
    }
    std::set<Node*> lost;
    for (const auto& [path, node] : survived) {
      if (lost.insert(node.get()).second) forget(*node);
    }
    names_ = survived;
    durable_names_ = survived;
    operations_left_ = kNever;
    locks_.clear();
  }

  // How much more the disk takes; it still counts what is freed.
  void set_space(std::uint64_t bytes) {
    std::lock_guard lock(mutex_);
    space_ = bytes;
  }
  void set_cold(bool cold) {
    std::lock_guard lock(mutex_);
    cold_ = cold;
  }
  void set_direct(bool direct) { direct_ = direct; }
  void fail_syncs(bool fail) {
    std::lock_guard lock(mutex_);
    syncs_fail_ = fail;
  }
  // No file can be opened for writing, though made: the process has too many open.
  void fail_opens(bool fail) {
    std::lock_guard lock(mutex_);
    opens_fail_ = fail;
  }
  void damage(const std::filesystem::path& path, std::uint64_t offset) {
    std::lock_guard lock(mutex_);
    Node& node = *names_.at(path);
    node.memory[offset] ^= std::byte{0x40};
    if (offset < node.durable.size()) node.durable[offset] ^= std::byte{0x40};
  }
  std::vector<std::byte> contents(const std::filesystem::path& path) const {
    std::lock_guard lock(mutex_);
    const Node& node = *names_.at(path);
    return {node.memory, node.memory + node.size};
  }
  std::uint64_t punched_bytes() const {
    std::lock_guard lock(mutex_);
    return punched_bytes_;
  }

  rt::Result<std::unique_ptr<File>> open(const std::filesystem::path& path, Access access, Caching caching) override {
    std::lock_guard lock(mutex_);
    if (access == Access::kCreate) {
      if (auto powered = spend(); !powered) return pass(powered);
      names_[path] = std::make_shared<Node>();
    }
    if (opens_fail_ && access == Access::kReadWrite) return rt::fail(rt::Code::kIo, "too many open files");
    const auto found = names_.find(path);
    if (found == names_.end()) return rt::fail(rt::Code::kNotFound, "no file " + path.string());
    return std::make_unique<FakeFile>(*this, found->second, caching == Caching::kDirect);
  }
  rt::Status rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    std::lock_guard lock(mutex_);
    if (auto powered = spend(); !powered) return powered;
    names_[to] = names_.at(from);
    names_.erase(from);
    return {};
  }
  rt::Status unlink(const std::filesystem::path& path) override {
    std::lock_guard lock(mutex_);
    if (auto powered = spend(); !powered) return powered;
    if (const auto found = names_.find(path); found != names_.end()) {
      space_ += found->second->size;
      names_.erase(found);
    }
    return {};
  }
  rt::Status make_directory(const std::filesystem::path&) override { return {}; }
  rt::Status sync_directory(const std::filesystem::path& directory) override {
    std::lock_guard lock(mutex_);
    if (auto powered = spend(); !powered) return powered;
    std::erase_if(durable_names_,
                  [&](const auto& entry) { return std::filesystem::path(entry.first).parent_path() == directory; });
    for (const auto& [path, node] : names_) {
      if (std::filesystem::path(path).parent_path() == directory) durable_names_[path] = node;
    }
    return {};
  }
  rt::Result<std::vector<std::string>> list(const std::filesystem::path& directory) const override {
    std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [path, node] : names_) {
      if (std::filesystem::path(path).parent_path() == directory) {
        names.push_back(std::filesystem::path(path).filename());
      }
    }
    return names;
  }
  bool exists(const std::filesystem::path& path) const override {
    std::lock_guard lock(mutex_);
    return names_.contains(path);
  }
  rt::Result<std::uint64_t> free_bytes(const std::filesystem::path&) const override {
    std::lock_guard lock(mutex_);
    return space_;
  }
  bool prefers_direct(const std::filesystem::path&) const override { return direct_; }
  rt::Result<std::unique_ptr<DiskLock>> lock(const std::filesystem::path& path) override {
    std::lock_guard lock(mutex_);
    if (!locks_.insert(path).second) return rt::fail(rt::Code::kConflict, "held");
    return std::make_unique<FakeLock>(*this, path);
  }

 private:
  static constexpr std::size_t kNodeBytesMax = std::size_t{256} << 20;  // address space

  struct Node {
    Node() {
      void* mapped =
          ::mmap(nullptr, kNodeBytesMax, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      memory = static_cast<std::byte*>(mapped);
    }
    ~Node() { ::munmap(memory, kNodeBytesMax); }
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    std::byte* memory;
    std::uint64_t size = 0;
    std::vector<std::byte> durable;
    std::set<std::uint64_t> dirty_blocks;
  };
  using NodePtr = std::shared_ptr<Node>;

  class FakeMapping final : public Mapping {
   public:
    FakeMapping(FakeDisk& disk, NodePtr node, std::uint64_t length) : disk_(disk), node_(std::move(node)) {
      data_ = node_->memory;
      size_ = length;
    }
    bool resident(std::uint64_t offset, std::size_t length) const override {
      std::lock_guard lock(disk_.mutex_);
      return !disk_.cold_ && offset + length <= node_->size;
    }
    rt::Status populate(std::uint64_t offset, std::size_t length) const override {
      std::lock_guard lock(disk_.mutex_);
      if (offset + length > node_->size) return rt::fail(rt::Code::kIo, "behind the end of the file");
      return {};
    }
    void will_need(std::uint64_t, std::size_t) const override {}

   private:
    void dispose() noexcept override { delete this; }
    FakeDisk& disk_;
    NodePtr node_;
  };

  class FakeFile final : public File {
   public:
    FakeFile(FakeDisk& disk, NodePtr node, bool direct) : disk_(disk), node_(std::move(node)), direct_(direct) {}

    rt::Status write(std::uint64_t offset, Pieces pieces) override {
      std::lock_guard lock(disk_.mutex_);
      std::uint64_t total = 0;
      for (auto piece : pieces) total += piece.size();
      if (direct_ && (offset % kDiskBlockBytes != 0 || total % kDiskBlockBytes != 0)) {
        return rt::fail(rt::Code::kIo, "a direct write that is not aligned");
      }
      const bool had_power = disk_.operations_left_ > 0;
      const auto powered = disk_.spend();
      std::uint64_t allowed = total;
      if (!powered) allowed = had_power ? disk_.random_() % (total + 1) : 0;
      const std::uint64_t growth = offset + total > node_->size ? offset + total - node_->size : 0;
      const bool full = growth > disk_.space_;
      if (full) allowed = std::min(allowed, disk_.random_() % (total + 1) / kDiskBlockBytes * kDiskBlockBytes);
      put(offset, pieces, allowed);
      if (!powered) return powered;
      if (full) return rt::fail(rt::Code::kFull, "no space on the fake disk");
      return {};
    }

    rt::Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const override {
      std::lock_guard lock(disk_.mutex_);
      if (offset >= node_->size) return 0;
      const std::size_t count = std::min<std::uint64_t>(into.size(), node_->size - offset);
      std::memcpy(into.data(), node_->memory + offset, count);
      return count;
    }

    rt::Status sync() override {
      std::lock_guard lock(disk_.mutex_);
      if (auto powered = disk_.spend(); !powered) return powered;
      if (disk_.syncs_fail_) return rt::fail(rt::Code::kIo, "the fake disk cannot sync");
      node_->durable.resize(node_->size);
      for (std::uint64_t block : node_->dirty_blocks) copy_block(*node_, block, node_->memory, node_->durable.data());
      node_->dirty_blocks.clear();
      return {};
    }

    rt::Status allocate(std::uint64_t, std::uint64_t) override { return {}; }

    rt::Status truncate(std::uint64_t size) override {
      std::lock_guard lock(disk_.mutex_);
      if (auto powered = disk_.spend(); !powered) return powered;
      if (size < node_->size) {
        std::memset(node_->memory + size, 0, node_->size - size);
        disk_.space_ += node_->size - size;
        touch(size, node_->size - size);
      }
      node_->size = size;
      return {};
    }

    rt::Status punch(std::uint64_t offset, std::uint64_t length) override {
      std::lock_guard lock(disk_.mutex_);
      if (auto powered = disk_.spend(); !powered) return powered;
      std::memset(node_->memory + offset, 0, length);
      touch(offset, length);
      disk_.punched_bytes_ += length;
      return {};
    }

    rt::Result<std::uint64_t> size() const override {
      std::lock_guard lock(disk_.mutex_);
      return node_->size;
    }
    std::uint64_t allocated_bytes() const override { return *size(); }
    rt::Result<rt::Ref<Mapping>> map(std::uint64_t length) const override {
      return rt::Ref<Mapping>::adopt(new FakeMapping(disk_, node_, length));
    }

   private:
    void put(std::uint64_t offset, Pieces pieces, std::uint64_t allowed) {
      const std::uint64_t start = offset;
      for (auto piece : pieces) {
        const std::size_t count = std::min<std::uint64_t>(piece.size(), allowed);
        std::memcpy(node_->memory + offset, piece.data(), count);
        offset += count;
        allowed -= count;
      }
      if (offset == start) return;
      touch(start, offset - start);
      if (offset <= node_->size) return;
      disk_.space_ -= std::min(disk_.space_, offset - node_->size);
      node_->size = offset;
    }
    void touch(std::uint64_t offset, std::uint64_t length) {
      for (std::uint64_t block = offset / kDiskBlockBytes; block * kDiskBlockBytes < offset + length; ++block) {
        node_->dirty_blocks.insert(block);
      }
    }
    FakeDisk& disk_;
    NodePtr node_;
    bool direct_;
  };

  class FakeLock final : public DiskLock {
   public:
    FakeLock(FakeDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
    ~FakeLock() override {
      std::lock_guard lock(disk_.mutex_);
      disk_.locks_.erase(path_);
    }

   private:
    FakeDisk& disk_;
    std::string path_;
  };

  static void copy_block(const Node& node, std::uint64_t block, const std::byte* from, std::byte* to) {
    const std::uint64_t start = block * kDiskBlockBytes;
    if (start >= node.durable.size()) return;
    std::memcpy(to + start, from + start, std::min<std::uint64_t>(kDiskBlockBytes, node.durable.size() - start));
  }

  bool coin() { return (random_() & 1) != 0; }

  // Each unsynced block, and the size, is as it was or as it became.
  void forget(Node& node) {
    const std::uint64_t size = coin() ? node.size : node.durable.size();
    node.durable.resize(std::max<std::uint64_t>(node.size, node.durable.size()));
    for (std::uint64_t block : node.dirty_blocks) {
      if (coin()) copy_block(node, block, node.memory, node.durable.data());
    }
    node.dirty_blocks.clear();
    node.durable.resize(size);
    std::memset(node.memory, 0, std::max<std::uint64_t>(node.size, size));
    if (size > 0) std::memcpy(node.memory, node.durable.data(), size);
    node.size = size;
  }

  rt::Status spend() {
    ++operations_;
    if (operations_left_ != kNever && operations_left_ > 0) --operations_left_;
    if (operations_left_ == 0) return rt::fail(rt::Code::kIo, "the power is out");
    return {};
  }

  mutable std::mutex mutex_;
  std::mt19937_64 random_;
  std::map<std::string, NodePtr> names_;
  std::map<std::string, NodePtr> durable_names_;
  std::set<std::string> locks_;
  std::uint64_t operations_left_ = kNever;
  std::uint64_t operations_ = 0;
  std::uint64_t space_ = std::uint64_t{1} << 40;
  std::uint64_t punched_bytes_ = 0;
  bool cold_ = false;
  bool direct_ = false;
  bool syncs_fail_ = false;
  bool opens_fail_ = false;
};

}  // namespace millrace::store
