// Names of files in an archive: what any system can unpack, and nothing that leads out of the folder it is unpacked
// to, hides, or overwrites another. Any thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace millrace::media {

// Leaves room for a number below the 255 bytes that file systems allow.
inline constexpr std::size_t kEntryNameMaxBytes = 200;

// A name of one part, valid UTF-8, never empty: without separators, control and direction characters, what Windows
// forbids or reserves, dots and spaces at its ends; an extension outlives shortening.
std::string safe_name(std::string_view wanted);

// Without the extension, and the extension with its dot ("" when there is none).
std::string_view stem_of(std::string_view name);
std::string_view extension_of(std::string_view name);

// Gives out every name once: the second "clip.mp4" is "clip (2).mp4", also when only the case differs, because
// not every file system tells them apart.
class UniqueNames {
 public:
  // `name` is safe.
  std::string take(std::string name);

 private:
  std::map<std::string, std::size_t> taken_;  // folded name: the last number tried
};

}  // namespace millrace::media
