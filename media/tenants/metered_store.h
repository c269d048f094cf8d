// MeteredStore: the store, with the bytes that every tenant keeps counted and held below its quota. It stands before
// the real one for all services, so no door and no service can forget it: what a Writer takes in counts from its first
// byte and stops counting when its Draft is dropped; what a Transaction removes stops counting once it is committed.
// For the same reason it is here that what a download holds is kept (media/downloads/holds.h): a transaction that
// deletes a media or a rendition cannot take the bytes away from under it.
//
// Counted are bytes as they were sent, not as they are stored: equal chunks count as often as they are kept.
//
// The count is in memory, a number for each tenant, because a record of it would make every commit of a tenant wait for
// the others. At start it is what the records say, so nothing that goes wrong with it outlives the process. Any thread.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>

#include "store/forwarding_store.h"

namespace millrace::media {

class MeteredStore final : public store::ForwardingStore {
 public:
  // How many bytes a tenant may keep; 0: no limit. Called on any thread.
  using Quota = std::function<std::uint64_t(std::string_view tenant)>;

  // `inner` outlives it.
  explicit MeteredStore(store::Store& inner);
  ~MeteredStore() override;

  // Counts what the store holds. Once, before anything else.
  rt::Task<rt::Status> count();
  // Before the first writer.
  void limit(Quota quota) { quota_ = std::move(quota); }

  // Kept by the tenant, with what it is sending right now.
  std::uint64_t bytes_of(std::string_view tenant) const;
  // kQuotaExceeded when so many more would be too many.
  rt::Status check_room(std::string_view tenant, std::uint64_t more_bytes) const;

  // `domain` is the tenant. append() fails with kQuotaExceeded; what came before can still be taken and committed.
  std::unique_ptr<store::Writer> writer(std::string domain) override;
  rt::Task<rt::Result<store::Revision>> commit(store::Transaction transaction) override;
  // Counts like bytes that are sent.
  rt::Task<rt::Result<store::Draft>> share(store::ObjectId id, std::uint64_t offset, std::uint64_t length,
                                           std::string domain) override;

  // Bytes of one tenant. Never below zero: it is better to count too little than to lock somebody out.
  class Account {
   public:
    // False, and nothing was added, when that would be more than the quota (0: none).
    bool add(std::uint64_t bytes, std::uint64_t quota_bytes);
    void give_back(std::uint64_t bytes);
    std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

   private:
    std::atomic<std::uint64_t> bytes_ = 0;
  };

 private:
  std::shared_ptr<Account> account(std::string_view tenant);
  rt::Task<rt::Result<store::Revision>> commit_counted(store::Transaction transaction);
  rt::Task<rt::Result<std::uint64_t>> removed_bytes(std::vector<store::ObjectId> removals);

  Quota quota_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Account>, std::less<>> accounts_;  // guarded by mutex_
};

}  // namespace millrace::media
