// What opening and checking make of damage in places where it could be taken for what a crash leaves: the last commit,
// the end of a segment, a header.
#include "tests/store/check_fixture.h"

namespace millrace::store {
namespace {

using RecoveryTest = CheckTest;

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

}  // namespace
}  // namespace millrace::store
