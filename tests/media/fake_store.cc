#include "tests/media/fake_store.h"

#include <algorithm>

#include "server/rt/loop.h"
#include "store/crc.h"
#include "store/draft.h"

namespace millrace::media {
namespace {

using rt::Code;

constexpr std::size_t kFakeChunkBytes = 1 << 20;

struct FakeContent final : store::Draft::Content {
  std::string bytes;
};

struct Yield {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiter) const { rt::Loop::current().ready(waiter); }
  void await_resume() const noexcept {}
};

store::Draft draft_of(std::string bytes) {
  auto content = std::make_shared<FakeContent>();
  const auto view = std::as_bytes(std::span(bytes));
  content->size_bytes = bytes.size();
  content->crc32 = store::crc32_update(0, view);
  content->crc64nvme = store::crc64nvme_update(0, view);
  content->bytes = std::move(bytes);
  return store::Draft(content);
}

// Chunks are cut at fixed sizes: what take() gives is always less than what was appended, as with the real one.
class FakeWriter final : public store::Writer {
 public:
  rt::Task<rt::Status> append(rt::Slice slice) override {
    co_await Yield{};
    open_.append(slice.text());
    appended_ += slice.size();
    co_return rt::Status{};
  }
  rt::Task<rt::Result<store::Draft>> take() override {
    co_await Yield{};
    const std::size_t finished = open_.size() / kFakeChunkBytes * kFakeChunkBytes;
    std::string taken = open_.substr(0, finished);
    open_.erase(0, finished);
    co_return draft_of(std::move(taken));
  }
  rt::Task<rt::Result<store::Draft>> finish() override {
    co_await Yield{};
    co_return draft_of(std::exchange(open_, {}));
  }
  std::uint64_t appended_bytes() const noexcept override { return appended_; }

 private:
  std::string open_;
  std::uint64_t appended_ = 0;
};

class FakeReader final : public store::Reader {
 public:
  explicit FakeReader(std::string bytes) : bytes_(std::move(bytes)) {}
  rt::Task<rt::Result<rt::Slices>> next(std::size_t want_bytes) override {
    co_await Yield{};
    rt::Slices slices;
    const std::size_t length = std::min(want_bytes, bytes_.size() - at_);
    if (length > 0) slices.push_back(rt::Slice::copy_of(std::string_view(bytes_).substr(at_, length)));
    at_ += length;
    co_return slices;
  }
  std::uint64_t remaining_bytes() const noexcept override { return bytes_.size() - at_; }

 private:
  const std::string bytes_;
  std::size_t at_ = 0;
};

}  // namespace

std::unique_ptr<store::Writer> FakeStore::writer(std::string) { return std::make_unique<FakeWriter>(); }

rt::Task<rt::Result<store::Revision>> FakeStore::commit(store::Transaction transaction) {
  co_await Yield{};
  if (auto step = next_step(before_commit_)) step();
  std::lock_guard lock(mutex_);
  if (commit_error_) co_return std::unexpected(*commit_error_);
  if (auto ok = check(transaction); !ok) co_return rt::pass(ok);
  apply(transaction);
  co_return revision_;
}

std::function<void()> FakeStore::next_step(std::function<void()>& of) {
  std::lock_guard lock(mutex_);
  return std::exchange(of, {});
}

void FakeStore::before_commit(std::function<void()> step) {
  std::lock_guard lock(mutex_);
  before_commit_ = std::move(step);
}

void FakeStore::before_read(std::function<void()> step) {
  std::lock_guard lock(mutex_);
  before_read_ = std::move(step);
}

void FakeStore::fail_commits(std::optional<rt::Error> error) {
  std::lock_guard lock(mutex_);
  commit_error_ = std::move(error);
}

void FakeStore::fail_reads_of(std::string prefix, std::optional<rt::Error> error) {
  std::lock_guard lock(mutex_);
  if (error) {
    read_errors_.insert_or_assign(std::move(prefix), std::move(*error));
  } else {
    read_errors_.erase(prefix);
  }
}

rt::Status FakeStore::check_read(const std::string& key) const {
  for (const auto& [prefix, error] : read_errors_) {
    if (key.starts_with(prefix)) return std::unexpected(error);
  }
  return {};
}

rt::Status FakeStore::check(const store::Transaction& transaction) const {
  for (const auto& wanted : transaction.requirements) {
    const auto found = entries_.find(wanted.key);
    const store::Revision revision = found == entries_.end() ? 0 : found->second.revision;
    if (revision != wanted.revision) return rt::fail(Code::kConflict, "the record " + wanted.key + " has changed");
  }
  for (const auto& join : transaction.joins) {
    for (const auto& part : join.parts) {
      if (!contents_.contains(part)) return rt::fail(Code::kNotFound, "no such object");
    }
  }
  for (const auto& id : transaction.removals) {
    if (!contents_.contains(id)) return rt::fail(Code::kNotFound, "no such object");
  }
  return {};
}

