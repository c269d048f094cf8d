// Webhooks: where each tenant wants its events sent, and what became of each delivery. Any loop.
//
// What is to be sent is planned by the sequencer (sequencer.h) and sent by the dispatcher (dispatcher.h); both read the
// records that are written here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "media/events/delivery.h"
#include "media/events/webhook.h"
#include "media/records/clock.h"
#include "media/records/listing.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

inline constexpr std::size_t kWebhooksPerTenantMax = 20;

struct NewWebhook {
  std::string url = {};
  std::vector<std::string> events = {"*"};
  bool enabled = true;
};

// Only what is set changes.
struct WebhookPatch {
  std::optional<std::string> url = {};
  std::optional<std::vector<std::string>> events = {};
  std::optional<bool> enabled = {};
};

struct WebhookSettings {
  std::int64_t retry_ms = 24 * 3600 * 1000;  // how long a delivery is tried again
};

class Webhooks {
 public:
  // Whether this literal address may be called; kForbidden in words.
  using AddressCheck = std::function<rt::Status(std::string_view address)>;

  explicit Webhooks(store::Store& store, Clock clock = system_clock_ms) : store_(store), clock_(clock) {}

  // Before the first call.
  void set(WebhookSettings settings) { settings_ = settings; }
  // Before the first call. So that a webhook is refused when it is made, not when it is called; names are judged then.
  void check_addresses(AddressCheck check) { address_check_ = std::move(check); }
  const WebhookSettings& settings() const noexcept { return settings_; }

  // kInvalid naming `url` or `events`, kConflict when the tenant has as many as it may.
  rt::Task<rt::Result<Webhook>> create(std::string tenant, NewWebhook input);
  rt::Task<rt::Result<Webhook>> get(std::string tenant, std::string id);
  // Newest first; without those whose record is damaged, so that they hold up no others.
  rt::Task<rt::Result<std::vector<Webhook>>> list(std::string tenant);
  rt::Task<rt::Result<Webhook>> update(std::string tenant, std::string id, WebhookPatch change);
  // What waits to be sent is not sent any more.
  rt::Task<rt::Status> remove(std::string tenant, std::string id);
  // An event of type `ping`, for this webhook alone.
  rt::Task<rt::Status> ping(std::string tenant, std::string id);

  // Newest first; sorts and filters are not looked at.
  rt::Task<rt::Result<Page<Delivery>>> deliveries(std::string tenant, std::string id, Query query);
  // At once, and then as a new one. kGone when the event is no longer kept, kConflict when the webhook is disabled.
  rt::Task<rt::Result<Delivery>> retry(std::string tenant, std::string id, std::string delivery_id);

  // Forgets deliveries that ended before and, of a webhook that has more than its share, the oldest; and all of removed
  // webhooks. Returns how many. Called every minute or so by one loop.
  rt::Task<rt::Result<std::size_t>> sweep(std::int64_t ended_before_ms);

 private:
  rt::Status check_url(const std::string& url) const;
  rt::Task<rt::Result<std::size_t>> sweep_old(std::string webhook, std::int64_t ended_before_ms);
  rt::Task<rt::Result<std::size_t>> sweep_surplus(std::string webhook);
  rt::Task<rt::Result<std::size_t>> sweep_gone(std::string webhook);

  store::Store& store_;
  const Clock clock_;
  WebhookSettings settings_;
  AddressCheck address_check_;
  std::int64_t counted_ms_ = 0;  // when sweep() last counted
};

}  // namespace millrace::media
