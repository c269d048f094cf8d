#include "media/processing/give_up.h"

#include "media/events/event.h"
#include "media/processing/steps.h"

namespace millrace::media {

void give_up(Media& media, const std::string& reason, std::int64_t now_ms, store::Transaction& transaction) {
  media.reprocessing = false;
  media.job_id.clear();
  media.error = media.was_ready ? "it could not be made anew: " + reason : reason;
  media.updated_ms = now_ms;
  if (media.was_ready) media.stage = Stage::kDone;
  set_outcome(media, media.was_ready ? MediaStatus::kReady : MediaStatus::kErrored);
  add_event(transaction, event_of(media, media.was_ready ? "ready" : "errored"), media.updated_ms);
}

}  // namespace millrace::media
