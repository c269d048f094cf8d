// Each message has a fill() towards protobuf and a read() from it; read() refuses what does not add up.
#include "store/codec.h"

#include "store/store.pb.h"

namespace millrace::store {
namespace {

void fill(wire::Chunk& to, const ChunkInfo& from) {
  to.set_id(from.id);
  to.set_domain_high(from.domain.high);
  to.set_domain_low(from.domain.low);
  to.set_hash_high(from.summary.hash.high);
  to.set_hash_low(from.summary.hash.low);
  to.set_length(from.summary.length);
  to.set_crc32(from.summary.crc32);
  to.set_crc64nvme(from.summary.crc64nvme);
  to.mutable_block_crc32s()->Add(from.summary.block_crc32s.begin(), from.summary.block_crc32s.end());
  to.set_segment(from.place.segment);
  to.set_offset(from.place.offset);
}

bool read(const wire::Chunk& from, ChunkInfo& to) {
  to.id = from.id();
  to.domain = {from.domain_high(), from.domain_low()};
  to.summary = {{from.hash_high(), from.hash_low()},
                from.crc32(),
                from.crc64nvme(),
                from.length(),
                {from.block_crc32s().begin(), from.block_crc32s().end()}};
  to.place = {from.segment(), from.offset()};
  const std::uint64_t length = to.summary.length;
  return to.id != 0 && length > 0 && length <= kChunkBytesMax &&
         to.summary.block_crc32s.size() == (length + kChecksumBlockBytes - 1) / kChecksumBlockBytes;
}

void fill(wire::ChunkEntry& to, const ChunkEntry& from) {
  fill(*to.mutable_chunk(), from.info);
  to.set_references(from.count.references);
  to.set_deletable_at(from.count.deletable_at);
}

bool read(const wire::ChunkEntry& from, ChunkEntry& to) {
  to.count = {from.references(), from.deletable_at()};
  return read(from.chunk(), to.info);
}

void fill(wire::Object& to, const ObjectEntry& from) {
  to.set_id_high(from.info.id.high);
  to.set_id_low(from.info.id.low);
  to.set_size_bytes(from.info.size_bytes);
  to.set_crc32(from.info.crc32);
  to.set_crc64nvme(from.info.crc64nvme);
  const int count = static_cast<int>(from.extents.size());
  to.mutable_extent_chunks()->Reserve(count);
  to.mutable_extent_offsets()->Reserve(count);
  to.mutable_extent_lengths()->Reserve(count);
  for (const Extent& extent : from.extents) {
    to.add_extent_chunks(extent.chunk);
    to.add_extent_offsets(extent.offset);
    to.add_extent_lengths(extent.length);
  }
  to.set_since_segment(from.since_segment);
}

bool read(const wire::Object& from, ObjectEntry& to) {
  to.info = {{from.id_high(), from.id_low()}, from.size_bytes(), from.crc32(), from.crc64nvme()};
  to.since_segment = from.since_segment();
  const int count = from.extent_chunks_size();
  if (from.extent_offsets_size() != count || from.extent_lengths_size() != count) return false;
  to.extents.reserve(static_cast<std::size_t>(count));
  std::uint64_t size_bytes = 0;
  for (int i = 0; i < count; ++i) {
    to.extents.push_back({from.extent_chunks(i), from.extent_offsets(i), from.extent_lengths(i)});
    const Extent& extent = to.extents.back();
    if (extent.length == 0 || std::uint64_t{extent.offset} + extent.length > kChunkBytesMax) return false;
    size_bytes += extent.length;
  }
  return size_bytes == to.info.size_bytes;
}

void fill(wire::Record& to, const RecordEntry& from) {
  to.set_key(from.key);
  to.set_value(from.value);
  to.set_revision(from.revision);
  to.set_since_segment(from.since_segment);
}

bool read(const wire::Record& from, RecordEntry& to) {
  to = {from.key(), from.value(), from.revision(), from.since_segment()};
  return to.revision != 0;
}

void fill(wire::Erasure& to, const Erasure& from) {
  to.set_key(from.key);
  to.set_revision(from.revision);
  to.set_since_segment(from.since_segment);
}

bool read(const wire::Erasure& from, Erasure& to) {
  to = {from.key(), from.revision(), from.since_segment()};
  return to.revision != 0;
}

void fill(wire::Removal& to, const Removal& from) {
  to.set_id_high(from.id.high);
  to.set_id_low(from.id.low);
  to.set_since_segment(from.since_segment);
}

bool read(const wire::Removal& from, Removal& to) {
  to = {{from.id_high(), from.id_low()}, from.since_segment()};
  return true;
}

void fill(wire::Commit& to, const Commit& from);
bool read(const wire::Commit& from, Commit& to);

template <class Wire, class Value>
void fill_all(google::protobuf::RepeatedPtrField<Wire>& to, const std::vector<Value>& from) {
  to.Reserve(static_cast<int>(from.size()));
  for (const Value& value : from) fill(*to.Add(), value);
}

template <class Wire, class Value>
bool read_all(const google::protobuf::RepeatedPtrField<Wire>& from, std::vector<Value>& to) {
  to.resize(static_cast<std::size_t>(from.size()));
  for (int i = 0; i < from.size(); ++i) {
    if (!read(from[i], to[static_cast<std::size_t>(i)])) return false;
  }
  return true;
}

void fill(wire::Commit& to, const Commit& from) {
  to.set_sequence(from.sequence);
  fill_all(*to.mutable_puts(), from.puts);
  fill_all(*to.mutable_erasures(), from.erasures);
  fill_all(*to.mutable_chunks(), from.chunks);
  fill_all(*to.mutable_creations(), from.creations);
  fill_all(*to.mutable_removals(), from.removals);
  fill_all(*to.mutable_moves(), from.moves);
  fill_all(*to.mutable_carried_puts(), from.carried_puts);
  fill_all(*to.mutable_carried_erasures(), from.carried_erasures);
  fill_all(*to.mutable_carried_creations(), from.carried_creations);
  fill_all(*to.mutable_carried_removals(), from.carried_removals);
}

bool read(const wire::Commit& from, Commit& to) {
  to.sequence = from.sequence();
  return to.sequence != 0 && read_all(from.puts(), to.puts) && read_all(from.erasures(), to.erasures) &&
         read_all(from.chunks(), to.chunks) && read_all(from.creations(), to.creations) &&
         read_all(from.removals(), to.removals) && read_all(from.moves(), to.moves) &&
         read_all(from.carried_puts(), to.carried_puts) && read_all(from.carried_erasures(), to.carried_erasures) &&
         read_all(from.carried_creations(), to.carried_creations) &&
         read_all(from.carried_removals(), to.carried_removals);
}

void fill(wire::CommitGroup& to, const CommitGroup& from) {
  fill_all(*to.mutable_commits(), from.commits);
  to.set_durable_segment(from.durable_below.segment);
  to.set_durable_offset(from.durable_below.offset);
}

bool read(const wire::CommitGroup& from, CommitGroup& to) {
  to.durable_below = {from.durable_segment(), from.durable_offset()};
  return from.commits_size() > 0 && read_all(from.commits(), to.commits);
}

void fill(wire::Applied& to, const Applied& from) {
  to.set_sequence(from.sequence);
  to.set_segment(from.end.segment);
  to.set_offset(from.end.offset);
  to.set_next_chunk_id(from.next_chunk_id);
  to.set_objects(from.objects);
  to.set_chunks(from.chunks);
  to.set_logical_bytes(from.logical_bytes);
  to.set_stored_bytes(from.stored_bytes);
}

bool read(const wire::Applied& from, Applied& to) {
  to = {from.sequence(),      {from.segment(), from.offset()},
        from.next_chunk_id(), from.objects(),
        from.chunks(),        from.logical_bytes(),
        from.stored_bytes()};
  return to.next_chunk_id != 0;
}

template <class Wire, class Value>
std::string to_bytes(const Value& value) {
  Wire message;
  fill(message, value);
  return message.SerializeAsString();
}

template <class Wire, class Value>
rt::Result<Value> from_bytes(std::string_view bytes, const char* what) {
  Wire message;
  Value value;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || !read(message, value)) {
    return rt::fail(rt::Code::kDamaged, std::string("malformed ") + what);
  }
  return value;
}

}  // namespace

