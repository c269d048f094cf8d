// Turns a transaction, which says what somebody wants, into a commit, which says what happens: requirements checked,
// joins resolved into extents, what is not there left out. Reads the index, changes nothing. Committer's thread only.
#pragma once

#include "store/catalog.h"
#include "store/chunk_table.h"

namespace millrace::store {

struct BuiltCommit {
  Commit commit;                     // its sequence is the caller's to set
  std::vector<HeldChunkPtr> chunks;  // pending ones that it makes part of the store
};

// `catalog` is the index with the earlier commits of the same group on top. `floor`: no record written from now on goes
// to an earlier segment. Every chunk of the drafts has settled.
rt::Result<BuiltCommit> build_commit(const Transaction& transaction, const Catalog& catalog, Revision revision,
                                     SegmentNumber floor);

bool is_empty(const Commit& commit);

}  // namespace millrace::store
