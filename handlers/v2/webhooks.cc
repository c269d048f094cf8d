#include "handlers/v2/webhooks.h"

#include "handlers/input.h"
#include "handlers/v2/envelope.h"
#include "handlers/v2/views.h"
#include "handlers/v2/webhook_views.h"
#include "media/events/webhooks.h"

namespace millrace::handlers::v2 {
namespace {

rt::Result<media::WebhookPatch> read_patch(const http::Json& json) {
  media::WebhookPatch patch;
  Members members(json);
  members.read("url", patch.url).read("events", patch.events);
  if (!members.status()) return std::unexpected(members.status().error());
  auto enabled = json.boolean("enabled");
  if (!enabled) return rt::pass(enabled);
  patch.enabled = *enabled;
  return patch;
}

}  // namespace

Answer list_webhooks(Services& services, http::Exchange&, media::Principal principal) {
  auto webhooks = co_await services.webhooks.list(principal.tenant);
  if (!webhooks) co_return rt::pass(webhooks);
  media::Page<media::Webhook> page;
  page.items = std::move(*webhooks);
  page.total = page.items.size();
  page.per_page = static_cast<std::uint32_t>(page.items.size());
  co_return success(200, page_view(page, [](const media::Webhook& webhook) { return view(webhook); }));
}

Answer create_webhook(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  auto said = read_patch(*json);
  if (!said) co_return rt::pass(said);
  media::NewWebhook input{.url = std::move(said->url).value_or("")};
  if (said->events) input.events = std::move(*said->events);
  input.enabled = said->enabled.value_or(true);
  auto webhook = co_await services.webhooks.create(principal.tenant, std::move(input));
  if (!webhook) co_return rt::pass(webhook);
  http::Response response = success(201, view_with_secret(*webhook));
  response.fields.add("cache-control", "no-store");
  co_return response;
}

Answer get_webhook(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto webhook = co_await services.webhooks.get(principal.tenant, exchange.params[0]);
  if (!webhook) co_return rt::pass(webhook);
  co_return success(200, view(*webhook));
}

Answer patch_webhook(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  auto patch = read_patch(*json);
  if (!patch) co_return rt::pass(patch);
  auto webhook = co_await services.webhooks.update(principal.tenant, exchange.params[0], std::move(*patch));
  if (!webhook) co_return rt::pass(webhook);
  co_return success(200, view(*webhook));
}

Answer delete_webhook(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto removed = co_await services.webhooks.remove(principal.tenant, exchange.params[0]);
  if (!removed) co_return rt::pass(removed);
  co_return success(200, "null");
}

Answer ping_webhook(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto pinged = co_await services.webhooks.ping(principal.tenant, exchange.params[0]);
  if (!pinged) co_return rt::pass(pinged);
  co_return success(202, "null");
}

Answer list_deliveries(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto query = list_query(exchange.request);
  if (!query) co_return rt::pass(query);
  auto page = co_await services.webhooks.deliveries(principal.tenant, exchange.params[0], std::move(*query));
  if (!page) co_return rt::pass(page);
  co_return success(200, page_view(*page, [](const media::Delivery& delivery) { return view(delivery); }));
}

Answer retry_delivery(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto delivery = co_await services.webhooks.retry(principal.tenant, exchange.params[0], exchange.params[1]);
  if (!delivery) co_return rt::pass(delivery);
  co_return success(202, view(*delivery));
}

}  // namespace millrace::handlers::v2
