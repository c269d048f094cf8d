// ForwardingStore: a Store before another one. Whoever stands in between overrides what it has something to say to. Any
// thread, as the other one.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace millrace::store {

class ForwardingStore : public Store {
 public:
  // `inner` outlives it.
  explicit ForwardingStore(Store& inner) : inner_(inner) {}

  std::unique_ptr<Writer> writer(std::string domain) override { return inner_.writer(std::move(domain)); }
  rt::Task<rt::Result<Revision>> commit(Transaction transaction) override {
    return inner_.commit(std::move(transaction));
  }
  rt::Task<rt::Result<std::optional<Record>>> get(std::string key) override { return inner_.get(std::move(key)); }
  std::uint64_t stamp(std::string_view key) const override { return inner_.stamp(key); }
  rt::Task<rt::Result<std::vector<Record>>> scan(Scan scan) override { return inner_.scan(std::move(scan)); }
  rt::Task<rt::Result<std::optional<ObjectInfo>>> info(ObjectId id) override { return inner_.info(id); }
  rt::Task<rt::Result<std::unique_ptr<Reader>>> read(ObjectId id, std::uint64_t offset, std::uint64_t length) override {
    return inner_.read(id, offset, length);
  }
  rt::Task<rt::Result<Draft>> share(ObjectId id, std::uint64_t offset, std::uint64_t length,
                                    std::string domain) override {
    return inner_.share(id, offset, length, std::move(domain));
  }
  rt::Task<rt::Result<bool>> same(ObjectId a, ObjectId b) override { return inner_.same(a, b); }
  Stats stats() const override { return inner_.stats(); }
  void on_damage(std::function<void(std::string)> report) override { inner_.on_damage(std::move(report)); }

 protected:
  Store& inner_;
};

}  // namespace millrace::store
