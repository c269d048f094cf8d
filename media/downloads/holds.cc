#include "media/downloads/holds.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "media/records/codec_download.h"
#include "media/records/keys.h"

namespace millrace::media {
namespace {

// The hold as it is; one without downloads when there is none.
rt::Task<rt::Result<Hold>> load(store::Store& store, std::string tenant, store::ObjectId object) {
  auto record = co_await store.get(keys::hold(tenant, object.text()));
  if (!record) co_return rt::pass(record);
  if (*record) co_return decode_hold(**record);
  co_return Hold{.object = object, .tenant = std::move(tenant)};
}

void put(store::Transaction& transaction, const Hold& hold) {
  std::string key = keys::hold(hold.tenant, hold.object.text());
  transaction.require(key, hold.revision);
  if (hold.downloads > 0) {
    transaction.put(std::move(key), encode(hold));
  } else {
    transaction.erase(std::move(key));
  }
}

bool owns_held_bytes(std::string_view key) {
  return key.starts_with(keys::all_medias()) || key.starts_with(keys::all_renditions());
}

// Whose media or rendition changes; empty when none does.
std::string owner_in(const store::Transaction& transaction) {
  for (const std::string& key : transaction.erasures) {
    if (owns_held_bytes(key)) return keys::owner_of_bytes(key);
  }
  for (const auto& put : transaction.puts) {
    if (owns_held_bytes(put.key)) return keys::owner_of_bytes(put.key);
  }
  return {};
}

}  // namespace

rt::Task<rt::Status> add_hold(store::Store& store, store::Transaction& transaction, std::string tenant,
                              store::ObjectId object, std::uint64_t size_bytes) {
  auto hold = co_await load(store, std::move(tenant), object);
  if (!hold) co_return rt::pass(hold);
  ++hold->downloads;
  hold->size_bytes = size_bytes;
  put(transaction, *hold);
  co_return rt::Status();
}

rt::Task<rt::Status> drop_hold(store::Store& store, store::Transaction& transaction, std::string tenant,
                               store::ObjectId object) {
  auto hold = co_await load(store, std::move(tenant), object);
  if (!hold) co_return rt::pass(hold);
  if (hold->downloads == 0) co_return rt::Status();
  --hold->downloads;
  put(transaction, *hold);
  if (hold->downloads == 0 && hold->orphan) transaction.remove(object);
  co_return rt::Status();
}

rt::Task<rt::Status> keep_held(store::Store& store, store::Transaction& transaction) {
  if (transaction.removals.empty()) co_return rt::Status();
  const std::string owner = owner_in(transaction);
  if (owner.empty()) co_return rt::Status();
  std::vector<store::ObjectId> removals;
  for (const store::ObjectId object : std::exchange(transaction.removals, {})) {
    auto hold = co_await load(store, owner, object);
    if (!hold) co_return rt::pass(hold);
    if (hold->downloads > 0) {
      hold->orphan = true;
      put(transaction, *hold);
    } else {
      transaction.require(keys::hold(owner, object.text()), hold->revision);
      removals.push_back(object);
    }
  }
  transaction.removals = std::move(removals);
  co_return rt::Status();
}

}  // namespace millrace::media
