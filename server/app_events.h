// AppEvents: what moves events, on loop 0: the sequencer, the dispatcher of webhooks with its HTTP client, and their
// sweeps. It also wires who is woken by which records.
#pragma once

#include <cstdint>

#include "media/domain.h"
#include "media/events/dispatcher.h"
#include "media/events/sequencer.h"
#include "media/records/watched_store.h"
#include "server/ops/config.h"
#include "server/ops/log.h"
#include "server/outbound/client.h"

namespace millrace {

class AppEvents {
 public:
  // All outlive it. Before the first commit of a loop.
  AppEvents(const ops::Config& config, media::Domain& domain, media::WatchedStore& store,
            const outbound::AddressPolicy& policy, ops::Log& log);

  // Until stop(), and until what it began has ended.
  rt::Task<void> run();
  // On the same loop.
  void stop();
  rt::Task<void> sweep();

 private:
  media::Domain& domain_;
  ops::Log& log_;
  const std::int64_t keep_ms_;
  outbound::Client client_;
  media::Sequencer sequencer_;
  media::Dispatcher dispatcher_;
};

}  // namespace millrace
