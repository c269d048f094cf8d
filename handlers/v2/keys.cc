#include "handlers/v2/keys.h"

#include "handlers/input.h"
#include "handlers/v2/envelope.h"
#include "handlers/v2/views.h"

namespace millrace::handlers::v2 {
namespace {

constexpr std::string_view kOperatorTenant = "default";

// Which tenant's keys the caller means.
rt::Result<std::string> tenant_meant(const media::Principal& principal, const std::string& named) {
  if (named.empty() || named == principal.tenant) return principal.tenant;
  if (principal.tenant == kOperatorTenant) return named;
  return rt::fail(rt::Code::kNotFound, "there is no such tenant", "tenant");
}

rt::Result<media::Scopes> scopes_named(const std::optional<std::vector<std::string>>& words) {
  if (!words) return media::kAllScopes & ~static_cast<media::Scopes>(media::Scope::kAdmin);
  media::Scopes scopes = 0;
  for (const std::string& word : *words) {
    const auto scope = media::parse_scope(word);
    if (!scope) return rt::fail(rt::Code::kInvalid, "there is no scope \"" + word + "\"", "scopes");
    scopes |= static_cast<media::Scopes>(*scope);
  }
  if (scopes == 0) return rt::fail(rt::Code::kInvalid, "a key without a scope can do nothing", "scopes");
  return scopes;
}

rt::Task<rt::Status> make_tenant_if_absent(Services& services, std::string tenant) {
  if (services.tenants.tenant(tenant)) co_return rt::Status();
  auto made = co_await services.tenants.create(tenant, tenant);
  const bool made_meanwhile = !made && made.error().code == rt::Code::kConflict;
  if (!made && !made_meanwhile) co_return rt::fail(made.error().code, std::move(made.error().message), "tenant");
  co_return rt::Status();
}

rt::Result<std::string> tenant_in_query(const http::Request& request, const media::Principal& principal) {
  const auto query = query_of(request);
  if (!query) return std::unexpected(query.error());
  return tenant_meant(principal, value_of(*query, "tenant").value_or(""));
}

}  // namespace

Answer list_keys(Services& services, http::Exchange& exchange, media::Principal principal) {
  const auto tenant = tenant_in_query(exchange.request, principal);
  if (!tenant) co_return std::unexpected(tenant.error());
  media::Page<media::ApiKey> page;
  page.items = services.tenants.keys(*tenant);
  page.total = page.items.size();
  page.per_page = static_cast<std::uint32_t>(page.items.size());
  co_return success(200, page_view(page, [](const media::ApiKey& key) { return view(key); }));
}

Answer create_key(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  std::string name = "unnamed";
  std::string named_tenant;
  std::optional<std::vector<std::string>> words;
  Members members(*json);
  members.read("name", name).read("tenant", named_tenant).read("scopes", words);
  if (!members.status()) co_return std::unexpected(members.status().error());
  const auto tenant = tenant_meant(principal, named_tenant);
  if (!tenant) co_return std::unexpected(tenant.error());
  const auto scopes = scopes_named(words);
  if (!scopes) co_return std::unexpected(scopes.error());
  auto made = co_await make_tenant_if_absent(services, *tenant);
  if (!made) co_return rt::pass(made);
  auto key = co_await services.tenants.create_key(*tenant, std::move(name), *scopes);
  if (!key) co_return rt::pass(key);
  http::Response response = success(201, view(*key));
  response.fields.add("cache-control", "no-store");
  co_return response;
}

Answer revoke_key(Services& services, http::Exchange& exchange, media::Principal principal) {
  const auto tenant = tenant_in_query(exchange.request, principal);
  if (!tenant) co_return std::unexpected(tenant.error());
  auto revoked = co_await services.tenants.revoke_key(*tenant, exchange.params[0]);
  if (!revoked) co_return rt::pass(revoked);
  co_return success(200, "null");
}

}  // namespace millrace::handlers::v2
