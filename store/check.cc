// Segments are walked once, their chunks compared with what the index says; then the index's tables are compared with
// each other. What is wrong with the index alone is kept apart, because building it anew cures that.
#include "store/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "store/codec.h"
#include "store/crc.h"
#include "store/segment_walk.h"
#include "store/sequence_watch.h"

namespace millrace::store {
namespace {

constexpr std::size_t kUnnamedTold = 100;

class Checker {
 public:
  Checker(OpenedFiles& files, CheckReport& report)
      : files_(files), catalog_(*files.index), index_(*files.index), report_(report) {}

  rt::Status run() {
    rt::Status done = load_chunks();
    if (done) done = check_segments();
    if (done) check_unrecorded();
    if (done) done = check_objects();
    if (done) done = check_keys();
    if (done) done = check_garbage();
    if (done) done = check_records();
    if (done) done = check_presence();
    if (!done) return done;
    tell_further_unnamed();
    check_chunks();
    return check_totals();
  }

  const std::vector<std::string>& index_problems() const { return index_problems_; }

 private:
  struct Known {
    ChunkEntry entry;
    bool recorded = false;  // a segment has it where the index says
    bool damaged = false;
    std::uint64_t references = 0;
    std::uint64_t keyed = 0;
    bool garbage = false;
  };

  void wrong_index(std::string problem) { index_problems_.push_back(std::move(problem)); }

  template <class Decode, class Visit>
  rt::Status visit_all(Table table, Decode decode, Visit visit) {
    return index_.visit(table, "", Direction::kForward, [&](std::string_view key, std::string_view value) {
      auto decoded = decode(value);
      if (decoded) {
        visit(key, *decoded);
      } else {
        wrong_index(
            fmt::format("index: {} in {}", decoded.error().message, kTableNames[static_cast<std::size_t>(table)]));
      }
      return true;
    });
  }

  rt::Status load_chunks() {
    return visit_all(Table::kChunks, decode_chunk_entry, [this](std::string_view key, ChunkEntry& entry) {
      if (key != index_key(entry.info.id)) wrong_index(fmt::format("chunk {} has a wrong key", entry.info.id));
      live_bytes_[entry.info.place.segment] += entry.info.summary.length;
      stored_bytes_ += entry.info.summary.length;
      chunks_[entry.info.id].entry = std::move(entry);
      ++report_.chunks;
    });
  }

  rt::Status check_segments() {
    SegmentVisitor visitor;
    visitor.on_damage = [this](std::string sentence) { report_.problems.push_back(std::move(sentence)); };
    visitor.on_group = [this](const CommitGroup& group, Place) {
      ++report_.records;
      for (const Commit& commit : group.commits) note_named(commit);
      return rt::Status{};
    };
    for (const SegmentPtr& segment : files_.segments->all()) {
      ++report_.segments;
      watch_.enter(segment->number());
      visitor.on_chunk = [&](const ChunkInfo& chunk) { return check_record(*segment, chunk); };
      const Trust trust{segment == files_.segments->newest(), files_.recovered.applied.end};
      auto walked = walk_segment(*segment, kSegmentHeaderBytes, trust, visitor);
      if (!walked) return pass(walked);
    }
    return {};
  }

  void note_named(const Commit& commit) {
    watch_.expect(commit.sequence, [this](std::string gap) { report_.problems.push_back(std::move(gap)); });
    for (const auto* objects : {&commit.creations, &commit.carried_creations}) {
      for (const ObjectEntry& object : *objects) named_objects_.insert(object.info.id);
    }
    for (const auto* puts : {&commit.puts, &commit.carried_puts}) {
      for (const RecordEntry& put : *puts) named_records_.insert(fingerprint(put.key, put.revision));
    }
  }

  static std::size_t fingerprint(std::string_view key, Revision revision) {
    return std::hash<std::string_view>()(key) * 31 + std::hash<Revision>()(revision);
  }

  // Now it is whole, but who loses the index loses it.
  void tell_unnamed(std::string what) {
    if (++unnamed_ <= kUnnamedTold) report_.problems.push_back(std::move(what) + " is named by no commit any more");
  }

  void tell_further_unnamed() {
    if (unnamed_ <= kUnnamedTold) return;
    report_.problems.push_back(fmt::format("{} more are named by no commit any more", unnamed_ - kUnnamedTold));
  }

  // A damaged record header hides no bytes as long as the index knows where they are. Only what lies elsewhere is found
  // by building the index anew.
  void check_unrecorded() {
    for (auto& [id, chunk] : chunks_) {
      if (chunk.recorded || orphans_.contains(id)) continue;
      const ChunkInfo& info = chunk.entry.info;
      const SegmentPtr segment = files_.segments->find(info.place.segment);
      const bool intact = segment && payload_intact(segment->file(), info.place.offset, info.summary).value_or(false);
      chunk.recorded = true;
      chunk.damaged = !intact;
      report_.problems.push_back(fmt::format("chunk {} has no record at {} of {}; its bytes are {}", id,
                                             info.place.offset, segment_name(info.place.segment),
                                             intact ? "there" : "lost"));
    }
  }

