// Opening, in the order in which each step relies on the one before.
#include <fmt/format.h>

#include "store/embedded_store.h"

namespace millrace::store {
namespace {

rt::Status check_options(const Options& options) {
  const bool ordered = options.chunk_min_bytes > 0 && options.chunk_min_bytes <= options.chunk_average_bytes &&
                       options.chunk_average_bytes <= options.chunk_max_bytes;
  if (!ordered || options.chunk_max_bytes > kChunkBytesMax) {
    return rt::fail(rt::Code::kInvalid, "chunk sizes must rise from minimum to average to maximum, 64 MiB at most");
  }
  if (options.segment_bytes < 2 * kSegmentHeaderBytes) return rt::fail(rt::Code::kInvalid, "segments are too small");
  return {};
}

rt::Status check_space(const Disk& disk, const std::filesystem::path& directory) {
  auto free = disk.free_bytes(directory);
  if (!free) return pass(free);
  if (*free >= kOpenFreeBytesMin) return {};
  return rt::fail(rt::Code::kFull,
                  fmt::format("the disk of {} is full: {} KiB are free, opening the store takes {} KiB",
                              directory.string(), *free >> 10, kOpenFreeBytesMin >> 10));
}

rt::Status check_owner(const Segments& segments, const Identity& identity) {
  for (const SegmentPtr& segment : segments.all()) {
    if (segment->header().store == identity.id) continue;
    return rt::fail(rt::Code::kInvalid, fmt::format("{} belongs to another store", segment_name(segment->number())));
  }
  return {};
}

std::optional<StoreId> known_id(const Segments& segments) {
  const auto all = segments.all();
  return all.empty() ? std::nullopt : std::optional(all.front()->header().store);
}

bool is_bad_index(const rt::Error& error) {
  return error.code == rt::Code::kDamaged || error.code == rt::Code::kNotFound;
}

// A new store draws its identity. One that is there needs a segment that tells the id: with another, nothing that lies
// in a segment with a damaged header could ever be read again.
rt::Result<Identity> open_identity(OpenedFiles& files, Disk& disk, const Options& options, bool bad_headers,
                                   OnBadIndex on_bad_index, const Tell& damage) {
  auto identity = read_identity(disk, options.directory);
  if (identity || !is_bad_index(identity.error())) return identity;
  const bool damaged = identity.error().code == rt::Code::kDamaged;
  if (damaged && on_bad_index == OnBadIndex::kRebuildIfMissing) return identity;
  const std::optional<StoreId> known = known_id(*files.segments);
  if (!known && (damaged || bad_headers)) {
    return rt::fail(rt::Code::kIo, identity.error().message + ", and no segment tells the id of the store");
  }
  auto drawn = draw_identity(known);
  if (!drawn) return drawn;
  if (on_bad_index == OnBadIndex::kReport) {
    damage(identity.error().message);
    return drawn;
  }
  if (damaged) files.findings.notes.push_back(identity.error().message + "; written anew");
  if (auto written = write_identity(disk, options.directory, *drawn); !written) return pass(written);
  return drawn;
}

// Number and store are known from elsewhere, so no more than the header has to be lost.
rt::Status mend_headers(OpenedFiles& files, const std::vector<BadHeader>& bad, OnBadIndex on_bad_index,
                        const Tell& damage) {
  for (const BadHeader& header : bad) {
    const std::string sentence = fmt::format("{}: {}", segment_name(header.number), header.reason);
    auto opened = files.segments->open_by_records(header.number, files.identity.id);
    if (!opened) return pass(opened);
    if (!*opened) {
      damage(sentence + "; none of its records can be read");
    } else if (on_bad_index == OnBadIndex::kReport) {
      damage(sentence + "; its records can be read");
    } else {
      if (auto done = Segments::rewrite_header(*files.segments->find(header.number)); !done) return done;
      if (on_bad_index == OnBadIndex::kRebuildIfMissing) damage(sentence + "; written anew");
      if (on_bad_index != OnBadIndex::kRebuildIfMissing) files.findings.notes.push_back(sentence + "; written anew");
    }
  }
  return {};
}

bool wants_direct(const Options& options, const Disk& disk) {
  if (options.direct_io == Options::DirectIo::kAuto) return disk.prefers_direct(options.directory);
  return options.direct_io == Options::DirectIo::kOn;
}

OnTornEnd torn_end_of(OnBadIndex on_bad_index) {
  if (on_bad_index == OnBadIndex::kReport) return OnTornEnd::kLeave;
  return on_bad_index == OnBadIndex::kRebuildIfMissing ? OnTornEnd::kCut : OnTornEnd::kSetAside;
}

rt::Status open_index(OpenedFiles& files, const std::filesystem::path& path, const Seams& seams, OnTornEnd on_torn_end,
                      const Tell& damage) {
  auto index = seams.index.open(path);
  if (!index) return pass(index);
  files.index = std::move(*index);
  auto applied = Catalog(*files.index).applied();
  if (!applied) return pass(applied);
  if (!*applied) return rt::fail(rt::Code::kNotFound, "the index is missing");
  const std::int64_t now = seams.now();
  auto recovered = replay({*files.segments, *files.index, on_torn_end, damage, files.findings}, **applied, {now, 0});
  if (!recovered) return pass(recovered);
  files.recovered = std::move(*recovered);
  return {};
}

// What the index knew outlives it: how far the segments were durable, and what has to be found in them.
Former take_former(OpenedFiles& files, const std::filesystem::path& path, const Seams& seams) {
  if (!files.index) {
    if (auto index = seams.index.open(path)) files.index = std::move(*index);
  }
  Former former = files.index ? former_of(*files.index) : Former{};
  files.index.reset();
  return former;
}

rt::Status rebuild_index(OpenedFiles& files, const std::filesystem::path& path, const Seams& seams,
                         OnTornEnd on_torn_end, const Tell& damage) {
  const Former former = take_former(files, path, seams);
  if (auto destroyed = seams.index.destroy(path); !destroyed) return destroyed;
  auto index = seams.index.open(path);
  if (!index) return pass(index);
  files.index = std::move(*index);
  auto recovered = rebuild({*files.segments, *files.index, on_torn_end, damage, files.findings}, former);
  if (!recovered) return pass(recovered);
  files.recovered = std::move(*recovered);
  files.rebuilt = true;
  return {};
}

bool should_rebuild(const rt::Status& indexed, OnBadIndex on_bad_index) {
  if (on_bad_index == OnBadIndex::kRebuildAlways) return true;
  if (indexed || on_bad_index == OnBadIndex::kReport || !is_bad_index(indexed.error())) return false;
  return on_bad_index == OnBadIndex::kRebuild || indexed.error().code == rt::Code::kNotFound;
}

}  // namespace

rt::Result<OpenedFiles> open_files(const Options& options, Disk& disk, const Seams& seams, OnBadIndex on_bad_index,
                                   const Tell& damage) {
  OpenedFiles files;
  if (auto valid = check_options(options); !valid) return pass(valid);
  if (auto made = disk.make_directory(options.directory); !made) return pass(made);
  if (auto space = check_space(disk, options.directory); !space) return pass(space);
  auto lock = disk.lock(options.directory / "store.lock");
  if (!lock) return pass(lock);
  files.lock = std::move(*lock);

  files.segments =
      std::make_unique<Segments>(disk, options.directory, options.segment_bytes, wants_direct(options, disk));
  auto bad_headers = files.segments->open_all();
  if (!bad_headers) return pass(bad_headers);
  auto identity = open_identity(files, disk, options, !bad_headers->empty(), on_bad_index, damage);
  if (!identity) return pass(identity);
  files.identity = *identity;
  if (auto mended = mend_headers(files, *bad_headers, on_bad_index, damage); !mended) return pass(mended);
  if (auto owned = check_owner(*files.segments, files.identity); !owned) return pass(owned);

  const std::filesystem::path path = options.directory / "index";
  const OnTornEnd on_torn_end = torn_end_of(on_bad_index);
  rt::Status indexed;
  if (on_bad_index != OnBadIndex::kRebuildAlways) indexed = open_index(files, path, seams, on_torn_end, damage);
  if (should_rebuild(indexed, on_bad_index)) indexed = rebuild_index(files, path, seams, on_torn_end, damage);
  if (indexed) return files;
  if (!is_bad_index(indexed.error())) return pass(indexed);
  return rt::fail(
      rt::Code::kDamaged,
      fmt::format("the index in {} cannot be used ({}); run millrace check --data {} --repair to rebuild it "
                  "from the segments",
                  path.string(), indexed.error().message, options.directory.string()));
}

}  // namespace millrace::store
