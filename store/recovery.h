// Brings the index up to what the segments say: replays the commits behind the index's position after a crash, or
// builds the whole index anew. Runs before the store serves anybody, on the opening thread.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/apply.h"
#include "store/segments.h"
#include "store/torn_end.h"

namespace millrace::store {

struct Recovered {
  Applied applied;
  Place end;  // where the newest segment ends and writing goes on; none: in a new one
};

using Tell = std::function<void(std::string sentence)>;

// What a second look does not find again.
struct Findings {
  std::vector<std::string> losses;  // what the store had, or may have had, and has no more
  std::vector<std::string> notes;   // no harm done
};

struct Recovery {
  Segments& segments;
  Index& index;
  OnTornEnd on_torn_end;
  const Tell& damage;
  Findings& findings;
};

// What an index that is built anew knew, as far as it could be read. What the segments tell no more is taken from here.
struct Former {
  Applied applied;
  std::vector<ObjectEntry> objects;
  std::vector<RecordEntry> records;
  std::unordered_map<ChunkId, ChunkInfo> chunks;
};
Former former_of(const Index& index);

// Replays from `applied` on. kDamaged when index and segments do not fit together.
rt::Result<Recovered> replay(const Recovery& recovery, Applied applied, ApplyTime time);

// The index is empty. Keeps what can be kept; tells what could not, and what of the former index is lost.
rt::Result<Recovered> rebuild(const Recovery& recovery, const Former& former);

}  // namespace millrace::store
