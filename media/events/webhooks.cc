#include "media/events/webhooks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <functional>
#include <tuple>

#include "media/records/codec_event.h"
#include "media/records/id.h"
#include "media/records/keys_events.h"
#include "media/records/records.h"
#include "server/http/crypto.h"
#include "server/http/json.h"
#include "server/outbound/url.h"

namespace millrace::media {
namespace {

using rt::Code;

constexpr int kUpdateRounds = 16;         // lost races in a row
constexpr std::size_t kSecretBytes = 32;  // Standard Webhooks: 24 to 64

std::string new_secret() {
  std::array<std::byte, kSecretBytes> bytes;
  http::random_bytes(bytes);
  return "whsec_" + http::base64(bytes);
}

bool is_address(const std::string& host) {
  unsigned char binary[16];
  return inet_pton(AF_INET, host.c_str(), binary) == 1 || inet_pton(AF_INET6, host.c_str(), binary) == 1;
}

// Lists show the address, so it must hold no password.
bool has_credentials(std::string_view url) {
  const std::size_t begin = url.find("://");
  return begin != url.npos && url.substr(begin + 3, url.find_first_of("/?#", begin + 3) - begin - 3).contains('@');
}

}  // namespace

rt::Status Webhooks::check_url(const std::string& url) const {
  const auto invalid = [](std::string why) { return rt::fail(Code::kInvalid, std::move(why), "url"); };
  if (url.size() > kWebhookUrlMaxBytes) return invalid("the URL is too long");
  auto parts = outbound::parse_url(url);
  if (!parts) return rt::pass(parts);
  if (has_credentials(url)) return invalid("a URL with a user name or password is not called");
  if (!address_check_) return {};
  std::string host = std::move(parts->host);
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  auto allowed = is_address(host) ? address_check_(host) : rt::Status();
  if (!allowed) return invalid(std::move(allowed.error().message));
  return {};
}

rt::Task<rt::Result<Webhook>> Webhooks::create(std::string tenant, NewWebhook input) {
  auto good = check_url(input.url);
  if (good) good = check_event_names(input.events);
  if (!good) co_return rt::pass(good);
  auto others = co_await list(tenant);
  if (!others) co_return rt::pass(others);
  if (others->size() >= kWebhooksPerTenantMax) {
    co_return rt::fail(Code::kConflict, fmt::format("a tenant has {} webhooks at most", kWebhooksPerTenantMax));
  }
  const std::int64_t now_ms = clock_();
  Webhook webhook{.id = new_uuid(),
                  .tenant = std::move(tenant),
                  .url = std::move(input.url),
                  .events = std::move(input.events),
                  .secret = new_secret(),
                  .enabled = input.enabled,
                  .disabled_because = {},
                  .created_ms = now_ms,
                  .updated_ms = now_ms};
  store::Transaction transaction;
  transaction.require(keys::webhook(webhook.tenant, webhook.id), 0);
  transaction.put(keys::webhook(webhook.tenant, webhook.id), encode(webhook));
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  webhook.revision = *committed;
  co_return webhook;
}

rt::Task<rt::Result<Webhook>> Webhooks::get(std::string tenant, std::string id) {
  auto record = co_await get_record(store_, keys::webhook(tenant, id), "webhook");
  if (!record) co_return rt::pass(record);
  co_return decode_webhook(*record);
}

rt::Task<rt::Result<std::vector<Webhook>>> Webhooks::list(std::string tenant) {
  auto records = co_await scan_all(store_, keys::webhooks(tenant));
  if (!records) co_return rt::pass(records);
  std::vector<Webhook> all;
  for (const store::Record& record : *records) {
    auto webhook = decode_webhook(record);
    if (webhook) all.push_back(std::move(*webhook));
  }
  std::ranges::sort(all, std::greater(), [](const Webhook& each) { return std::tuple(each.created_ms, each.id); });
  co_return all;
}

rt::Task<rt::Result<Webhook>> Webhooks::update(std::string tenant, std::string id, WebhookPatch change) {
  auto good = change.url ? check_url(*change.url) : rt::Status();
  if (good && change.events) good = check_event_names(*change.events);
  if (!good) co_return rt::pass(good);
  for (int round = 0; round < kUpdateRounds; ++round) {
    auto webhook = co_await get(tenant, id);
    if (!webhook) co_return webhook;
    if (change.url) webhook->url = *change.url;
    if (change.events) webhook->events = *change.events;
    if (change.enabled) webhook->enabled = *change.enabled;
    if (change.enabled) webhook->disabled_because.clear();
    webhook->updated_ms = clock_();
    store::Transaction transaction;
    transaction.require(keys::webhook(tenant, id), webhook->revision);
    transaction.put(keys::webhook(tenant, id), encode(*webhook));
    auto committed = co_await store_.commit(std::move(transaction));
    if (committed) webhook->revision = *committed;
    if (committed) co_return webhook;
    if (committed.error().code != Code::kConflict) co_return rt::pass(committed);
  }
  co_return rt::fail(Code::kUnavailable, "the webhook is changed too often");
}

rt::Task<rt::Status> Webhooks::remove(std::string tenant, std::string id) {
  auto webhook = co_await get(tenant, id);
  if (!webhook) co_return rt::pass(webhook);
  store::Transaction transaction;
  transaction.erase(keys::webhook(tenant, id));
  transaction.put(keys::gone_webhook(id), {});
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return rt::Status();
}

rt::Task<rt::Status> Webhooks::ping(std::string tenant, std::string id) {
  auto webhook = co_await get(tenant, id);
  if (!webhook) co_return rt::pass(webhook);
  if (!webhook->enabled) co_return rt::fail(Code::kConflict, "the webhook is disabled");
  http::JsonWriter data;
  data.begin_object().member("webhookId", id).end_object();
  store::Transaction transaction;
  add_event(transaction, {tenant, std::string(kPingEvent), id, data.take()}, clock_());
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return rt::pass(committed);
  co_return rt::Status();
}

}  // namespace millrace::media
