// Merges what the segments hold into an empty index. Commits cannot be replayed for that: segments may have gone and
// what they held was carried into newer ones, so it goes by revisions (the highest wins, a deletion counts) and
// recounts all references. What a damaged segment tells no more is taken from the former index. One thread.
#pragma once

#include <string>
#include <unordered_map>
#include <unordered_set>

#include "store/recovery.h"
#include "store/sequence_watch.h"

namespace millrace::store {

class Rebuilder {
 public:
  Rebuilder(Index& index, const Segments& segments, const Tell& damage, const Former& former);

  // Before the records of a segment, from the lowest number on.
  void enter(SegmentNumber segment) { watch_.enter(segment); }
  rt::Status add_chunk(const ChunkInfo& chunk);
  rt::Status add_group(const CommitGroup& group);
  rt::Result<Applied> finish(Place end);
  // After finish().
  void tell_findings(Findings& findings) const;

 private:
  struct ObjectIdHash {
    std::size_t operator()(const ObjectId& id) const { return id.high ^ id.low; }
  };

  void use_up(ChunkId id);
  rt::Status describe(const ChunkInfo& chunk);
  rt::Status add_commit(const Commit& commit);
  void add_object(const ObjectEntry& object);
  void remove_object(ObjectId id);
  rt::Status add_record(const RecordEntry& put);
  rt::Status erase_record(const Erasure& erasure);
  rt::Status take_over_former();
  rt::Status count_objects();
  rt::Status settle_chunks();
  rt::Status settle_chunk(const ChunkInfo& info);
  rt::Status put_live(const ChunkInfo& info, std::uint64_t references);
  rt::Result<bool> find_unrecorded(ChunkId id, std::uint64_t references);
  rt::Result<bool> is_there(const ChunkInfo& info) const;
  rt::Status step();
  rt::Status flush();

  Index& index_;
  Change change_;
  const Segments& segments_;
  const Tell& damage_;
  const Former& former_;
  Applied applied_;
  SequenceWatch watch_;
  std::size_t steps_ = 0;
  std::uint64_t last_commit_ = 0;  // that a segment has
  std::uint64_t kept_objects_ = 0;
  std::uint64_t kept_records_ = 0;
  std::uint64_t kept_chunks_ = 0;
  std::unordered_map<ChunkId, ChunkInfo> described_;  // by a commit, with no record at that place
  std::unordered_map<std::string, Revision> erased_;
  std::unordered_set<ObjectId, ObjectIdHash> removed_;
  std::unordered_map<ChunkId, std::uint64_t> references_;
};

}  // namespace millrace::store
