#include "media/processing/give_up.h"

#include <algorithm>
#include <utility>

#include "media/events/event.h"
#include "media/processing/steps.h"
#include "media/renditions/renditions.h"

namespace millrace::media {

// What was made before plays on when it cannot be made anew.
rt::Task<rt::Status> give_up(store::Store& store, Media& media, std::string reason, std::int64_t now_ms,
                             store::Transaction& transaction) {
  const bool again = std::exchange(media.reprocessing, false);
  auto made = co_await Renditions(store).of_media(media.tenant, media.id);
  if (!made) co_return rt::pass(made);
  const bool plays =
      again && std::ranges::any_of(*made, [](const Rendition& each) { return each.kind != RenditionKind::kThumbnail; });
  media.error = plays ? "it could not be made anew: " + reason : reason;
  media.updated_ms = now_ms;
  if (plays) media.stage = Stage::kDone;
  set_outcome(media, plays ? MediaStatus::kReady : MediaStatus::kErrored);
  add_event(transaction, event_of(media, plays ? "ready" : "errored"), media.updated_ms);
  co_return rt::Status();
}

}  // namespace millrace::media
