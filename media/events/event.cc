#include "media/events/event.h"

#include "media/catalog/media.h"
#include "media/uploads/upload.h"

namespace millrace::media {

void add_event(store::Transaction&, NewEvent, std::int64_t) {}

NewEvent event_of(const Upload& upload, std::string_view what) {
  return {.tenant = upload.tenant, .type = "upload." + std::string(what), .subject = upload.id};
}

NewEvent event_of(const Media& media, std::string_view what) {
  return {.tenant = media.tenant, .type = "media." + std::string(what), .subject = media.id};
}

}  // namespace millrace::media
