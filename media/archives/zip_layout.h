// ZipLayout: where everything lies in a zip archive (PKWARE APPNOTE.TXT 6.3.10) that is nowhere written down. From the
// entries' names, sizes and checksums follow the exact length of the archive and each of its bytes but the content,
// which comes from elsewhere. It is the same archive whenever it is made of the same entries. A value for any thread.
//
// Sizes and checksums stand in the local headers (no data descriptors), so that an archive can be unpacked while it
// arrives. Zip64 is used for the entries and the end that need it and for nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace millrace::media {

struct ZipEntry {
  std::string name;                // UTF-8, safe and unique (names.h)
  std::uint64_t size_bytes = 0;    // unpacked
  std::uint64_t stored_bytes = 0;  // in the archive
  std::uint32_t crc32 = 0;         // of what is unpacked
  std::int64_t modified_ms = 0;    // since 1970 UTC
  bool deflated = false;           // otherwise stored as it is
};

class ZipLayout {
 public:
  explicit ZipLayout(std::vector<ZipEntry> entries);

  // A run of the archive: the content of an entry, or text that text() makes.
  struct Piece {
    enum class Kind : std::uint8_t { kHeader, kContent, kDirectory, kEnd };
    Kind kind = Kind::kEnd;
    std::size_t first = 0;     // the entry; of a directory piece the first of several
    std::size_t end = 0;       // the one behind the last
    std::uint64_t offset = 0;  // in the archive
    std::uint64_t length = 0;
  };

  std::uint64_t size_bytes() const noexcept { return size_bytes_; }
  const std::vector<ZipEntry>& entries() const noexcept { return entries_; }
  // The piece with this byte, which lies in the archive. Never an empty one.
  Piece piece_at(std::uint64_t offset) const;
  // The bytes of a piece that is no content.
  std::string text(const Piece& piece) const;
  // All behind the last content, the directory and the end. It tells all that text() tells, so two archives with the
  // same directory differ in content at most.
  std::string directory() const;

 private:
  struct Place {
    std::uint64_t header;     // of the local header, in the archive
    std::uint64_t directory;  // of the entry in the directory, in the archive
  };
  std::string header(std::size_t entry) const;
  void append_directory(std::string& out, std::size_t entry) const;
  std::string end() const;
  std::uint64_t directory_at(std::size_t entry) const;

  std::vector<ZipEntry> entries_;
  std::vector<Place> places_;
  std::uint64_t directory_offset_ = 0;
  std::uint64_t end_offset_ = 0;
  std::uint64_t size_bytes_ = 0;
};

}  // namespace millrace::media
