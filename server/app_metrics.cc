#include "server/app_metrics.h"

#include <sys/resource.h>
#include <unistd.h>

#include <fstream>

#include "server/rt/bus_guard.h"

namespace millrace {
namespace {

using Samples = std::vector<ops::Sample>;

template <class Number>
void counter(Samples& samples, const char* name, const char* help, Number value) {
  samples.push_back({name, help, true, static_cast<double>(value)});
}

template <class Number>
void gauge(Samples& samples, const char* name, const char* help, Number value) {
  samples.push_back({name, help, false, static_cast<double>(value)});
}

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  file >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void add_store_samples(Samples& samples, const store::Store& store) {
  const store::Stats stats = store.stats();
  gauge(samples, "millrace_store_objects", "Objects in the store.", stats.objects);
  gauge(samples, "millrace_store_chunks", "Chunks in the store.", stats.chunks);
  gauge(samples, "millrace_store_logical_bytes", "Bytes of all objects.", stats.logical_bytes);
  gauge(samples, "millrace_store_stored_bytes", "Bytes of live chunks.", stats.stored_bytes);
  gauge(samples, "millrace_store_segment_bytes", "Bytes of segment files on disk.", stats.segment_bytes);
  gauge(samples, "millrace_store_dead_bytes", "Bytes in segments that nothing references.", stats.dead_bytes);
  gauge(samples, "millrace_store_free_disk_bytes", "Free bytes of the file system.", stats.free_disk_bytes);
  gauge(samples, "millrace_store_full", "1 while writes are refused for lack of space.", stats.full ? 1 : 0);
  counter(samples, "millrace_store_deduplicated_bytes_total", "Received and not stored again.",
          stats.deduplicated_bytes);
  counter(samples, "millrace_store_copied_body_bytes_total", "Body bytes copied in user space beyond the one move.",
          stats.copied_body_bytes);
  counter(samples, "millrace_store_damaged_chunks_total", "Damaged chunks found since start.", stats.damaged_chunks);
  counter(samples, "millrace_store_unreadable_total", "Times mapped bytes could not be read when they were needed.",
          rt::unreadable_count());
  counter(samples, "millrace_store_commits_total", "Transactions committed.", stats.commits);
  counter(samples, "millrace_store_syncs_total", "Times the disk was synced.", stats.syncs);
  counter(samples, "millrace_store_scrubbed_bytes_total", "Bytes verified in the background.", stats.scrubbed_bytes);
}

void add_memory_samples(Samples& samples, const rt::Budget& budget) {
  gauge(samples, "millrace_budget_used_bytes", "Receive and write buffers in use.", budget.used_bytes());
  gauge(samples, "millrace_budget_limit_bytes", "What they may use.", budget.limit_bytes());
}

void add_connection_samples(Samples& samples, const net::ListenerStats& listeners, const h2::Stats& h2) {
  gauge(samples, "millrace_connections", "Connections open now.", listeners.open());
  counter(samples, "millrace_connections_accepted_total", "Connections accepted.", listeners.accepted.load());
  counter(samples, "millrace_connections_refused_total", "Connections over the limit.", listeners.refused.load());
  counter(samples, "millrace_accept_errors_total", "Connections lost for want of descriptors or memory.",
          listeners.accept_errors.load());
  counter(samples, "millrace_tls_handshake_failures_total", "TLS handshakes that failed.",
          listeners.handshake_failures.load());
  counter(samples, "millrace_proxy_headers_rejected_total", "Connections without a good PROXY header.",
          listeners.proxy_rejected.load());
  counter(samples, "millrace_h2_floods_total", "HTTP/2 connections ended for a flood.", h2.floods.load());
  counter(samples, "millrace_h2_protocol_errors_total", "HTTP/2 connections ended for the peer's errors.",
          h2.protocol_errors.load());
  counter(samples, "millrace_h2_slow_bodies_total", "Requests given up because their body came too slowly.",
          h2.slow_bodies.load());
  counter(samples, "millrace_h2_slow_readers_total", "Responses given up because nobody took them.",
          h2.slow_readers.load());
  counter(samples, "millrace_h2_window_growths_total", "Times a stream's receive window grew.",
          h2.window_growths.load());
  counter(samples, "millrace_h2_copied_body_bytes_total", "Body bytes copied because they were too few to pin a block.",
          h2.copied_bytes.load());
}

void add_process_samples(Samples& samples) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  counter(samples, "process_cpu_seconds_total", "User and system time.",
          seconds(usage.ru_utime) + seconds(usage.ru_stime));
  gauge(samples, "process_resident_memory_bytes", "Resident memory.", resident_bytes());
}

}  // namespace millrace
