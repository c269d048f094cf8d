// Flow: how a media goes from step to step. What a step made, the media's next stage and the job of the next step are
// one transaction on the media's revision; when the media was destroyed or is no longer at that stage, the results are
// dropped. On the queue's loop.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "media/catalog/media.h"
#include "media/jobs/jobs.h"
#include "media/processing/steps.h"
#include "media/records/clock.h"
#include "media/renditions/rendition.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

// A rendition whose bytes wait to become its object. Its id, owner and times are set when it is committed.
struct Made {
  Rendition rendition;
  store::Draft draft;
};

struct StepResult {
  std::vector<RenditionKind> kinds = {};  // that this step makes: those of an earlier run go
  std::vector<Made> made = {};
  std::int64_t encoded_ms = 0;            // play time that was encoded: counts in the tenant's month
  std::function<void(Media&)> edit = {};  // what else the media now says; may run again
};

class Flow {
 public:
  // All outlive it.
  Flow(store::Store& store, Jobs& jobs, const ProcessingOptions& options, Clock clock)
      : store_(store), jobs_(jobs), options_(options), clock_(clock) {}

  rt::Task<rt::Result<Media>> get(std::string tenant, std::string id);
  // The step of `job`, whose stage this is, is done.
  rt::Task<rt::Status> finish(const Job& job, Stage stage, StepResult result);
  // Small edits on the way, as long as it is at that stage. They do not count as a change of the media.
  rt::Task<rt::Status> note(const Job& job, Stage stage, std::function<void(Media&)> edit);
  // The step cannot be done: the media is errored, with the reason; one that was to be made anew stays as it was.
  rt::Task<rt::Status> fail(const Job& job, Stage stage, std::string reason);

 private:
  using Edit = std::function<rt::Task<rt::Status>(Media&, store::Transaction&)>;
  rt::Task<rt::Status> commit(const Job& job, std::function<bool(const Media&)> wanted, Edit edit);
  rt::Task<rt::Status> replace(const Media& media, const StepResult& result, store::Transaction& transaction);
  void advance(const Job& job, Media& media, store::Transaction& transaction);

  store::Store& store_;
  Jobs& jobs_;
  const ProcessingOptions& options_;
  const Clock clock_;
};

}  // namespace millrace::media