  rt::Status check_record(const Segment& segment, const ChunkInfo& chunk) {
    ++report_.records;
    const auto known = chunks_.find(chunk.id);
    if (known == chunks_.end() || known->second.entry.info.place != chunk.place) {
      orphans_.insert(chunk.id);
      ++report_.orphan_chunks;
      report_.orphan_bytes += chunk.summary.length;
      return {};
    }
    known->second.recorded = true;
    if (known->second.entry.info != chunk) wrong_index(fmt::format("chunk {} is described differently", chunk.id));
    auto intact = payload_intact(segment.file(), chunk.place.offset, chunk.summary);
    report_.verified_bytes += chunk.summary.length;
    known->second.damaged = !intact || !*intact;
    if (!known->second.damaged) return {};
    report_.problems.push_back(fmt::format("chunk {} ({} bytes at {} of {}): {}", chunk.id, chunk.summary.length,
                                           chunk.place.offset, segment_name(segment.number()),
                                           intact ? "does not match its checksums" : intact.error().message));
    return {};
  }

  rt::Status check_objects() {
    return visit_all(Table::kObjects, decode_object, [this](std::string_view, const ObjectEntry& object) {
      ++report_.objects;
      logical_bytes_ += object.info.size_bytes;
      if (!named_objects_.contains(object.info.id)) tell_unnamed("object " + object.info.id.text());
      check_object(object);
    });
  }

  void check_object(const ObjectEntry& object) {
    std::uint64_t crc64nvme = 0;
    std::uint32_t crc32 = 0;
    bool complete = true;
    for (const Extent& extent : object.extents) {
      const auto found = chunks_.find(extent.chunk);
      if (found == chunks_.end()) {
        tell_missing(object, extent.chunk);
        complete = false;
        continue;
      }
      Known& chunk = found->second;
      const ChunkSummary& summary = chunk.entry.info.summary;
      ++chunk.references;
      if (std::uint64_t{extent.offset} + extent.length > summary.length) {
        wrong_index(fmt::format("object {} reaches beyond chunk {}", object.info.id.text(), extent.chunk));
        complete = false;
        continue;
      }
      if (chunk.damaged) {
        report_.problems.push_back(
            fmt::format("object {} needs damaged chunk {}", object.info.id.text(), extent.chunk));
      }
      complete = complete && extent.length == summary.length;
      crc32 = crc32_combine(crc32, summary.crc32, summary.length);
      crc64nvme = crc64nvme_combine(crc64nvme, summary.crc64nvme, summary.length);
    }
    if (complete && (crc64nvme != object.info.crc64nvme || crc32 != object.info.crc32)) {
      wrong_index(fmt::format("object {} does not have the checksum of its chunks", object.info.id.text()));
    }
  }

  // Building the index anew finds a chunk only where a segment has it.
  void tell_missing(const ObjectEntry& object, ChunkId chunk) {
    std::string problem = fmt::format("object {} needs chunk {}, which is missing", object.info.id.text(), chunk);
    if (orphans_.contains(chunk)) {
      wrong_index(std::move(problem));
    } else {
      report_.problems.push_back(std::move(problem));
    }
  }

  rt::Status check_keys() {
    return index_.visit(Table::kHashes, "", Direction::kForward, [this](std::string_view key, std::string_view value) {
      for (ChunkId id : chunk_ids_in(value)) {
        const auto chunk = chunks_.find(id);
        if (chunk == chunks_.end() || index_key(chunk->second.entry.info.key()) != key) {
          wrong_index(fmt::format("chunk {} is listed under a hash that is not its own", id));
        } else {
          ++chunk->second.keyed;
        }
      }
      return true;
    });
  }

  rt::Status check_garbage() {
    return index_.visit(Table::kGarbage, "", Direction::kForward, [this](std::string_view key, std::string_view) {
      std::int64_t deletable_at = 0;
      const auto id = chunk_of_garbage_key(key, deletable_at);
      const auto chunk = id ? chunks_.find(*id) : chunks_.end();
      if (chunk == chunks_.end() || chunk->second.entry.count != RefCount{0, deletable_at}) {
        wrong_index("an entry of the garbage names no chunk that is garbage");
      } else {
        chunk->second.garbage = true;
      }
      return true;
    });
  }

  rt::Status check_records() {
    return visit_all(Table::kRecords, decode_record, [this](std::string_view key, const RecordEntry& record) {
      if (!named_records_.contains(fingerprint(key, record.revision))) tell_unnamed("record " + std::string(key));
    });
  }

