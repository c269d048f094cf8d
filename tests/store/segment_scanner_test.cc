#include "store/segment_scanner.h"

#include <gtest/gtest.h>

#include "store/codec.h"
#include "store/crc.h"
#include "tests/store/fake_disk.h"

namespace millrace::store {
namespace {

class SegmentScannerTest : public testing::Test {
 protected:
  SegmentScannerTest() { file_ = std::move(*disk_.open("/segment", Access::kCreate, Caching::kCached)); }

  void write(std::uint64_t offset, std::string_view text) {
    const auto bytes = std::as_bytes(std::span(text));
    ASSERT_TRUE(file_->write(offset, {&bytes, 1}));
  }
  // Appends a record and returns where it begins.
  std::uint64_t add(std::uint64_t offset, std::string_view meta, std::uint64_t payload_bytes) {
    std::string bytes = record_front(RecordType::kChunk, offset, kSeed, meta, payload_bytes);
    bytes.append(align_up(payload_bytes, kRecordAlignBytes), 'p');
    write(offset, bytes);
    end_ = offset + bytes.size();
    return offset;
  }
  SegmentScanner scanner(std::uint64_t start = kSegmentHeaderBytes) { return {*file_, kSeed, start, *file_->size()}; }

  static constexpr std::uint32_t kSeed = 77;
  FakeDisk disk_;
  std::unique_ptr<File> file_;
  std::uint64_t end_ = kSegmentHeaderBytes;
};

TEST_F(SegmentScannerTest, walks_records_and_skips_the_zeros_between_flushes) {
  const std::uint64_t first = add(end_, "one", 100);
  const std::uint64_t second = add(end_, std::string(9000, 'm'), 0);
  const std::uint64_t third = add(align_up(end_, kDiskBlockBytes), "three", 5);
  SegmentScanner records = scanner();
  EXPECT_EQ((*records.next())->header.offset, first);
  EXPECT_EQ((*records.next())->header.offset, second);
  const auto last = records.next();
  EXPECT_EQ((*last)->header.offset, third);
  EXPECT_EQ((*last)->meta, "three");
  EXPECT_EQ(records.position(), end_);
  EXPECT_FALSE(*records.next());
  EXPECT_TRUE(records.at_end());
}

TEST_F(SegmentScannerTest, stops_at_bytes_that_are_no_record) {
  add(end_, "one", 100);
  const std::uint64_t damaged = add(end_, "two", 100);
  const std::uint64_t third = add(end_, "three", 100);
  disk_.damage("/segment", damaged + 3);
  SegmentScanner records = scanner();
  EXPECT_TRUE(*records.next());
  EXPECT_FALSE(*records.next());
  EXPECT_FALSE(records.at_end());
  EXPECT_TRUE(*records.find_record(records.position() + 8));
  EXPECT_EQ((*records.next())->header.offset, third);
}

TEST_F(SegmentScannerTest, refuses_a_record_that_was_made_for_another_place_or_segment) {
  const std::string elsewhere = record_front(RecordType::kCommit, kSegmentHeaderBytes + 8, kSeed, "meta", 0);
  write(kSegmentHeaderBytes, elsewhere);
  EXPECT_FALSE(*scanner().next());
  const std::string foreign = record_front(RecordType::kCommit, kSegmentHeaderBytes, kSeed + 1, "meta", 0);
  write(kSegmentHeaderBytes, foreign);
  EXPECT_FALSE(*scanner().next());
}

TEST_F(SegmentScannerTest, refuses_a_record_that_reaches_beyond_the_file) {
  const std::string front = record_front(RecordType::kChunk, kSegmentHeaderBytes, kSeed, "meta", 1 << 20);
  write(kSegmentHeaderBytes, front);
  EXPECT_FALSE(*scanner().next());
}

TEST_F(SegmentScannerTest, refuses_a_meta_that_does_not_match) {
  const std::uint64_t at = add(end_, "a meta of some length", 0);
  disk_.damage("/segment", at + kRecordHeaderBytes + 4);
  EXPECT_FALSE(*scanner().next());
}

TEST(SegmentFormat, names_segments_so_that_they_sort) {
  EXPECT_EQ(segment_name(1), "seg-00000001.mrs");
  EXPECT_EQ(parse_segment_name("seg-00000042.mrs"), 42u);
  for (const char* name : {"seg-.mrs", "seg-00000000.mrs", "seg-0000001x.mrs", "seg-00000001.mrs.new", "index"}) {
    EXPECT_FALSE(parse_segment_name(name)) << name;
  }
}

TEST(SegmentFormat, a_header_survives_and_a_changed_one_does_not) {
  const SegmentHeader header{{1, 2}, 3};
  auto bytes = encode(header);
  EXPECT_EQ(*decode_segment_header(bytes), header);
  bytes[20] ^= std::byte{1};
  EXPECT_FALSE(decode_segment_header(bytes));
}

ObjectEntry some_object() { return {{{1, 2}, 30, 4, 5}, {{6, 0, 10}, {7, 5, 20}}, 8}; }

TEST(Codec, a_commit_survives_being_written) {
  CommitGroup group;
  group.durable_below = {3, 4096};
  Commit commit;
  commit.sequence = 9;
  commit.puts.push_back({"key", "value", 9, 2});
  commit.erasures.push_back({"gone", 9, 1});
  commit.chunks.push_back({6, {1, 1}, {{2, 2}, 3, 4, 70'000, {5, 6}}, {1, 8192}});
  commit.creations.push_back(some_object());
  commit.removals.push_back({{8, 8}, 1});
  group.commits.push_back(commit);
  const auto read = decode_commit_group(encode(group));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->durable_below, group.durable_below);
  ASSERT_EQ(read->commits.size(), 1u);
  EXPECT_EQ(read->commits[0].puts[0].value, "value");
  EXPECT_EQ(read->commits[0].erasures[0].key, "gone");
  EXPECT_EQ(read->commits[0].chunks[0], commit.chunks[0]);
  EXPECT_EQ(read->commits[0].creations[0].extents, commit.creations[0].extents);
  EXPECT_EQ(read->commits[0].removals[0].id, commit.removals[0].id);
}

TEST(Codec, refuses_what_does_not_add_up) {
  ObjectEntry object = some_object();
  object.info.size_bytes = 31;
  EXPECT_FALSE(decode_object(encode(object)));
  ChunkInfo chunk{6, {1, 1}, {{2, 2}, 3, 4, 70'000, {5}}, {1, 8192}};
  EXPECT_FALSE(decode_chunk(encode(chunk)));
  chunk.summary = {{2, 2}, 3, 4, 0, {}};
  EXPECT_FALSE(decode_chunk(encode(chunk)));
  EXPECT_FALSE(decode_commit_group(""));
}

}  // namespace
}  // namespace millrace::store
