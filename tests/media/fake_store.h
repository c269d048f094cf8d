// FakeStore: the store in memory, for tests of what stands on it. Same promises: records with revisions, transactions
// that happen whole or not at all, objects and drafts. Every call gives the loop a turn before it answers, so races
// show. Commits can be made to fail, and a test can step in right before one. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "store/store.h"

namespace millrace::media {

class FakeStore final : public store::Store {
 public:
  std::unique_ptr<store::Writer> writer(std::string domain) override;
  rt::Task<rt::Result<store::Revision>> commit(store::Transaction transaction) override;
  rt::Task<rt::Result<std::optional<store::Record>>> get(std::string key) override;
  std::uint64_t stamp(std::string_view key) const override;
  rt::Task<rt::Result<std::vector<store::Record>>> scan(store::Scan scan) override;
  rt::Task<rt::Result<std::optional<store::ObjectInfo>>> info(store::ObjectId id) override;
  rt::Task<rt::Result<std::unique_ptr<store::Reader>>> read(store::ObjectId id, std::uint64_t offset,
                                                            std::uint64_t length) override;
  rt::Task<rt::Result<store::Draft>> share(store::ObjectId id, std::uint64_t offset, std::uint64_t length,
                                           std::string domain) override;
  rt::Task<rt::Result<bool>> same(store::ObjectId a, store::ObjectId b) override;
  store::Stats stats() const override;
  void on_damage(std::function<void(std::string)>) override {}

  // Runs once, right before the next commit is judged.
  void before_commit(std::function<void()> step);
  // Likewise, before the next object is read.
  void before_read(std::function<void()> step);
  // The next commits fail with this, until cleared.
  void fail_commits(std::optional<rt::Error> error);

  // What is read of records whose keys begin so fails with this, until cleared.
  void fail_reads_of(std::string prefix, std::optional<rt::Error> error);

  // What is there, for assertions.
  std::size_t objects() const;
  std::size_t records(const std::string& prefix) const;
  std::optional<std::string> bytes(store::ObjectId id) const;
  std::size_t commits() const;
  std::size_t reads() const;
  std::size_t scanned_records() const;  // given out by all scans

 private:
  struct Entry {
    std::string value;
    store::Revision revision;
  };
  std::function<void()> next_step(std::function<void()>& of);
  rt::Status check(const store::Transaction& transaction) const;
  rt::Status check_read(const std::string& key) const;
  void apply(store::Transaction& transaction);

  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;             // guarded by mutex_
  std::map<store::ObjectId, std::string> contents_;  // guarded by mutex_
  store::Revision revision_ = 0;                     // guarded by mutex_
  std::size_t commits_ = 0;                          // guarded by mutex_
  std::size_t reads_ = 0;                            // guarded by mutex_
  std::size_t scanned_records_ = 0;                  // guarded by mutex_
  std::function<void()> before_commit_;              // guarded by mutex_
  std::function<void()> before_read_;                // guarded by mutex_
  std::optional<rt::Error> commit_error_;            // guarded by mutex_
  std::map<std::string, rt::Error> read_errors_;     // by the prefix of keys; guarded by mutex_
};

}  // namespace millrace::media
