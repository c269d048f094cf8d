// A transcript as a value: what is said in a media, word by word.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "store/store.h"

namespace millrace::media {

struct Word {
  std::string text;
  std::int64_t start_ms = 0;
  std::int64_t end_ms = 0;
  double confidence = 0;  // 0 to 1; 0 when the engine tells none
  bool operator==(const Word&) const = default;
};

struct Transcript {
  std::string id;  // unique among all tenants
  std::string tenant;
  std::string media_id;
  std::string language;  // BCP 47 tag
  std::string engine;    // "pocketsphinx", "whisper.cpp"
  std::vector<Word> words;
  std::int64_t created_ms = 0;
  store::Revision revision = 0;
};

}  // namespace millrace::media
