// Renditions: the records of what was made of each media. They are written by the step that made them
// (media/processing) together with their objects, and go with their media. Any loop.
#pragma once

#include <string>
#include <vector>

#include "media/renditions/rendition.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class Renditions {
 public:
  explicit Renditions(store::Store& store) : store_(store) {}

  // Of one media, the tracks too: by kind, then by height and bits per second, the largest first.
  rt::Task<rt::Result<std::vector<Rendition>>> of_media(std::string tenant, std::string media_id);
  // kNotFound also for another tenant's.
  rt::Task<rt::Result<Rendition>> find(std::string tenant, std::string id);
  // Whoever owns it.
  rt::Task<rt::Result<Rendition>> find_any(std::string id);

 private:
  store::Store& store_;
};

// Writes the record, and its place in the index by id. The caller makes the object in the same transaction.
void put_rendition(store::Transaction& transaction, const Rendition& rendition);
// The record and the object.
void erase_rendition(store::Transaction& transaction, const Rendition& rendition);

}  // namespace millrace::media
