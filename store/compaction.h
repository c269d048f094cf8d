// Empties sparse segments: live chunks and everything that a rebuilt index would need are appended to the newest
// segment, then the old one is removed. Readers of the old one keep its mapping. Keeper's thread.
#pragma once

#include <map>
#include <set>

#include "store/committer.h"
#include "store/internals.h"

namespace millrace::store {

class Compactor {
 public:
  Compactor(Internals& store, Committer& committer) : store_(store), committer_(committer) {}

  // Empties the sparsest segment, if one is sparse enough and that gives back half of it.
  rt::Status run();

 private:
  rt::Result<SegmentPtr> choose();
  rt::Result<bool> is_worth_it(const Segment& segment);
  bool is_known_full(SegmentNumber number) const;
  rt::Status empty(const SegmentPtr& segment);
  rt::Status remove(SegmentNumber number);

  Internals& store_;
  Committer& committer_;
  std::map<SegmentNumber, SegmentNumber> full_;  // most of it is needed; which one was the newest when we looked
  std::set<SegmentNumber> unmovable_;            // damaged ones: left as they are
};

}  // namespace millrace::store
