#include "handlers/v2/channels.h"

#include "handlers/input.h"
#include "handlers/v2/envelope.h"
#include "handlers/v2/views.h"

namespace millrace::handlers::v2 {

Answer list_channels(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto query = list_query(exchange.request);
  if (!query) co_return rt::pass(query);
  auto page = co_await services.channels.list(principal.tenant, std::move(*query));
  if (!page) co_return rt::pass(page);
  co_return success(200, page_view(*page, [](const media::Channel& channel) { return view(channel); }));
}

Answer create_channel(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  const std::string member = json->has("title") ? "title" : "name";
  std::string name;
  Members members(*json);
  members.require(member, name);
  if (!members.status()) co_return std::unexpected(members.status().error());
  auto channel = co_await services.channels.create(principal.tenant, std::move(name));
  if (!channel && channel.error().field == "title") channel.error().field = member;
  if (!channel) co_return rt::pass(channel);
  co_return success(201, view(*channel));
}

}  // namespace millrace::handlers::v2
