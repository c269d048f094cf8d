// Brings the index up to what the segments say: replays the commits behind the index's position after a crash, or
// builds the whole index anew. Runs before the store serves anybody, on the opening thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "store/apply.h"
#include "store/segments.h"

namespace millrace::store {

struct Recovered {
  Applied applied;
  Place end;  // where the newest segment ends and writing goes on; none: in a new one
};

using Tell = std::function<void(std::string sentence)>;

// What a second look does not find again.
struct Findings {
  std::vector<std::string> notes;  // no harm done
};

// Replays from `applied` on. kDamaged when index and segments do not fit together.
rt::Result<Recovered> replay(Segments& segments, Index& index, Applied applied, ApplyTime time, const Tell& damage);

// `index` is empty. Keeps what can be kept; tells what could not.
rt::Result<Recovered> rebuild(Segments& segments, Index& index, const Tell& damage);

}  // namespace millrace::store
