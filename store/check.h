// The offline check of a store that nobody serves: every record's checksum, every extent, every count. With `repair`
// the index is built anew from the segments when it is missing, unusable or wrong, and what a crash left behind the
// last whole record is set aside in a file of its own. Stored bytes are never changed; a damaged chunk stays and is
// named with the objects that need it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "server/rt/error.h"
#include "store/embedded_store.h"

namespace millrace::store {

struct CheckReport {
  std::uint64_t segments = 0;
  std::uint64_t records = 0;  // in segments: chunks and commit groups
  std::uint64_t chunks = 0;
  std::uint64_t objects = 0;
  std::uint64_t verified_bytes = 0;
  std::uint64_t orphan_chunks = 0;  // in segments, not part of the store: no problem, compaction drops them
  std::uint64_t orphan_bytes = 0;
  bool index_rebuilt = false;
  std::vector<std::string> notes;     // what was found and does no harm
  std::vector<std::string> problems;  // what is wrong now, after the repair if there was one, or lost for good
  bool clean() const { return problems.empty(); }
};

// kNotFound: no store there. kConflict: it is being served.
rt::Result<CheckReport> check(const std::filesystem::path& directory, Disk& disk, bool repair);
rt::Result<CheckReport> check(const Options& options, Disk& disk, const Seams& seams, bool repair);

}  // namespace millrace::store
