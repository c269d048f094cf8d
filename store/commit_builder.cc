// One function per kind of operation; the first refusal ends it.
#include "store/commit_builder.h"

#include <fmt/format.h>

#include "store/crc.h"
#include "store/draft.h"

namespace millrace::store {
namespace {

class Builder {
 public:
  Builder(const Catalog& catalog, Revision revision, SegmentNumber floor, BuiltCommit& built)
      : catalog_(catalog), revision_(revision), floor_(floor), built_(built), commit_(built.commit) {}

  rt::Status check(const Transaction::Requirement& requirement) {
    auto record = catalog_.record(requirement.key);
    if (!record) return pass(record);
    const Revision found = *record ? (*record)->revision : 0;
    if (found == requirement.revision) return {};
    return rt::fail(rt::Code::kConflict, fmt::format("{} was changed meanwhile", requirement.key));
  }

  rt::Status put(const Transaction::Put& put) {
    auto record = catalog_.record(put.key);
    if (!record) return pass(record);
    commit_.puts.push_back({put.key, put.value, revision_, *record ? (*record)->since_segment : floor_});
    return {};
  }

  rt::Status erase(const std::string& key) {
    auto record = catalog_.record(key);
    if (!record) return pass(record);
    if (*record) commit_.erasures.push_back({key, revision_, (*record)->since_segment});
    return {};
  }

  rt::Status create(const Transaction::Create& create) {
    if (auto absent = check_absent(create.id); !absent) return absent;
    const Draft& draft = create.draft;
    ObjectEntry object{{create.id, draft.size_bytes(), draft.crc32(), draft.crc64nvme()}, {}, floor_};
    if (draft.content()) {
      if (auto added = add_content(*draft.content(), object); !added) return added;
    }
    commit_.creations.push_back(std::move(object));
    return {};
  }

  rt::Status join(const Transaction::Join& join) {
    if (auto absent = check_absent(join.id); !absent) return absent;
    ObjectEntry object{{join.id, 0, 0, 0}, {}, floor_};
    for (ObjectId id : join.parts) {
      auto part = catalog_.object(id);
      if (!part) return pass(part);
      if (!*part) return rt::fail(rt::Code::kNotFound, fmt::format("there is no object {}", id.text()));
      append(object, **part);
      commit_.removals.push_back({id, (*part)->since_segment});
    }
    commit_.creations.push_back(std::move(object));
    return {};
  }

  rt::Status remove(ObjectId id) {
    auto object = catalog_.object(id);
    if (!object) return pass(object);
    if (*object) commit_.removals.push_back({id, (*object)->since_segment});
    return {};
  }

 private:
  rt::Status check_absent(ObjectId id) {
    auto object = catalog_.object(id);
    if (!object) return pass(object);
    if (*object) return rt::fail(rt::Code::kConflict, fmt::format("object {} exists already", id.text()));
    return {};
  }

  rt::Status add_content(const Draft::Content& content, ObjectEntry& object) {
    const std::size_t before = content.shared ? content.shared->before : 0;
    for (std::size_t i = 0; i < before; ++i) {
      if (auto added = add_chunk(*content.chunks[i], object); !added) return added;
    }
    if (content.shared) {
      const auto& extents = content.shared->object->extents;
      const auto at = [&extents](std::size_t index) { return extents.begin() + static_cast<std::ptrdiff_t>(index); };
      object.extents.insert(object.extents.end(), at(content.shared->first), at(content.shared->end));
    }
    for (std::size_t i = before; i < content.chunks.size(); ++i) {
      if (auto added = add_chunk(*content.chunks[i], object); !added) return added;
    }
    return {};
  }

  rt::Status add_chunk(const DraftChunk& chunk, ObjectEntry& object) {
    if (auto failure = chunk.failure()) return std::unexpected(std::move(*failure));
    const HeldChunkPtr& held = chunk.held;
    object.extents.push_back({held->id(), 0, static_cast<std::uint32_t>(chunk.length)});
    if (held->state() == HeldChunk::State::kCommitted) return {};
    auto known = catalog_.chunk(held->id());
    if (!known) return pass(known);
    // It may be there twice, from two objects of this transaction; applying takes the first.
    if (!*known) {
      commit_.chunks.push_back(held->info());
      built_.chunks.push_back(held);
    }
    return {};
  }

  static void append(ObjectEntry& object, const ObjectEntry& part) {
    ObjectInfo& info = object.info;
    info.crc32 = crc32_combine(info.crc32, part.info.crc32, part.info.size_bytes);
    info.crc64nvme = crc64nvme_combine(info.crc64nvme, part.info.crc64nvme, part.info.size_bytes);
    info.size_bytes += part.info.size_bytes;
    object.extents.insert(object.extents.end(), part.extents.begin(), part.extents.end());
  }

  const Catalog& catalog_;
  const Revision revision_;
  const SegmentNumber floor_;
  BuiltCommit& built_;
  Commit& commit_;
};

template <class Operations, class Function>
rt::Status for_all(const Operations& operations, Function&& function) {
  for (const auto& operation : operations) {
    if (auto done = function(operation); !done) return done;
  }
  return {};
}

}  // namespace

rt::Result<BuiltCommit> build_commit(const Transaction& transaction, const Catalog& catalog, Revision revision,
                                     SegmentNumber floor) {
  BuiltCommit built;
  Builder builder(catalog, revision, floor, built);
  rt::Status done = for_all(transaction.requirements, [&](const auto& each) { return builder.check(each); });
  if (done) done = for_all(transaction.puts, [&](const auto& each) { return builder.put(each); });
  if (done) done = for_all(transaction.erasures, [&](const auto& each) { return builder.erase(each); });
  if (done) done = for_all(transaction.creations, [&](const auto& each) { return builder.create(each); });
  if (done) done = for_all(transaction.joins, [&](const auto& each) { return builder.join(each); });
  if (done) done = for_all(transaction.removals, [&](const auto& each) { return builder.remove(each); });
  if (!done) return pass(done);
  return built;
}

bool is_empty(const Commit& commit) {
  return commit.puts.empty() && commit.erasures.empty() && commit.creations.empty() && commit.removals.empty() &&
         commit.moves.empty() && commit.carried_puts.empty() && commit.carried_erasures.empty() &&
         commit.carried_creations.empty() && commit.carried_removals.empty();
}

}  // namespace millrace::store
