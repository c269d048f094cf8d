// The server secret: 32 random bytes from which S3 secrets and token signatures are derived, so that none of them is
// ever stored. Made on the first start, in a file only its owner can read; losing it makes every access key and token
// worthless, so it belongs into the backup with the store.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "server/rt/error.h"

namespace millrace::media {

using ServerSecret = std::array<std::byte, 32>;

// Reads the file, or makes it (0600, synced with its directory) when absent. kDamaged when it has another size.
// Blocks: for start-up only.
rt::Result<ServerSecret> load_server_secret(const std::filesystem::path& file);

// Writes text to a file readable by its owner only, replacing it atomically, synced. Blocks.
rt::Status write_private_file(const std::filesystem::path& file, std::string_view text);

}  // namespace millrace::media
