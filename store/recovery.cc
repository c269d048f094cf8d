// Both ways settle the newest segment's end last, once they know where its trustworthy part ends.
#include "store/recovery.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/codec.h"
#include "store/rebuilder.h"
#include "store/segment_walk.h"

namespace millrace::store {
namespace {

// What a killed process left may be in the page cache alone: durable first, then the index may speak of it.
rt::Status make_durable(const Segments& segments) {
  const auto all = segments.all();
  if (all.empty()) return {};
  if (auto named = segments.disk().sync_directory(segments.directory()); !named) return named;
  return all.back()->file().sync();
}

rt::Status settle(const Recovery& recovery, const Segment& newest, std::uint64_t end) {
  auto torn = settle_end(recovery.segments, newest, end, recovery.on_torn_end);
  if (!torn) return pass(torn);
  if (!*torn) return {};
  auto& sentences = (*torn)->holds_commit ? recovery.findings.losses : recovery.findings.notes;
  sentences.push_back(std::move((*torn)->sentence));
  return {};
}

rt::Error misfit(const std::string& what) {
  return {rt::Code::kDamaged, what + "; run millrace check --repair to rebuild the index from the segments"};
}

}  // namespace

Former former_of(const Index& index) {
  const auto applied = Catalog(index).applied();
  if (!applied || !*applied) return {};
  Former former{**applied, {}, {}, {}};
  (void)index.visit(Table::kObjects, "", Direction::kForward, [&former](std::string_view, std::string_view value) {
    if (auto object = decode_object(value)) former.objects.push_back(std::move(*object));
    return true;
  });
  (void)index.visit(Table::kRecords, "", Direction::kForward, [&former](std::string_view key, std::string_view value) {
    auto record = decode_record(value);
    if (!record) return true;
    record->key = key;
    former.records.push_back(std::move(*record));
    return true;
  });
  (void)index.visit(Table::kChunks, "", Direction::kForward, [&former](std::string_view, std::string_view value) {
    if (auto chunk = decode_chunk_entry(value)) former.chunks.emplace(chunk->info.id, std::move(chunk->info));
    return true;
  });
  return former;
}

rt::Result<Recovered> replay(const Recovery& recovery, Applied applied, ApplyTime time) {
  Segments& segments = recovery.segments;
  Index& index = recovery.index;
  Recovered recovered{applied, applied.end};
  Applied& now = recovered.applied;
  SegmentVisitor visitor;
  visitor.on_damage = recovery.damage;
  visitor.on_chunk = [&now](const ChunkInfo& chunk) {
    now.next_chunk_id = std::max(now.next_chunk_id, chunk.id + 1);
    return rt::Status{};
  };
  visitor.on_group = [&](const CommitGroup& group, Place end) -> rt::Status {
    Change change(index);
    for (const Commit& commit : group.commits) {
      if (commit.sequence != now.sequence + 1) {
        return std::unexpected(misfit(fmt::format("commit {} follows {}", commit.sequence, now.sequence)));
      }
      if (auto done = apply_commit(commit, change, now, time); !done) {
        return std::unexpected(misfit(done.error().message));
      }
    }
    now.end = end;
    change.put_applied(now);
    return index.apply(change.take_batch());
  };

  if (auto durable = make_durable(segments); !durable) return pass(durable);
  const SegmentPtr end_segment = segments.newest();
  if (applied.end.segment != 0 && !segments.find(applied.end.segment)) {
    return std::unexpected(misfit(fmt::format("{} is missing", segment_name(applied.end.segment))));
  }
  for (const SegmentPtr& segment : segments.all()) {
    if (segment->number() < applied.end.segment) continue;
    const std::uint64_t start =
        segment->number() == applied.end.segment ? applied.end.offset : std::uint64_t{kSegmentHeaderBytes};
    auto size = segment->file().size();
    if (!size) return pass(size);
    if (*size < start) {
      return std::unexpected(misfit(fmt::format("{} is shorter than the index says", segment_name(segment->number()))));
    }
    const bool newest = segment == end_segment;
    auto end = walk_segment(*segment, start, {newest, applied.end}, visitor);
    if (!end) return pass(end);
    recovered.end = {segment->number(), *end};
    if (!newest) continue;
    if (auto settled = settle(recovery, *segment, *end); !settled) return pass(settled);
  }
  if (!end_segment) recovered.end = {};
  return recovered;
}

rt::Result<Recovered> rebuild(const Recovery& recovery, const Former& former) {
  Segments& segments = recovery.segments;
  Rebuilder rebuilder(recovery.index, segments, recovery.damage, former);
  SegmentVisitor visitor;
  visitor.on_damage = recovery.damage;
  visitor.on_chunk = [&](const ChunkInfo& chunk) { return rebuilder.add_chunk(chunk); };
  visitor.on_group = [&](const CommitGroup& group, Place) { return rebuilder.add_group(group); };
  Place last;
  if (auto durable = make_durable(segments); !durable) return pass(durable);
  const SegmentPtr end_segment = segments.newest();
  for (const SegmentPtr& segment : segments.all()) {
    const bool newest = segment == end_segment;
    rebuilder.enter(segment->number());
    auto end = walk_segment(*segment, kSegmentHeaderBytes, {newest, former.applied.end}, visitor);
    if (!end) return pass(end);
    last = {segment->number(), *end};
    if (!newest) continue;
    if (auto settled = settle(recovery, *segment, *end); !settled) return pass(settled);
  }
  auto applied = rebuilder.finish(last);
  if (!applied) return pass(applied);
  rebuilder.tell_findings(recovery.findings);
  return Recovered{*applied, end_segment ? last : Place{}};
}

}  // namespace millrace::store
