#include "media/archives/zip_layout.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>

namespace millrace::media {
namespace {

using Kind = ZipLayout::Piece::Kind;

constexpr std::uint64_t kLimit = 0xffff'ffff;
constexpr std::int64_t kMomentMs = 1'700'000'001'000;  // 2023-11-14 22:13:21 UTC

ZipEntry stored(std::string name, std::uint64_t bytes) {
  return {.name = std::move(name), .size_bytes = bytes, .stored_bytes = bytes, .crc32 = 7, .modified_ms = kMomentMs};
}

std::uint64_t number(std::string_view bytes, std::size_t at, std::size_t length) {
  std::uint64_t value = 0;
  for (std::size_t i = length; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes.at(at + i));
  return value;
}

// All but the contents, in order.
std::string texts(const ZipLayout& layout) {
  std::string all;
  for (std::uint64_t at = 0; at < layout.size_bytes();) {
    const ZipLayout::Piece piece = layout.piece_at(at);
    EXPECT_EQ(piece.offset, at);
    EXPECT_GT(piece.length, 0u);
    if (piece.kind != Kind::kContent) {
      const std::string text = layout.text(piece);
      EXPECT_EQ(text.size(), piece.length);
      all += text;
    }
    at += piece.length;
  }
  return all;
}

// The extra fields of a header, by their id.
std::map<std::uint64_t, std::string> extras(std::string_view bytes, std::size_t at, std::size_t length) {
  std::map<std::uint64_t, std::string> all;
  for (const std::size_t end = at + length; at < end;) {
    const auto size = static_cast<std::size_t>(number(bytes, at + 2, 2));
    all[number(bytes, at, 2)] = std::string(bytes.substr(at + 4, size));
    at += 4 + size;
  }
  return all;
}

struct Header {
  std::uint64_t version, flags, method, time, date, crc, packed, size;
  std::string name;
  std::map<std::uint64_t, std::string> extra;
};

Header local_header(const ZipLayout& layout, std::uint64_t offset) {
  const ZipLayout::Piece piece = layout.piece_at(offset);
  EXPECT_EQ(piece.kind, Kind::kHeader);
  const std::string text = layout.text(piece);
  EXPECT_EQ(number(text, 0, 4), 0x04034b50u);
  const auto name = static_cast<std::size_t>(number(text, 26, 2));
  const auto extra = static_cast<std::size_t>(number(text, 28, 2));
  EXPECT_EQ(text.size(), 30 + name + extra);
  return {number(text, 4, 2),    number(text, 6, 2),
          number(text, 8, 2),    number(text, 10, 2),
          number(text, 12, 2),   number(text, 14, 4),
          number(text, 18, 4),   number(text, 22, 4),
          text.substr(30, name), extras(text, 30 + name, extra)};
}

struct Listed : Header {
  std::uint64_t offset;
};

std::vector<Listed> listed(const ZipLayout& layout) {
  const std::string text = layout.directory();
  std::vector<Listed> all;
  for (std::size_t at = 0; number(text, at, 4) == 0x02014b50u;) {
    const auto name = static_cast<std::size_t>(number(text, at + 28, 2));
    const auto extra = static_cast<std::size_t>(number(text, at + 30, 2));
    all.push_back(
        {{number(text, at + 6, 2), number(text, at + 8, 2), number(text, at + 10, 2), number(text, at + 12, 2),
          number(text, at + 14, 2), number(text, at + 16, 4), number(text, at + 20, 4), number(text, at + 24, 4),
          text.substr(at + 46, name), extras(text, at + 46 + name, extra)},
         number(text, at + 42, 4)});
    at += 46 + name + extra;
  }
  return all;
}

bool has_end64(const ZipLayout& layout) { return layout.directory().contains("PK\x06\x06"); }

TEST(ZipLayout, AnEmptyArchiveIsAnEnd) {
  const ZipLayout layout({});
  EXPECT_EQ(layout.size_bytes(), 22u);
  EXPECT_EQ(texts(layout), std::string("PK\x05\x06") + std::string(18, '\0'));
}

TEST(ZipLayout, PiecesCoverTheArchive) {
  std::vector<ZipEntry> entries;
  for (int i = 0; i < 600; ++i) entries.push_back(stored("file " + std::to_string(i), static_cast<std::uint64_t>(i)));
  const ZipLayout layout(entries);
  const std::string all = texts(layout);
  EXPECT_EQ(all.size() + 600 * 599 / 2, layout.size_bytes());
  EXPECT_TRUE(all.ends_with(layout.directory()));
}

TEST(ZipLayout, EveryByteHasItsPiece) {
  const ZipLayout layout({stored("a", 3), stored("empty", 0), stored("b", 1)});
  for (std::uint64_t at = 0; at < layout.size_bytes(); ++at) {
    const ZipLayout::Piece piece = layout.piece_at(at);
    EXPECT_LE(piece.offset, at);
    EXPECT_LT(at, piece.offset + piece.length);
    if (piece.kind == Kind::kContent) EXPECT_NE(piece.first, 1u);
  }
}

TEST(ZipLayout, HeadersTellTheEntry) {
  ZipEntry text = stored("ä.txt", 1000);
  text.stored_bytes = 40;
  text.crc32 = 0xdeadbeef;
  text.deflated = true;
  const ZipLayout layout({stored("a", 5), text});
  const Header first = local_header(layout, 0);
  EXPECT_EQ(first.version, 10u);
  EXPECT_EQ(first.method, 0u);
  EXPECT_EQ(first.name, "a");
  const std::vector<Listed> all = listed(layout);
  ASSERT_EQ(all.size(), 2u);
  const Header second = local_header(layout, all[1].offset);
  for (const Header& header : {second, static_cast<Header>(all[1])}) {
    EXPECT_EQ(header.version, 20u);
    EXPECT_EQ(header.flags, 0x800u);  // UTF-8, no data descriptor
    EXPECT_EQ(header.method, 8u);
    EXPECT_EQ(header.crc, 0xdeadbeefu);
    EXPECT_EQ(header.packed, 40u);
    EXPECT_EQ(header.size, 1000u);
    EXPECT_EQ(header.name, "ä.txt");
    EXPECT_EQ(header.date, (2023u - 1980) << 9 | 11 << 5 | 14);
    EXPECT_EQ(header.time, 22u << 11 | 13 << 5 | 21 / 2);
    EXPECT_EQ(number(header.extra.at(0x5455), 1, 4), 1'700'000'001u);
    EXPECT_FALSE(header.extra.contains(1));
  }
  EXPECT_FALSE(has_end64(layout));
}

TEST(ZipLayout, TimesOutOfRangeAreTheNearest) {
  ZipEntry old = stored("old", 1);
  old.modified_ms = -1;
  ZipEntry far = stored("far", 1);
  far.modified_ms = 10'000'000'000'000;
  const std::vector<Listed> all = listed(ZipLayout({old, far}));
  EXPECT_EQ(all[0].date, 1u << 5 | 1);
  EXPECT_EQ(all[1].date, 127u << 9 | 12 << 5 | 31);
  EXPECT_TRUE(all[0].extra.empty());
  EXPECT_TRUE(all[1].extra.empty());
}

TEST(ZipLayout, AnEntryBelowTheLimitNeedsNoZip64) {
  const ZipLayout layout({stored("large", kLimit - 1)});
  EXPECT_EQ(local_header(layout, 0).size, kLimit - 1);
  EXPECT_FALSE(local_header(layout, 0).extra.contains(1));
  EXPECT_FALSE(listed(layout)[0].extra.contains(1));
}

TEST(ZipLayout, AnEntryAtTheLimitHasItsSizesInZip64) {
  const ZipLayout layout({stored("large", kLimit), stored("b", 1)});
  const Header header = local_header(layout, 0);
  EXPECT_EQ(header.version, 45u);
  EXPECT_EQ(header.size, kLimit);
  EXPECT_EQ(header.packed, kLimit);
  ASSERT_EQ(header.extra.at(1).size(), 16u);
  EXPECT_EQ(number(header.extra.at(1), 0, 8), kLimit);
  EXPECT_EQ(number(header.extra.at(1), 8, 8), kLimit);
  const Listed first = listed(layout)[0];
  ASSERT_EQ(first.extra.at(1).size(), 16u);
  EXPECT_EQ(first.offset, 0u);
  const Listed second = listed(layout)[1];
  EXPECT_EQ(second.version, 45u);
  EXPECT_EQ(second.size, 1u);
  EXPECT_EQ(second.offset, kLimit);
  ASSERT_EQ(second.extra.at(1).size(), 8u);
  const std::uint64_t offset = number(second.extra.at(1), 0, 8);
  EXPECT_EQ(local_header(layout, offset).name, "b");
  EXPECT_FALSE(local_header(layout, offset).extra.contains(1));
}

TEST(ZipLayout, ADeflatedEntryMayNeedZip64ForOneSizeOnly) {
  ZipEntry text = stored("text", kLimit);
  text.stored_bytes = 9;
  text.deflated = true;
  const ZipLayout layout({text});
  EXPECT_EQ(number(local_header(layout, 0).extra.at(1), 8, 8), 9u);
  const Listed entry = listed(layout)[0];
  EXPECT_EQ(entry.packed, 9u);
  ASSERT_EQ(entry.extra.at(1).size(), 8u);
  EXPECT_EQ(number(entry.extra.at(1), 0, 8), kLimit);
  EXPECT_FALSE(has_end64(layout));
}

// The offset of the second entry is exactly at the limit, or one below.
TEST(ZipLayout, OffsetsGoToZip64AtTheLimit) {
  const std::uint64_t header = ZipLayout({stored("a", 0)}).piece_at(0).length;
  const ZipLayout below({stored("a", kLimit - 1 - header), stored("b", 1)});
  EXPECT_EQ(listed(below)[1].offset, kLimit - 1);
  EXPECT_FALSE(listed(below)[1].extra.contains(1));
  const ZipLayout at({stored("a", kLimit - header), stored("b", 1)});
  EXPECT_EQ(number(listed(at)[1].extra.at(1), 0, 8), kLimit);
  EXPECT_EQ(local_header(at, kLimit).name, "b");
}

TEST(ZipLayout, TheEndIsZip64WhenTheDirectoryIsFarAway) {
  const std::uint64_t header = ZipLayout({stored("a", 0)}).piece_at(0).length;
  EXPECT_FALSE(has_end64(ZipLayout({stored("a", kLimit - 1 - header)})));
  const ZipLayout layout({stored("a", kLimit - header)});
  ASSERT_TRUE(has_end64(layout));
  const std::string text = layout.directory();
  const std::size_t end64 = text.find("PK\x06\x06");
  EXPECT_EQ(number(text, end64 + 4, 8), 44u);
  EXPECT_EQ(number(text, end64 + 32, 8), 1u);           // entries
  EXPECT_EQ(number(text, end64 + 40, 8), end64);        // bytes of the directory
  EXPECT_EQ(number(text, end64 + 48, 8), kLimit);       // where it begins
  EXPECT_EQ(number(text, end64 + 56, 4), 0x07064b50u);  // locator
  EXPECT_EQ(number(text, end64 + 64, 8), kLimit + end64);
  EXPECT_EQ(number(text, end64 + 76, 4), 0x06054b50u);
  EXPECT_EQ(number(text, end64 + 76 + 16, 4), kLimit);
}

TEST(ZipLayout, TheEndIsZip64BeyondAsManyEntries) {
  EXPECT_FALSE(has_end64(ZipLayout(std::vector<ZipEntry>(65'534, stored("same", 0)))));
  const ZipLayout layout(std::vector<ZipEntry>(65'535, stored("same", 0)));
  ASSERT_TRUE(has_end64(layout));
  const std::string text = layout.directory();
  EXPECT_EQ(number(text, text.rfind("PK\x06\x06") + 32, 8), 65'535u);
  EXPECT_EQ(texts(layout).size(), layout.size_bytes());
}

}  // namespace
}  // namespace millrace::media
