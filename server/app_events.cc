#include "server/app_events.h"

#include "media/records/keys_events.h"

namespace millrace {
namespace {

constexpr std::int64_t kMsPerSecond = 1000;

// Of a key PREFIX/FIRST/...: FIRST.
std::string first_part(std::string_view key, std::size_t prefix_bytes) {
  key.remove_prefix(prefix_bytes);
  return std::string(key.substr(0, key.find('/')));
}

template <class T>
void report(ops::Log& log, std::string_view what, const rt::Result<T>& result) {
  if (!result) log.write(ops::Level::kError, what, {{"error", result.error().message}});
}

}  // namespace

AppEvents::AppEvents(const ops::Config& config, media::Domain& domain, media::WatchedStore& store,
                     const outbound::AddressPolicy& policy, ops::Log& log)
    : domain_(domain),
      log_(log),
      keep_ms_(config.events.keep_seconds * kMsPerSecond),
      client_(policy, {.ca_file = config.outbound.ca_file}),
      sequencer_(store, domain.webhooks),
      dispatcher_(store, [this](outbound::Request request) { return client_.send(std::move(request)); },
                  {.retry_first_ms = config.webhooks.retry_first_ms}) {
  namespace keys = media::keys;
  domain.webhooks.set({.retry_ms = config.webhooks.retry_seconds * kMsPerSecond});
  domain.webhooks.check_addresses([&policy](std::string_view address) { return policy.check(address); });
  domain.events.limit_followers(static_cast<std::size_t>(config.events.streams_max));
  media::Events& events = domain.events;
  store.watch(keys::new_events(), [this](const std::string&) { sequencer_.wake(); });
  store.watch(keys::all_events(), [&events, prefix = keys::all_events().size()](const std::string& key) {
    events.grown(first_part(key, prefix));
  });
  store.watch(keys::all_medias(), [&events, prefix = keys::all_medias().size()](const std::string& key) {
    events.media_changed(first_part(key, prefix), keys::last_part(key));
  });
  store.watch(keys::all_delivery_lanes(), [this, prefix = keys::all_delivery_lanes().size()](const std::string& key) {
    dispatcher_.wake(first_part(key, prefix));
  });
}

rt::Task<void> AppEvents::run() {
  rt::Scope scope;
  scope.spawn(sequencer_.run());
  scope.spawn(dispatcher_.run());
  co_await scope.join();
}

void AppEvents::stop() {
  sequencer_.stop();
  dispatcher_.stop();
  client_.stop();
}

rt::Task<void> AppEvents::sweep() {
  const std::int64_t before_ms = media::system_clock_ms() - keep_ms_;
  const auto deliveries = co_await domain_.webhooks.sweep(before_ms);
  report(log_, "forgetting old deliveries failed", deliveries);
  const auto events = co_await domain_.events.forget_before(before_ms);
  report(log_, "forgetting old events failed", events);
}

}  // namespace millrace
