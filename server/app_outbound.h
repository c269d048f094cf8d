// What asks other servers, wired: the address policy, the client and those who use it. The client belongs to loop 0, as
// the job queue does.
#pragma once

#include <memory>

#include "media/domain.h"
#include "media/imports/importer.h"
#include "server/ops/config.h"
#include "server/outbound/address_policy.h"
#include "server/outbound/client.h"
#include "server/rt/budget.h"
#include "server/rt/error.h"

namespace millrace {

struct Outbound {
  Outbound(outbound::AddressPolicy rules, const ops::Config& config, media::Domain& domain, rt::Budget& budget);

  const outbound::AddressPolicy policy;
  outbound::Client client;
  media::Importer importer;
};

// Adds its kinds of jobs. Domain and budget outlive it.
rt::Result<std::unique_ptr<Outbound>> make_outbound(const ops::Config& config, media::Domain& domain,
                                                    rt::Budget& budget);

}  // namespace millrace
