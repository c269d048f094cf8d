// Transcripts: the records of what was said in each media. They are written by the step that listened
// (media/processing) and go with their media. Any loop.
#pragma once

#include <string>
#include <vector>

#include "media/transcripts/transcript.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class Transcripts {
 public:
  explicit Transcripts(store::Store& store) : store_(store) {}

  // Of one media, by language.
  rt::Task<rt::Result<std::vector<Transcript>>> of_media(std::string tenant, std::string media_id);
  // kNotFound also for another tenant's.
  rt::Task<rt::Result<Transcript>> find(std::string tenant, std::string id);

 private:
  store::Store& store_;
};

// Writes the record, and its place in the index by id. Takes the place of the one in the same language.
void put_transcript(store::Transaction& transaction, const Transcript& transcript);
void erase_transcript(store::Transaction& transaction, const Transcript& transcript);

}  // namespace millrace::media
