#include "store/keeper.h"

namespace millrace::store {

struct Keeper::State {};

Keeper::Keeper(Internals& store, Committer& committer, std::function<std::int64_t()> now, bool)
    : store_(store), committer_(committer), now_(std::move(now)), state_(std::make_unique<State>()) {
  (void)store_;
  (void)committer_;
}
Keeper::~Keeper() = default;
rt::Status Keeper::reclaim() { return {}; }
rt::Status Keeper::compact() { return {}; }
rt::Status Keeper::scrub(std::uint64_t) { return {}; }
void Keeper::abandon(DeadRun) {}

}  // namespace millrace::store
