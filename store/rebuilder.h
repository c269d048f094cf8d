// Merges what the segments hold into an empty index. Commits cannot be replayed for that: segments may have gone and
// what they held was carried into newer ones, so it goes by revisions (the highest wins, a deletion counts) and
// recounts all references. One thread.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "store/recovery.h"

namespace millrace::store {

class Rebuilder {
 public:
  Rebuilder(Index& index, const Tell& damage, const Former& former);

  // Before the records of a segment, from the lowest number on.
  void enter(SegmentNumber segment);
  rt::Status add_chunk(const ChunkInfo& chunk);
  rt::Status add_group(const CommitGroup& group);
  rt::Result<Applied> finish(Place end);
  // After finish(): what the former index knew and no segment tells any more.
  rt::Status find_losses(std::vector<std::string>& losses) const;

 private:
  struct ObjectIdHash {
    std::size_t operator()(const ObjectId& id) const { return id.high ^ id.low; }
  };

  void expect(std::uint64_t sequence);
  void use_up(ChunkId id);
  rt::Status add_commit(const Commit& commit);
  void add_object(const ObjectEntry& object);
  void remove_object(ObjectId id);
  rt::Status add_record(const RecordEntry& put);
  rt::Status erase_record(const Erasure& erasure);
  rt::Status count_objects();
  rt::Status settle_chunks();
  rt::Status settle_chunk(ChunkId id);
  rt::Status step();
  rt::Status flush();

  Index& index_;
  Change change_;
  const Tell& damage_;
  const Former& former_;
  Applied applied_;
  SegmentNumber segment_ = 0;
  std::uint64_t next_sequence_ = 1;  // 0: any
  std::size_t steps_ = 0;
  std::unordered_map<std::string, Revision> erased_;
  std::unordered_set<ObjectId, ObjectIdHash> removed_;
  std::unordered_map<ChunkId, std::uint64_t> references_;
};

}  // namespace millrace::store
