// Adds up what compaction would append, in the same batches.
#include "store/survey.h"

#include <utility>

#include "store/carry.h"
#include "store/codec.h"
#include "store/commit_builder.h"
#include "store/segment_format.h"
#include "store/segment_walk.h"

namespace millrace::store {
namespace {

constexpr std::size_t kBatchEntries = 4096;

std::uint64_t record_bytes(RecordType type, std::string_view meta, std::uint64_t payload_bytes) {
  return RecordHeader{type, 0, static_cast<std::uint32_t>(meta.size()), static_cast<std::uint32_t>(payload_bytes), 0}
      .end();
}

class Survey {
 public:
  Survey(const Internals& store, const Segment& segment)
      : catalog_(store.catalog), segment_(segment), gatherer_(store.segments, segment.number()) {}

  rt::Result<std::uint64_t> run() {
    SegmentVisitor visitor;
    visitor.on_chunk = [this](const ChunkInfo& chunk) { return add_chunk(chunk); };
    visitor.on_group = [this](const CommitGroup& group, Place) { return add_group(group); };
    visitor.on_damage = [](const std::string&) {};  // told when it is emptied
    auto walked = walk_segment(segment_, kSegmentHeaderBytes, {}, visitor);
    if (!walked) return pass(walked);
    if (auto added = add_commit(); !added) return pass(added);
    return bytes_;
  }

 private:
  rt::Status add_chunk(const ChunkInfo& chunk) {
    auto entry = catalog_.chunk(chunk.id);
    if (!entry) return pass(entry);
    if (!*entry || (*entry)->info.place != chunk.place) return {};
    bytes_ += record_bytes(RecordType::kChunk, encode(chunk), chunk.summary.length);
    moves_.push_back(chunk);
    return settle();
  }

  rt::Status add_group(const CommitGroup& group) {
    gatherer_.add(group);
    return settle();
  }

  rt::Status settle() { return gatherer_.entries() + moves_.size() < kBatchEntries ? rt::Status{} : add_commit(); }

  rt::Status add_commit() {
    Commit commit;
    commit.moves = std::exchange(moves_, {});
    if (auto carried = carry(gatherer_.take(), catalog_, commit); !carried) return carried;
    if (is_empty(commit)) return {};
    bytes_ += record_bytes(RecordType::kCommit, encode(CommitGroup{{std::move(commit)}, {}}), 0);
    return {};
  }

  const Catalog& catalog_;
  const Segment& segment_;
  Gatherer gatherer_;
  std::vector<ChunkInfo> moves_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

rt::Result<std::uint64_t> bytes_to_keep(const Internals& store, const Segment& segment) {
  return Survey(store, segment).run();
}

}  // namespace millrace::store
