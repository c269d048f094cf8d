// Gives the space of dead chunks back: out of the index once their delay has passed and no reader can still want them,
// then a hole in the segment. Keeper's thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/committer.h"
#include "store/internals.h"

namespace millrace::store {

class Reclaimer {
 public:
  Reclaimer(Internals& store, Committer& committer, std::function<std::int64_t()> now)
      : store_(store), committer_(committer), now_(std::move(now)) {}

  // One batch; chunks that somebody still reads are left for a later round.
  rt::Status run();

 private:
  struct Doomed {
    std::uint64_t epoch;
    std::vector<ChunkId> ids;
  };
  rt::Status choose();
  // Those of the doomed that nobody reads; none while it cannot be told.
  std::optional<std::vector<ChunkId>> unread() const;
  rt::Status forget();
  rt::Status load_dead();
  rt::Status punch();
  rt::Status punch(const DeadRun& run) const;

  Internals& store_;
  Committer& committer_;
  const std::function<std::int64_t()> now_;
  std::optional<Doomed> doomed_;
  std::string behind_;              // where in the garbage the next batch begins
  std::vector<DeadRun> dead_;       // gone from the index, which remembers them until they are a hole
  std::vector<DeadRun> abandoned_;  // never in the index
  bool loaded_ = false;             // what an earlier run of the server left
};

}  // namespace millrace::store
