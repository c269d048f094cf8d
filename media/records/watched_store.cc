#include "media/records/watched_store.h"

namespace millrace::media {

rt::Task<rt::Result<store::Revision>> WatchedStore::commit(store::Transaction transaction) {
  News news;
  for (const auto& put : transaction.puts) {
    for (const Watch& watch : watches_) {
      if (put.key.starts_with(watch.prefix)) news.emplace_back(&watch, put.key);
    }
  }
  if (news.empty()) return inner_.commit(std::move(transaction));
  return commit_and_tell(std::move(transaction), std::move(news));
}

rt::Task<rt::Result<store::Revision>> WatchedStore::commit_and_tell(store::Transaction transaction, News news) {
  auto committed = co_await inner_.commit(std::move(transaction));
  if (!committed) co_return committed;
  for (const auto& [watch, key] : news) watch->call(key);
  co_return committed;
}

}  // namespace millrace::media