  void check_chunks() {
    for (const auto& [id, chunk] : chunks_) {
      const RefCount& count = chunk.entry.count;
      if (!chunk.recorded) wrong_index(fmt::format("chunk {} is not where the index says", id));
      if (count.references != chunk.references) {
        wrong_index(fmt::format("chunk {} counts {} references and has {}", id, count.references, chunk.references));
      }
      if (chunk.keyed != 1) wrong_index(fmt::format("chunk {} is found {} times under its hash", id, chunk.keyed));
      if ((count.references == 0) != chunk.garbage) wrong_index(fmt::format("chunk {} is garbage only in part", id));
    }
  }

  // Compaction forgets the segments that it removes.
  rt::Status check_presence() {
    auto numbers = catalog_.segments_with_live_bytes();
    if (!numbers) return pass(numbers);
    for (const SegmentNumber number : *numbers) {
      if (!files_.segments->find(number)) report_.problems.push_back(segment_name(number) + " is missing");
    }
    return {};
  }

  rt::Status check_totals() {
    auto applied = catalog_.applied();
    if (!applied) return pass(applied);
    const Applied& totals = **applied;
    if (totals.objects != report_.objects || totals.chunks != report_.chunks ||
        totals.logical_bytes != logical_bytes_ || totals.stored_bytes != stored_bytes_) {
      wrong_index("the totals are wrong");
    }
    for (const SegmentPtr& segment : files_.segments->all()) {
      auto live = catalog_.live_bytes(segment->number());
      if (!live) return pass(live);
      if (*live != live_bytes_[segment->number()]) {
        wrong_index(fmt::format("{} has {} live bytes, the index says {}", segment_name(segment->number()),
                                live_bytes_[segment->number()], *live));
      }
    }
    return {};
  }

  OpenedFiles& files_;
  const Catalog catalog_;
  const Index& index_;
  CheckReport& report_;
  std::vector<std::string> index_problems_;
  std::unordered_map<ChunkId, Known> chunks_;
  std::unordered_set<ChunkId> orphans_;  // in a segment, not where the index says
  SequenceWatch watch_;
  std::set<ObjectId> named_objects_;
  std::unordered_set<std::size_t> named_records_;  // key and revision
  std::size_t unnamed_ = 0;
  std::map<SegmentNumber, std::uint64_t> live_bytes_;
  std::uint64_t logical_bytes_ = 0;
  std::uint64_t stored_bytes_ = 0;
};

struct Round {
  CheckReport report;
  std::vector<std::string> index_problems;
  Findings findings;
};

rt::Result<Round> check_once(const Options& options, Disk& disk, const Seams& seams, OnBadIndex on_bad_index) {
  Round round;
  std::vector<std::string> told;
  auto files = open_files(options, disk, seams, on_bad_index,
                          [&told](std::string sentence) { told.push_back(std::move(sentence)); });
  if (!files && files.error().code == rt::Code::kDamaged) {
    round.index_problems.push_back(files.error().message);
    return round;
  }
  if (!files) return pass(files);
  round.report.index_rebuilt = files->rebuilt;
  Checker checker(*files, round.report);
  if (auto ran = checker.run(); !ran) return pass(ran);
  (void)files->index->sync();
  round.index_problems = checker.index_problems();
  round.findings = std::move(files->findings);
  // The walk over all segments tells most of it again.
  for (std::string& sentence : told) {
    if (std::ranges::find(round.report.problems, sentence) == round.report.problems.end()) {
      round.report.problems.push_back(std::move(sentence));
    }
  }
  return round;
}

}  // namespace

rt::Result<CheckReport> check(const Options& options, Disk& disk, const Seams& seams, bool repair) {
  auto round = check_once(options, disk, seams, repair ? OnBadIndex::kRebuild : OnBadIndex::kReport);
  Findings before;
  if (round && repair && !round->index_problems.empty()) {
    before = std::move(round->findings);
    round = check_once(options, disk, seams, OnBadIndex::kRebuildAlways);
  }
  if (!round) return pass(round);
  std::ranges::move(round->index_problems, std::back_inserter(round->report.problems));
  for (Findings* findings : {&before, &round->findings}) {
    std::ranges::move(findings->losses, std::back_inserter(round->report.problems));
    std::ranges::move(findings->notes, std::back_inserter(round->report.notes));
  }
  return std::move(round->report);
}

rt::Result<CheckReport> check(const std::filesystem::path& directory, Disk& disk, bool repair) {
  Options options;
  options.directory = directory;
  if (!disk.exists(directory / "store.secret") && !disk.exists(directory / segment_name(1))) {
    return rt::fail(rt::Code::kNotFound, fmt::format("there is no store in {}", directory.string()));
  }
  const Seams seams{rocksdb_index(options.index_cache_bytes), [] { return std::int64_t{std::time(nullptr)}; }, {}};
  return check(options, disk, seams, repair);
}

}  // namespace millrace::store