std::string encode(const ChunkInfo& chunk) { return to_bytes<wire::Chunk>(chunk); }
std::string encode(const ChunkEntry& entry) { return to_bytes<wire::ChunkEntry>(entry); }
std::string encode(const ObjectEntry& object) { return to_bytes<wire::Object>(object); }
std::string encode(const RecordEntry& record) { return to_bytes<wire::Record>(record); }
std::string encode(const CommitGroup& group) { return to_bytes<wire::CommitGroup>(group); }
std::string encode(const Applied& applied) { return to_bytes<wire::Applied>(applied); }

rt::Result<ChunkInfo> decode_chunk(std::string_view bytes) {
  return from_bytes<wire::Chunk, ChunkInfo>(bytes, "chunk description");
}
rt::Result<ChunkEntry> decode_chunk_entry(std::string_view bytes) {
  return from_bytes<wire::ChunkEntry, ChunkEntry>(bytes, "chunk entry");
}
rt::Result<ObjectEntry> decode_object(std::string_view bytes) {
  return from_bytes<wire::Object, ObjectEntry>(bytes, "object");
}
rt::Result<RecordEntry> decode_record(std::string_view bytes) {
  return from_bytes<wire::Record, RecordEntry>(bytes, "record");
}
rt::Result<CommitGroup> decode_commit_group(std::string_view bytes) {
  return from_bytes<wire::CommitGroup, CommitGroup>(bytes, "commit group");
}
rt::Result<Applied> decode_applied(std::string_view bytes) {
  return from_bytes<wire::Applied, Applied>(bytes, "index position");
}

}  // namespace millrace::store
