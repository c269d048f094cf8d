// What opening and checking make of damage in places where it could be taken for what a crash leaves: the last commit,
// the end of a segment, a header.
#include "tests/store/check_fixture.h"

namespace millrace::store {
namespace {

using RecoveryTest = CheckTest;

// Where the last commit's first chunk rots, and what has become of the index: nothing but the damaged bytes is lost.
struct LastCommit {
  bool killed;
  bool index_lost;
  bool header;
};
class LastCommitTest : public CheckTest, public testing::WithParamInterface<LastCommit> {
 protected:
  void fill_and_rot() {
    open();
    kept = upload_now("kept");
    const std::size_t before = records_of().size();
    text = random_text(3, 200'000);
    id = upload_now(text);
    const RecordHeader first = records_of()[before];
    GetParam().killed ? kill() : store.reset();
    size = size_of(segment_path());
    disk.damage(segment_path(), GetParam().header ? first.offset + 4 : first.payload_offset() + 10);
    intact_from = first.payload_bytes;
  }
  void expect_the_rest() {
    EXPECT_EQ(download_now(kept), "kept");
    const std::uint64_t rest = text.size() - intact_from;
    EXPECT_EQ(rt::run_until_done(download(*store, id, intact_from, rest)), text.substr(intact_from));
  }
  ObjectId kept;
  std::uint64_t size = 0;
  std::uint64_t intact_from = 0;
};
INSTANTIATE_TEST_SUITE_P(Proofs, LastCommitTest,
                         testing::Values(LastCommit{false, false, false}, LastCommit{false, false, true},
                                         LastCommit{false, true, false}, LastCommit{false, true, true},
                                         LastCommit{true, false, false}, LastCommit{true, false, true}));

TEST_P(LastCommitTest, rot_is_named_and_nothing_is_cut_off_by_a_repair) {
  fill_and_rot();
  if (GetParam().index_lost) index.lose_everything();
  EXPECT_FALSE(check_now(false).clean());
  for (int repairs = 0; repairs < 2; ++repairs) {
    const CheckReport report = check_now(true);
    EXPECT_EQ(names(report.problems, "object " + id.text() + " needs"), !GetParam().header);
    EXPECT_TRUE(names(report.problems, segment_name(1)));
    EXPECT_FALSE(names(report.problems, "lost"));
  }
  EXPECT_GE(size_of(segment_path()) + kDiskBlockBytes, size);
  open();
  expect_the_rest();
  if (GetParam().header) EXPECT_EQ(download_now(id), text) << "the chunk's own bytes are whole";
  if (!GetParam().header) EXPECT_EQ(download_now(id).error().code, rt::Code::kDamaged);
}

TEST_P(LastCommitTest, rot_costs_nothing_else_when_the_store_just_starts) {
  fill_and_rot();
  if (GetParam().index_lost) index.lose_everything();
  open();
  expect_the_rest();
}

TEST_F(RecoveryTest, a_commit_that_nothing_proves_is_set_aside_and_told) {
  fill();
  const std::uint64_t size = size_of(segment_path());
  const std::string last = random_text(3, 100'000);
  const ObjectId unproven = upload_now(last);
  kill();
  index.lose_everything();
  disk.damage(segment_path(), size + 50'000);
  const auto whole = disk.contents(segment_path());
  EXPECT_FALSE(check_now(false).clean());
  EXPECT_EQ(disk.contents(segment_path()), whole);
  open();
  ASSERT_EQ(damage.size(), 1u);
  EXPECT_NE(damage[0].find("1 commits) are not whole"), std::string::npos) << damage[0];
  EXPECT_EQ(download_now(id), text);
  EXPECT_FALSE(download_now(unproven));
  const std::string aside = damage[0].substr(damage[0].find("seg-", 10));
  const auto cut = disk.contents(options.directory / aside);
  EXPECT_TRUE(std::ranges::equal(cut, std::span(whole).last(cut.size())));
  EXPECT_TRUE(check_now().clean());
}

TEST_F(RecoveryTest, half_a_chunk_is_no_problem_but_a_repair_keeps_it) {
  fill();
  kill();
  append(record_front(RecordType::kChunk, 0, 0, "half a chunk", 10'000));
  for (bool repair : {false, true}) {
    const CheckReport report = check_now(repair);
    EXPECT_TRUE(report.clean());
    ASSERT_EQ(report.notes.size(), 1u);
    EXPECT_EQ(report.notes[0].contains("set aside"), repair);
  }
  EXPECT_TRUE(check_now().notes.empty());
}

TEST_F(RecoveryTest, what_a_repair_set_aside_is_told_though_it_then_built_the_index_anew) {
  fill();
  kill();
  append(record_front(RecordType::kChunk, 0, 0, "half a chunk", 10'000));
  index.write_raw(Table::kObjects, "key", "no object");
  const CheckReport report = check_now(true);
  EXPECT_TRUE(report.index_rebuilt);
  EXPECT_TRUE(names(report.notes, "set aside"));
}

TEST_F(RecoveryTest, space_that_was_reserved_and_not_used_is_not_worth_a_word) {
  fill();
  kill();
  const std::uint64_t size = size_of(segment_path());
  append(std::string(10'000, '\0'));
  const CheckReport report = check_now(true);
  EXPECT_TRUE(report.clean());
  EXPECT_TRUE(report.notes.empty());
  EXPECT_LE(size_of(segment_path()), size);
}

TEST_F(RecoveryTest, objects_that_a_shortened_segment_lost_are_named) {
  fill();
  store.reset();
  truncate(1, size_of(segment_path()) / 2);
  EXPECT_FALSE(check_now().clean());
  const CheckReport report = check_now(true);
  EXPECT_TRUE(report.index_rebuilt);
  EXPECT_TRUE(names(report.problems, "object " + id.text() + " needs"));
  EXPECT_TRUE(names(report.problems, "the segment ends here"));
  EXPECT_TRUE(names(report.problems, "commits 1 to 5 are lost"));
}

TEST_F(RecoveryTest, an_object_that_was_removed_is_not_told_as_lost) {
  open();
  id = upload_now("removed");
  open();
  const std::size_t known = records_of().size();
  put_now("key", "value");
  remove_now(id);
  index.lose_unsynced();
  kill();
  disk.damage(segment_path(), records_of()[known].offset + 4);
  const CheckReport report = check_now(true);
  EXPECT_TRUE(report.index_rebuilt);
  EXPECT_TRUE(names(report.problems, "commits 3 to 3 are missing"));
  EXPECT_FALSE(names(report.problems, "object " + id.text()));
}

TEST_F(RecoveryTest, commits_that_are_missing_between_segments_are_told_when_the_index_is_lost) {
  options.segment_bytes = 128 << 10;
  open();
  for (int i = 0; i < 4; ++i) put_now("key" + std::to_string(i), std::string(50'000, 'v'));
  const auto records = records_of();
  store.reset();
  truncate(1, records.back().offset);
  index.lose_everything();
  EXPECT_TRUE(names(check_now(true).problems, "commits 2 to 2 are missing"));
}

TEST_F(RecoveryTest, a_damaged_header_loses_nothing) {
  options.segment_bytes = 128 << 10;
  open();
  for (int i = 0; i < 6; ++i) put_now("key" + std::to_string(i), std::string(50'000, 'v'));
  for (SegmentNumber number : {1, 2, 3}) {
    for (bool starts : {false, true}) {
      store.reset();
      disk.damage(segment_path(number), 20);
      if (number == 2) index.lose_everything();
      const std::string name = segment_name(number) + ": segment header does not match its checksum";
      EXPECT_TRUE(names(check_now(false).problems, name + "; its records can be read") || number == 2);
      if (starts) {
        damage.clear();
        open();
        EXPECT_TRUE(names(damage, name + "; written anew"));
      } else {
        const CheckReport report = check_now(true);
        EXPECT_TRUE(report.clean());
        EXPECT_TRUE(names(report.notes, name + "; written anew"));
        open();
      }
      for (int i = 0; i < 6; ++i) EXPECT_TRUE(get_now("key" + std::to_string(i)));
      const CheckReport after = check_now(false);
      EXPECT_TRUE(after.clean());
      EXPECT_TRUE(after.notes.empty());
    }
  }
}

TEST_F(RecoveryTest, a_newest_segment_that_cannot_be_read_leaves_the_one_before_it_as_it_is) {
  options.segment_bytes = 128 << 10;
  open();
  const std::string first = random_text(1, 90'000);
  id = upload_now(first);
  upload_now(random_text(2, 60'000));
  put_now("key", std::string(100'000, 'v'));
  const SegmentNumber newest = 3;
  const RecordHeader chunk = records_of(2)[0];
  for (const RecordHeader& record : records_of(newest)) disk.damage(segment_path(newest), record.offset + 4);
  kill();
  index.lose_everything();
  disk.damage(segment_path(newest), 20);
  disk.damage(segment_path(2), chunk.payload_offset());
  const std::uint64_t size = size_of(segment_path(2));
  open();
  EXPECT_TRUE(names(damage, "none of its records can be read"));
  EXPECT_EQ(download_now(id), first);
  EXPECT_TRUE(put_now("later", "value"));
  EXPECT_EQ(size_of(segment_path(2)), size);
  open();
  EXPECT_EQ(get_now("later")->value, "value");
  EXPECT_EQ(download_now(id), first);
}

TEST_F(RecoveryTest, a_damaged_secret_is_drawn_anew_by_a_repair) {
  fill();
  store.reset();
  const auto path = options.directory / "store.secret";
  disk.damage(path, 40);
  EXPECT_EQ(try_open().error().code, rt::Code::kDamaged);
  EXPECT_TRUE(names(check_now().problems, "store.secret is damaged"));
  EXPECT_GT(check_now().verified_bytes, 0u) << "the rest is looked at all the same";
  EXPECT_TRUE(check_now(true).clean());
  EXPECT_TRUE(disk.exists(path.string() + ".damaged"));
  open();
  EXPECT_EQ(download_now(id), text);
}

TEST_F(RecoveryTest, a_check_without_repair_writes_no_secret) {
  fill();
  store.reset();
  const auto path = options.directory / "store.secret";
  ASSERT_TRUE(disk.unlink(path));
  EXPECT_TRUE(names(check_now().problems, "store.secret is missing"));
  EXPECT_FALSE(disk.exists(path));
  EXPECT_TRUE(check_now(true).clean());
  EXPECT_TRUE(disk.exists(path));
}

TEST_F(RecoveryTest, no_new_id_is_drawn_for_a_segment_that_cannot_tell_it) {
  fill();
  store.reset();
  const auto path = options.directory / "store.secret";
  ASSERT_TRUE(disk.unlink(path));
  disk.damage(segment_path(), 20);
  EXPECT_FALSE(check(options, disk, seams(), true));
  EXPECT_FALSE(try_open());
  EXPECT_FALSE(disk.exists(path));
}

class DamagedSegmentTest : public CheckTest {
 protected:
  void damage_header(const RecordHeader& record) { disk.damage(segment_path(), record.offset + 4); }
  RecordHeader last_commit() {
    auto records = records_of();
    while (records.back().type != RecordType::kCommit) records.pop_back();
    return records.back();
  }
  void make_totals_wrong() {
    const auto opened = index.factory().open("");
    Change change(**opened);
    auto applied = **change.applied();
    applied.objects += 1;
    change.put_applied(applied);
    ASSERT_TRUE((*opened)->apply(change.take_batch()));
  }
};

TEST_F(DamagedSegmentTest, a_repair_takes_from_the_old_index_what_no_commit_names) {
  open();
  const std::string first_text = random_text(1, 100'000);
  const ObjectId first = upload_now(first_text);
  const RecordHeader chunk = records_of().front();
  const std::string second_text = random_text(2, 100'000);
  const ObjectId second = upload_now(second_text);
  put_now("key", "old");
  put_now("key", "new");
  const RecordHeader commit = last_commit();
  store.reset();
  damage_header(chunk);
  damage_header(commit);
  make_totals_wrong();
  const CheckReport report = check_now(true);
  EXPECT_TRUE(report.index_rebuilt);
  EXPECT_FALSE(report.clean()) << "the segment stays damaged";
  open();
  EXPECT_EQ(download_now(first), first_text);
  EXPECT_EQ(download_now(second), second_text);
  EXPECT_EQ(get_now("key")->value, "new");
  const Revision before_put = get_now("key")->revision;
  EXPECT_GT(*put_now("key", "newer"), before_put);
}

TEST_F(DamagedSegmentTest, a_chunk_without_a_record_is_found_by_its_commit_when_the_index_is_lost) {
  open();
  const std::string content = random_text(1, 100'000);
  id = upload_now(content);
  const RecordHeader chunk = records_of().front();
  store.reset();
  damage_header(chunk);
  EXPECT_TRUE(names(check_now().problems, "its bytes are there"));
  EXPECT_FALSE(check_now(true).index_rebuilt) << "nothing is wrong with the index";
  index.lose_everything();
  open();
  EXPECT_EQ(download_now(id), content);
}

TEST_F(DamagedSegmentTest, commits_that_a_sealed_segment_lost_are_told) {
  open();
  const std::string content = random_text(1, 600'000);
  upload_now(content);
  const std::uint64_t end_of_chunks = records_of().back().offset;
  upload_now(content);
  upload_now(random_text(2, 600'000));
  store.reset();
  ASSERT_TRUE(disk.exists(segment_path(2)));
  truncate(1, end_of_chunks);
  const CheckReport report = check_now();
  EXPECT_TRUE(names(report.problems, "are missing")) << "a gap in the commits";
  EXPECT_TRUE(names(report.problems, "named by no commit"));
}

TEST_F(DamagedSegmentTest, a_segment_that_is_gone_is_told) {
  open();
  for (std::uint64_t seed : {1, 2, 3}) upload_now(random_text(seed, 900'000));
  store.reset();
  ASSERT_TRUE(disk.exists(segment_path(3)));
  ASSERT_TRUE(disk.unlink(segment_path(2)));
  EXPECT_TRUE(names(check_now().problems, segment_name(2) + " is missing"));
}

}  // namespace
}  // namespace millrace::store
