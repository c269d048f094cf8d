// WatchedStore: the store, and who wants to know when records below a prefix were put. So nobody who commits has to
// remember whom to wake. It stands before the real one for all services. Any thread.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace millrace::media {

class WatchedStore final : public store::Store {
 public:
  // With the key of a record that was put, after it was committed. On the thread that committed; must not wait.
  using Call = std::function<void(const std::string& key)>;

  // `inner` outlives it.
  explicit WatchedStore(store::Store& inner) : inner_(inner) {}

  // Before the first commit. What `call` uses outlives the last one.
  void watch(std::string prefix, Call call) { watches_.push_back({std::move(prefix), std::move(call)}); }

  rt::Task<rt::Result<store::Revision>> commit(store::Transaction transaction) override;

  std::unique_ptr<store::Writer> writer(std::string domain) override { return inner_.writer(std::move(domain)); }
  rt::Task<rt::Result<std::optional<store::Record>>> get(std::string key) override {
    return inner_.get(std::move(key));
  }
  std::uint64_t stamp(std::string_view key) const override { return inner_.stamp(key); }
  rt::Task<rt::Result<std::vector<store::Record>>> scan(store::Scan scan) override {
    return inner_.scan(std::move(scan));
  }
  rt::Task<rt::Result<std::optional<store::ObjectInfo>>> info(store::ObjectId id) override { return inner_.info(id); }
  rt::Task<rt::Result<std::unique_ptr<store::Reader>>> read(store::ObjectId id, std::uint64_t offset,
                                                            std::uint64_t length) override {
    return inner_.read(id, offset, length);
  }
  rt::Task<rt::Result<store::Draft>> share(store::ObjectId id, std::uint64_t offset, std::uint64_t length,
                                           std::string domain) override {
    return inner_.share(id, offset, length, std::move(domain));
  }
  rt::Task<rt::Result<bool>> same(store::ObjectId a, store::ObjectId b) override { return inner_.same(a, b); }
  store::Stats stats() const override { return inner_.stats(); }
  void on_damage(std::function<void(std::string)> report) override { inner_.on_damage(std::move(report)); }

 private:
  struct Watch {
    std::string prefix;
    Call call;
  };
  // What to tell whom.
  using News = std::vector<std::pair<const Watch*, std::string>>;
  rt::Task<rt::Result<store::Revision>> commit_and_tell(store::Transaction transaction, News news);

  store::Store& inner_;
  std::vector<Watch> watches_;
};

}  // namespace millrace::media
