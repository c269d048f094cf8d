// Who this store is: its id, which every segment carries, and the secret that its chunk hashes are keyed with. Losing
// the secret loses nothing but deduplication against what is stored already.
#pragma once

#include <filesystem>
#include <optional>

#include "store/disk.h"
#include "store/hash.h"
#include "store/segment_format.h"

namespace millrace::store {

struct Identity {
  StoreId id;
  HashSecret secret;
};

// Reads DIRECTORY/store.secret, or draws and keeps a new one. `known`: the id of segments that are there already.
rt::Result<Identity> load_identity(Disk& disk, const std::filesystem::path& directory, std::optional<StoreId> known);

}  // namespace millrace::store
