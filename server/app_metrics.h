// What the parts count, as samples for /metrics: store, memory, connections, protocol, process.
#pragma once

#include "server/h2/context.h"
#include "server/net/listener.h"
#include "server/ops/metrics.h"
#include "server/rt/budget.h"
#include "store/store.h"

namespace millrace {

void add_store_samples(std::vector<ops::Sample>& samples, const store::Store& store);
void add_memory_samples(std::vector<ops::Sample>& samples, const rt::Budget& budget);
void add_connection_samples(std::vector<ops::Sample>& samples, const net::ListenerStats& listeners,
                            const h2::Stats& h2);
void add_process_samples(std::vector<ops::Sample>& samples);

}  // namespace millrace
