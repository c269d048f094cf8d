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

// DIRECTORY/store.secret. kNotFound, or kDamaged with a sentence.
rt::Result<Identity> read_identity(Disk& disk, const std::filesystem::path& directory);
// With the id of segments that are there already.
rt::Result<Identity> draw_identity(std::optional<StoreId> known);
// Keeps it as DIRECTORY/store.secret; a damaged file there is renamed to store.secret.damaged.
rt::Status write_identity(Disk& disk, const std::filesystem::path& directory, const Identity& identity);

}  // namespace millrace::store
