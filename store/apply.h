// Applies a commit to the index: the one place where reference counts, garbage and totals change, used alike when a
// commit happens, when it is replayed after a crash, and never anywhere else. Deterministic but for the clock.
#pragma once

#include "store/catalog.h"

namespace millrace::store {

struct ApplyTime {
  std::int64_t now = 0;
  std::int64_t deletable_after_seconds = 0;
};

// kDamaged when the commit speaks of chunks that the index does not know.
rt::Status apply_commit(const Commit& commit, Change& change, Applied& applied, ApplyTime time);

// The chunk is gone: nobody references it any more and its delay has passed.
rt::Status forget_chunk(const ChunkEntry& entry, Change& change, Applied& applied);

}  // namespace millrace::store
