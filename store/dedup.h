// Decides where a finished chunk's bytes live: in a chunk somebody has in hand, in one the store already holds
// (compared byte for byte before it is shared), or in a new one. Runs on the Writer's loop; only what needs the disk
// leaves it.
#pragma once

#include <memory>

#include "store/draft.h"
#include "store/internals.h"

namespace millrace::store {

struct FinishedChunk {
  Hash128 domain;
  ChunkSummary summary;
  rt::Slices slices;
  std::shared_ptr<Flow> flow;  // counts the chunk's bytes until they have left
  std::shared_ptr<DraftChunk> draft;
};

// Never suspends: a chunk that certainly is new is queued at once, any other gets a task of its own.
void store_chunk(Internals& store, FinishedChunk chunk);

}  // namespace millrace::store
