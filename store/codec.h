// The store's values as bytes: the only door to protobuf. Decoders take bytes from a disk that may lie: whatever they
// accept holds the invariants its users rely on (lengths add up, checksums are as many as blocks).
#pragma once

#include <string>
#include <string_view>

#include "server/rt/error.h"
#include "store/model.h"

namespace millrace::store {

std::string encode(const ChunkInfo& chunk);
std::string encode(const ChunkEntry& entry);
std::string encode(const ObjectEntry& object);
std::string encode(const RecordEntry& record);
std::string encode(const CommitGroup& group);
std::string encode(const Applied& applied);

rt::Result<ChunkInfo> decode_chunk(std::string_view bytes);
rt::Result<ChunkEntry> decode_chunk_entry(std::string_view bytes);
rt::Result<ObjectEntry> decode_object(std::string_view bytes);
rt::Result<RecordEntry> decode_record(std::string_view bytes);
rt::Result<CommitGroup> decode_commit_group(std::string_view bytes);
rt::Result<Applied> decode_applied(std::string_view bytes);

}  // namespace millrace::store
