// Set aside means copied into a file of its own beside the segment, synced with its name before the segment is cut.
#include "store/torn_end.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/segment_scanner.h"

namespace millrace::store {
namespace {

constexpr std::size_t kCopyBytes = std::size_t{1} << 20;

struct Census {
  std::uint64_t chunks = 0;
  std::uint64_t commits = 0;
};

// Calls `visit` with the bytes of [from, to) in pieces, until it returns false or fails.
template <class Visit>
rt::Status read_all(const File& file, std::uint64_t from, std::uint64_t to, Visit visit) {
  std::vector<std::byte> buffer(std::min<std::uint64_t>(kCopyBytes, to - from));
  while (from < to) {
    auto got = file.read(from, std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), to - from)));
    if (!got) return pass(got);
    if (*got == 0) return rt::fail(rt::Code::kIo, "a segment became shorter while it was read");
    auto more = visit(from, std::span<const std::byte>(buffer).first(*got));
    if (!more) return pass(more);
    if (!*more) return {};
    from += *got;
  }
  return {};
}

rt::Result<bool> has_bytes(const File& file, std::uint64_t from, std::uint64_t to) {
  bool zeros = true;
  auto read = read_all(file, from, to, [&zeros](std::uint64_t, std::span<const std::byte> bytes) -> rt::Result<bool> {
    zeros = std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
    return zeros;
  });
  if (!read) return pass(read);
  return !zeros;
}

rt::Result<Census> count_records(const Segment& segment, std::uint64_t from, std::uint64_t to) {
  Census census;
  SegmentScanner scanner(segment.file(), segment.seed(), from, to);
  for (;;) {
    auto record = scanner.next();
    if (!record) return pass(record);
    if (*record) {
      ++((*record)->header.type == RecordType::kChunk ? census.chunks : census.commits);
      continue;
    }
    if (scanner.at_end()) return census;
    auto found = scanner.find_record(scanner.position() + kRecordAlignBytes);
    if (!found) return pass(found);
    if (!*found) return census;
  }
}

// A name that nothing was set aside under before.
std::filesystem::path free_name(const Segments& segments, SegmentNumber number, std::uint64_t from) {
  const std::string name = fmt::format("{}.cut-{}", segments.path(number).string(), from);
  for (int copy = 1;; ++copy) {
    std::filesystem::path path = copy == 1 ? name : fmt::format("{}-{}", name, copy);
    if (!segments.disk().exists(path)) return path;
  }
}

rt::Status set_aside(const Segments& segments, const File& file, std::uint64_t from, std::uint64_t to,
                     const std::filesystem::path& path) {
  auto copy = segments.disk().open(path, Access::kCreate, Caching::kCached);
  if (!copy) return pass(copy);
  auto done = read_all(file, from, to, [&](std::uint64_t at, std::span<const std::byte> bytes) -> rt::Result<bool> {
    if (auto written = (*copy)->write(at - from, {&bytes, 1}); !written) return pass(written);
    return true;
  });
  if (done) done = (*copy)->sync();
  if (done) done = segments.disk().sync_directory(segments.directory());
  return done;
}

// So that nothing of it can be taken for a record later.
rt::Status cut(File& file, std::uint64_t end) {
  if (auto truncated = file.truncate(end); !truncated) return truncated;
  return file.sync();
}

}  // namespace

rt::Result<std::optional<TornEnd>> settle_end(const Segments& segments, const Segment& newest, std::uint64_t end,
                                              OnTornEnd how) {
  File& file = newest.file();
  auto size = file.size();
  if (!size) return pass(size);
  if (*size <= end) return std::nullopt;
  auto torn = has_bytes(file, end, *size);
  if (!torn) return pass(torn);
  std::optional<TornEnd> found;
  if (*torn) {
    auto census = count_records(newest, end, *size);
    if (!census) return pass(census);
    found = TornEnd{census->commits > 0,
                    fmt::format("{}: the {} bytes from {} on ({} chunks, {} commits) are not whole, as a power cut "
                                "leaves what was not acknowledged",
                                segment_name(newest.number()), *size - end, end, census->chunks, census->commits)};
  }
  if (how == OnTornEnd::kLeave) return found;
  if (found && (found->holds_commit || how == OnTornEnd::kSetAside)) {
    const std::filesystem::path path = free_name(segments, newest.number(), end);
    if (auto kept = set_aside(segments, file, end, *size, path); !kept) return pass(kept);
    found->sentence += fmt::format("; set aside in {}", path.filename().string());
  }
  if (auto done = cut(file, end); !done) return pass(done);
  return found;
}

}  // namespace millrace::store
