// What handlers work with: the domain services and the operator's settings, all made by main and alive until the last
// loop has ended. Shared by all loops; constant after start but for the atomics.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "handlers/described_original.h"
#include "media/buckets/buckets.h"
#include "media/buckets/multiparts.h"
#include "media/catalog/catalog.h"
#include "media/records/clock.h"
#include "media/tenants/channels.h"
#include "media/tenants/rate_limit.h"
#include "media/tenants/tenants.h"
#include "media/uploads/uploads.h"
#include "server/rt/kept_text.h"
#include "store/store.h"

namespace millrace::media {
struct Domain;
class Downloads;
class Events;
class Imports;
class Playback;
class Processing;
class Renditions;
class Transcription;
class Transcripts;
class Webhooks;
}  // namespace millrace::media

namespace millrace::handlers {

struct Settings {
  std::string base_url;  // scheme://host[:port] for links; empty: what the request names
  std::string region = "us-east-1";
  std::vector<std::string> s3_hosts;  // below which a host name begins with a bucket's
  std::int64_t presign_seconds = 7 * 24 * 3600;
  std::uint64_t upload_bytes_max = 5ull << 40;
  std::vector<std::string> cors_origins;  // "*" for any
  std::string version;
  // Whether Forwarded and X-Forwarded-* of this peer are believed; empty: nobody's.
  std::function<bool(std::string_view address)> trusts = {};
};

// How often may be asked, and how often it was (admission.h).
struct RequestLimits {
  media::Rate tenant_rate = {};   // of all requests of a tenant
  media::Rate bad_key_rate = {};  // of requests from one address whose key is wrong
  media::RateLimit by_tenant = {};
  media::RateLimit by_address = {};
};

struct Services {
  // Both outlive it.
  Services(media::Domain& domain, rt::TextShare& text);

  store::Store& store;
  media::Tenants& tenants;
  media::Channels& channels;
  media::Uploads& uploads;
  media::Catalog& catalog;
  media::Buckets& buckets;
  media::Multiparts& multiparts;
  media::Processing& processing;
  media::Renditions& renditions;
  media::Transcripts& transcripts;
  media::Transcription& transcription;
  media::Playback& playback;
  media::Imports& imports;
  media::Downloads& downloads;
  media::Events& events;
  media::Webhooks& webhooks;
  rt::TextShare& text;
  Settings settings = {};
  DescribedOriginals originals = {};
  std::function<std::string()> metrics_text = {};
  media::Clock clock = media::system_clock_ms;
  std::atomic<bool> draining{false};
  RequestLimits limits = {};
};

}  // namespace millrace::handlers
