// Lists of keys as S3 has them: by prefix, grouped by a delimiter, in pages. A group is passed by seeking behind it,
// however many keys it has. Any loop.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/buckets/bucket.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

// Sorts behind every key that goes on from here: no UTF-8 has this byte.
inline constexpr char kBehindAll = '\xff';

// The common prefix that stands for this key; nothing when it stands for itself.
std::optional<std::string> group_of(const KeyListing& listing, std::string_view key);
// Whether what comes next is behind all keys of the group that `after` names.
bool is_behind_group(const KeyListing& listing, std::string_view after);

struct Walked {
  std::vector<store::Record> records;  // keys without the root
  std::vector<std::string> groups;
  bool more = false;
  std::string next;  // the last of both; `after` of the next page
};

// The records whose keys begin with `root`; the listing is about what follows it. What stands behind a NUL belongs to
// the record but not to the key.
rt::Task<rt::Result<Walked>> walk_keys(store::Store& store, std::string root, KeyListing listing);

}  // namespace millrace::media
