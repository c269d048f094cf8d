// WatchedStore: the store, and who wants to know when records below a prefix were put. So nobody who commits has to
// remember whom to wake. It stands before the real one for all services. Any thread.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "store/forwarding_store.h"

namespace millrace::media {

class WatchedStore final : public store::ForwardingStore {
 public:
  // With the key of a record that was put, after it was committed. On the thread that committed; must not wait.
  using Call = std::function<void(const std::string& key)>;

  using ForwardingStore::ForwardingStore;

  // Before the first commit. What `call` uses outlives the last one.
  void watch(std::string prefix, Call call) { watches_.push_back({std::move(prefix), std::move(call)}); }

  rt::Task<rt::Result<store::Revision>> commit(store::Transaction transaction) override;

 private:
  struct Watch {
    std::string prefix;
    Call call;
  };
  // What to tell whom.
  using News = std::vector<std::pair<const Watch*, std::string>>;
  rt::Task<rt::Result<store::Revision>> commit_and_tell(store::Transaction transaction, News news);

  std::vector<Watch> watches_;
};

}  // namespace millrace::media
