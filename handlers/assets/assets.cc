#include "handlers/assets/assets.h"

#include <algorithm>

#include "handlers/assets/envelope.h"
#include "handlers/assets/phased.h"
#include "handlers/assets/views.h"
#include "handlers/input.h"
#include "handlers/links.h"

namespace millrace::handlers::assets {
namespace {

using media::Media;

constexpr NumberRange kSkip{.min = 0, .max = 1'000'000'000, .usual = 0};
constexpr NumberRange kLimit{.min = 1, .max = 1000, .usual = 100};
constexpr SortName kSorts[] = {{"created_on", "createdAt"}, {"changed_on", "updatedAt"},   {"label", "title"},
                               {"file_size", "size"},       {"original_name", "fileName"}, {"duration", "duration"}};

std::string view(const Services& services, const http::Request& request, const Media& media) {
  return asset_view(media, original_url(services.settings, request, media.id));
}

rt::Result<media::Query> slice_query(const http::Request& request) {
  const auto pairs = query_of(request);
  if (!pairs) return std::unexpected(pairs.error());
  const auto skip = read_number(*pairs, "skip", kSkip);
  if (!skip) return std::unexpected(skip.error());
  const auto limit = read_number(*pairs, "limit", kLimit);
  if (!limit) return std::unexpected(limit.error());
  media::Query query{.per_page = *limit, .skip = *skip};
  if (auto sorted = read_signed_sort(*pairs, kSorts, query); !sorted) return rt::pass(sorted);
  return query;
}

std::string list_view(const Services& services, const http::Request& request, const media::Page<Media>& page,
                      const media::Query& query) {
  const std::uint64_t limit = query.per_page;
  const std::uint64_t next = query.skip + limit;
  http::JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const Media& media : page.items) json.raw(view(services, request, media));
  json.end_array().member("total", page.total);
  json.member("after", next < page.total ? std::optional(next) : std::nullopt);
  json.member("before", query.skip > 0 ? std::optional(query.skip - std::min(query.skip, limit)) : std::nullopt);
  json.member("skip", query.skip).member("limit", limit).end_object();
  return json.take();
}

rt::Result<media::MediaPatch> patch_of(const http::Json& json) {
  media::MediaPatch patch;
  Members members(json);
  members.read("label", patch.title).read("description", patch.description).read("tags", patch.tags);
  if (!members.status()) return std::unexpected(members.status().error());
  return patch;
}

bool is_absent(const rt::Error& error) { return error.code == rt::Code::kNotFound; }

// One that is not whole yet: an upload that goes on.
rt::Task<rt::Result<media::Upload>> find_open(Services& services, std::string tenant, std::string id) {
  auto upload = co_await find_phased(services, std::move(tenant), std::move(id));
  if (upload && !is_open(*upload)) co_return rt::fail(rt::Code::kNotFound, "no such asset");
  co_return upload;
}

}  // namespace

Answer list_assets(Services& services, http::Exchange& exchange, media::Principal principal) {
  const auto query = slice_query(exchange.request);
  if (!query) co_return std::unexpected(query.error());
  auto page = co_await services.catalog.list(principal.tenant, *query);
  if (!page) co_return rt::pass(page);
  co_return answer(200, list_view(services, exchange.request, *page, *query));
}

Answer get_asset(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await services.catalog.find(principal.tenant, exchange.params[0]);
  if (media) co_return answer(200, view(services, exchange.request, *media));
  if (!is_absent(media.error())) co_return rt::pass(media);
  auto upload = co_await find_open(services, principal.tenant, exchange.params[0]);
  if (!upload) co_return rt::pass(upload);
  co_return answer(200, asset_view(*upload));
}

Answer put_asset(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  auto patch = patch_of(*json);
  if (!patch) co_return rt::pass(patch);
  auto media = co_await services.catalog.find(principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  auto changed = co_await services.catalog.patch(principal.tenant, media->id, std::move(*patch));
  if (!changed && changed.error().field == "title") changed.error().field = "label";
  if (!changed) co_return rt::pass(changed);
  co_return answer(200, view(services, exchange.request, *changed));
}

Answer delete_asset(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await services.catalog.find(principal.tenant, exchange.params[0]);
  if (media) {
    auto removed = co_await services.catalog.remove(principal.tenant, media->id, false);
    if (!removed) co_return rt::pass(removed);
    co_return http::Response::empty(204);
  }
  if (!is_absent(media.error())) co_return rt::pass(media);
  auto upload = co_await find_open(services, principal.tenant, exchange.params[0]);
  if (!upload) co_return rt::pass(upload);
  auto cancelled = co_await services.uploads.cancel(principal.tenant, upload->id);
  if (!cancelled) co_return rt::pass(cancelled);
  co_return http::Response::empty(204);
}

}  // namespace millrace::handlers::assets
