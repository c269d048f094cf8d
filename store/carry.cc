// A deletion is needed while an older segment is left that could hold what it deletes.
#include "store/carry.h"

#include <algorithm>
#include <utility>

namespace millrace::store {

Gatherer::Gatherer(const Segments& segments, SegmentNumber number) : number_(number) {
  for (const SegmentPtr& other : segments.all()) numbers_.push_back(other->number());
}

void Gatherer::add(const CommitGroup& group) {
  for (const Commit& commit : group.commits) {
    for (const auto* puts : {&commit.puts, &commit.carried_puts}) {
      gathered_.carried_puts.insert(gathered_.carried_puts.end(), puts->begin(), puts->end());
    }
    for (const auto* objects : {&commit.creations, &commit.carried_creations}) {
      for (const ObjectEntry& object : *objects) {
        entries_ += object.extents.size();
        gathered_.carried_creations.push_back(object);
      }
    }
    for (const auto* erasures : {&commit.erasures, &commit.carried_erasures}) {
      for (const Erasure& erasure : *erasures) {
        if (is_needed(erasure.since_segment)) gathered_.carried_erasures.push_back(erasure);
      }
    }
    for (const auto* removals : {&commit.removals, &commit.carried_removals}) {
      for (const Removal& removal : *removals) {
        if (is_needed(removal.since_segment)) gathered_.carried_removals.push_back(removal);
      }
    }
  }
  entries_ += group.commits.size();
}

Commit Gatherer::take() {
  entries_ = 0;
  return std::exchange(gathered_, {});
}

// Whether a segment before this one could hold what a deletion deletes.
bool Gatherer::is_needed(SegmentNumber since) const {
  return std::ranges::any_of(numbers_, [&](SegmentNumber other) { return other >= since && other < number_; });
}

rt::Status carry(const Commit& gathered, const Catalog& catalog, Commit& to) {
  for (const RecordEntry& put : gathered.carried_puts) {
    auto record = catalog.record(put.key);
    if (!record) return pass(record);
    if (*record && (*record)->revision == put.revision) to.carried_puts.push_back(put);
  }
  for (const ObjectEntry& object : gathered.carried_creations) {
    auto known = catalog.object(object.info.id);
    if (!known) return pass(known);
    if (*known) to.carried_creations.push_back(object);
  }
  to.carried_erasures = gathered.carried_erasures;
  to.carried_removals = gathered.carried_removals;
  return {};
}

}  // namespace millrace::store
