// Background: what happens by itself, on loop 0: the job queue, the expiry of idle uploads, multipart uploads and
// downloads, the forgetting of old jobs and old idempotent answers; and all that moves events (app_events.h).
#pragma once

#include <chrono>

#include "media/domain.h"
#include "media/jail/jail.h"
#include "server/app_events.h"
#include "server/ops/log.h"
#include "server/rt/event.h"
#include "server/rt/timer.h"

namespace millrace {

class Background {
 public:
  // All outlive it.
  Background(media::Domain& domain, media::Jail& jail, AppEvents& events, ops::Log& log,
             std::chrono::seconds sweep_every)
      : domain_(domain), jail_(jail), events_(events), log_(log), sweep_every_(sweep_every) {}

  // Runs until stop(), and until what it began has ended.
  rt::Task<void> run();
  // On the same loop.
  void stop();

 private:
  rt::Task<void> check_jail();
  rt::Task<void> run_jobs();
  rt::Task<void> sweep_until_stopped();
  rt::Task<void> sweep();

  media::Domain& domain_;
  media::Jail& jail_;
  AppEvents& events_;
  ops::Log& log_;
  const std::chrono::seconds sweep_every_;
  rt::Event wake_;
  bool stopping_ = false;
};

}  // namespace millrace
