// Background: what happens by itself, on loop 0: the job queue, the expiry of idle uploads and multipart uploads, the
// forgetting of old jobs and old idempotent answers.
#pragma once

#include <chrono>

#include "media/jail.h"
#include "media/jobs.h"
#include "media/multiparts.h"
#include "media/uploads.h"
#include "server/ops/log.h"
#include "server/rt/event.h"
#include "server/rt/timer.h"
#include "store/store.h"

namespace millrace {

class Background {
 public:
  // All outlive it.
  Background(store::Store& store, media::Uploads& uploads, media::Multiparts& multiparts, media::Jobs& jobs,
             media::Jail& jail, ops::Log& log, std::chrono::seconds sweep_every)
      : store_(store),
        uploads_(uploads),
        multiparts_(multiparts),
        jobs_(jobs),
        jail_(jail),
        log_(log),
        sweep_every_(sweep_every) {}

  // Runs until stop(), and until what it began has ended.
  rt::Task<void> run();
  // On the same loop.
  void stop();

 private:
  rt::Task<void> check_jail();
  rt::Task<void> run_jobs();
  rt::Task<void> sweep_until_stopped();
  rt::Task<void> sweep();

  store::Store& store_;
  media::Uploads& uploads_;
  media::Multiparts& multiparts_;
  media::Jobs& jobs_;
  media::Jail& jail_;
  ops::Log& log_;
  const std::chrono::seconds sweep_every_;
  rt::Event wake_;
  bool stopping_ = false;
};

}  // namespace millrace
