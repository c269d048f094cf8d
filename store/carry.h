// What a segment says besides its chunks and a rebuilt index would still need: compaction carries it into the newest
// segment before it removes the old one.
#pragma once

#include <vector>

#include "store/catalog.h"
#include "store/segments.h"

namespace millrace::store {

// Collects what one segment's groups say that may still be needed.
class Gatherer {
 public:
  Gatherer(const Segments& segments, SegmentNumber number);

  void add(const CommitGroup& group);
  // About as much as there is to look up.
  std::size_t entries() const { return entries_; }
  // As the carried_* of one commit; leaves nothing.
  Commit take();

 private:
  bool is_needed(SegmentNumber since) const;

  const SegmentNumber number_;
  std::vector<SegmentNumber> numbers_;
  Commit gathered_;
  std::size_t entries_ = 0;
};

// Appends to `to` what of `gathered` is still so.
rt::Status carry(const Commit& gathered, const Catalog& catalog, Commit& to);

}  // namespace millrace::store
