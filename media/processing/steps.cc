#include "media/processing/steps.h"

#include "media/catalog/moving.h"
#include "media/processing/probe.h"

namespace millrace::media {

Stage stage_after(Stage stage, MediaType type, const ProcessingOptions& options) {
  switch (stage) {
    case Stage::kProbe:
      if (!options.renditions) return Stage::kDone;
      return type == MediaType::kAudio ? Stage::kEncode : Stage::kThumbnails;
    case Stage::kThumbnails:
      return is_moving(type) ? Stage::kEncode : Stage::kDone;
    case Stage::kEncode:
      return Stage::kPackage;
    default:
      return Stage::kDone;
  }
}

std::string_view kind_of(Stage stage) {
  switch (stage) {
    case Stage::kProbe:
      return kProbeKind;
    case Stage::kThumbnails:
      return kThumbnailsKind;
    case Stage::kEncode:
      return kEncodeKind;
    case Stage::kPackage:
      return kPackageKind;
    case Stage::kDone:
      break;
  }
  return {};
}

std::uint32_t progress_of(const Media& media) {
  const bool deleted = media.status == MediaStatus::kSoftDeleted;
  return (deleted ? media.status_before_delete : media.status) == MediaStatus::kReady ? 100 : media.progress_percent;
}

bool is_next(const Media& media, Stage stage, std::string_view job_id) {
  const bool deleted = media.status == MediaStatus::kSoftDeleted;
  const bool preparing = (deleted ? media.status_before_delete : media.status) == MediaStatus::kPreparing;
  // A media that an older server wrote names no job.
  const bool is_its_job = media.job_id.empty() || media.job_id == job_id;
  return preparing && media.stage == stage && is_its_job;
}

void set_outcome(Media& media, MediaStatus status) {
  (media.status == MediaStatus::kSoftDeleted ? media.status_before_delete : media.status) = status;
}

}  // namespace millrace::media