void FakeStore::apply(store::Transaction& transaction) {
  ++revision_;
  ++commits_;
  for (auto& put : transaction.puts) entries_[put.key] = {std::move(put.value), revision_};
  for (const auto& key : transaction.erasures) entries_.erase(key);
  for (auto& creation : transaction.creations) {
    contents_[creation.id] = static_cast<FakeContent&>(*creation.draft.content()).bytes;
  }
  for (const auto& join : transaction.joins) {
    std::string whole;
    for (const auto& part : join.parts) {
      whole += contents_[part];
      contents_.erase(part);
    }
    contents_[join.id] = std::move(whole);
  }
  for (const auto& id : transaction.removals) contents_.erase(id);
}

rt::Task<rt::Result<std::optional<store::Record>>> FakeStore::get(std::string key) {
  co_await Yield{};
  std::lock_guard lock(mutex_);
  if (auto readable = check_read(key); !readable) co_return rt::pass(readable);
  const auto found = entries_.find(key);
  if (found == entries_.end()) co_return std::nullopt;
  co_return store::Record{key, found->second.value, found->second.revision};
}

// Every commit moves them all.
std::uint64_t FakeStore::stamp(std::string_view) const {
  std::lock_guard lock(mutex_);
  return revision_;
}

rt::Task<rt::Result<std::vector<store::Record>>> FakeStore::scan(store::Scan scan) {
  co_await Yield{};
  std::lock_guard lock(mutex_);
  if (auto readable = check_read(scan.prefix); !readable) co_return rt::pass(readable);
  std::vector<store::Record> found;
  const auto take = [&](const auto& entry) {
    if (!scan.after.empty() && (scan.reverse ? entry.first >= scan.after : entry.first <= scan.after)) return;
    if (entry.first.starts_with(scan.prefix) && found.size() < scan.limit) {
      found.push_back({entry.first, entry.second.value, entry.second.revision});
    }
  };
  if (scan.reverse) {
    std::for_each(entries_.rbegin(), entries_.rend(), take);
  } else {
    std::for_each(entries_.begin(), entries_.end(), take);
  }
  scanned_records_ += found.size();
  co_return found;
}

rt::Task<rt::Result<std::optional<store::ObjectInfo>>> FakeStore::info(store::ObjectId id) {
  co_await Yield{};
  std::lock_guard lock(mutex_);
  const auto found = contents_.find(id);
  if (found == contents_.end()) co_return std::nullopt;
  const auto view = std::as_bytes(std::span(found->second));
  co_return store::ObjectInfo{id, found->second.size(), store::crc32_update(0, view), store::crc64nvme_update(0, view)};
}

rt::Task<rt::Result<std::unique_ptr<store::Reader>>> FakeStore::read(store::ObjectId id, std::uint64_t offset,
                                                                     std::uint64_t length) {
  co_await Yield{};
  if (auto step = next_step(before_read_)) step();
  std::lock_guard lock(mutex_);
  const auto found = contents_.find(id);
  if (found == contents_.end()) co_return rt::fail(Code::kNotFound, "there is no object " + id.text());
  if (offset + length > found->second.size()) co_return rt::fail(Code::kInvalid, "the range is outside");
  ++reads_;
  co_return std::make_unique<FakeReader>(found->second.substr(offset, length));
}

rt::Task<rt::Result<store::Draft>> FakeStore::share(store::ObjectId id, std::uint64_t offset, std::uint64_t length,
                                                    std::string) {
  co_await Yield{};
  if (auto step = next_step(before_read_)) step();
  const auto content = bytes(id);
  if (!content) co_return rt::fail(Code::kNotFound, "no such object");
  co_return draft_of(content->substr(offset, length));
}

rt::Task<rt::Result<bool>> FakeStore::same(store::ObjectId a, store::ObjectId b) {
  co_await Yield{};
  std::lock_guard lock(mutex_);
  const auto first = contents_.find(a);
  const auto second = contents_.find(b);
  if (first == contents_.end() || second == contents_.end()) co_return rt::fail(Code::kNotFound, "no such object");
  co_return first->second == second->second;
}

store::Stats FakeStore::stats() const { return {.objects = objects(), .commits = commits()}; }

std::size_t FakeStore::objects() const {
  std::lock_guard lock(mutex_);
  return contents_.size();
}

std::size_t FakeStore::commits() const {
  std::lock_guard lock(mutex_);
  return commits_;
}

std::size_t FakeStore::reads() const {
  std::lock_guard lock(mutex_);
  return reads_;
}

std::size_t FakeStore::scanned_records() const {
  std::lock_guard lock(mutex_);
  return scanned_records_;
}

std::size_t FakeStore::records(const std::string& prefix) const {
  std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(entries_.begin(), entries_.end(),
                                                [&](const auto& entry) { return entry.first.starts_with(prefix); }));
}

std::optional<std::string> FakeStore::bytes(store::ObjectId id) const {
  std::lock_guard lock(mutex_);
  const auto found = contents_.find(id);
  if (found == contents_.end()) return std::nullopt;
  return found->second;
}

}  // namespace millrace::media
