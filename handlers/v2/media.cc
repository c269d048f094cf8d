#include "handlers/v2/media.h"

#include "handlers/input.h"
#include "handlers/links.h"
#include "handlers/v2/envelope.h"
#include "handlers/v2/views.h"
#include "media/processing/reprocess.h"
#include "media/renditions/renditions.h"

namespace millrace::handlers::v2 {
namespace {

using media::Media;

std::string media_view(const Services& services, const http::Request& request, const Media& media) {
  return view(media, original_url(services.settings, request, media.id));
}

rt::Task<rt::Result<std::string>> metadata_of(Services& services, const http::Request& request, const Media& media) {
  auto renditions = co_await services.renditions.of_media(media.tenant, media.id);
  if (!renditions) co_return rt::pass(renditions);
  const auto file_url = [&](const std::string& file) { return play_url(services.settings, request, media.id, file); };
  co_return metadata_view(media, renditions_view(*renditions, file_url));
}

rt::Result<media::MediaPatch> patch_of(const http::Json& json) {
  media::MediaPatch patch;
  Members members(json);
  members.read("title", patch.title).read("channelId", patch.channel_id).read("metadata", patch.metadata);
  members.read("transcriptLanguageCodes", patch.transcript_languages);
  if (!members.status()) return std::unexpected(members.status().error());
  return patch;
}

rt::Result<bool> wants_hard(const http::Request& request) {
  const auto query = query_of(request);
  if (!query) return std::unexpected(query.error());
  const auto hard = value_of(*query, "hard");
  if (!hard || *hard == "false") return false;
  if (*hard == "true") return true;
  return rt::fail(rt::Code::kInvalid, "hard must be true or false", "hard");
}

}  // namespace

Answer list_media(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto query = list_query(exchange.request);
  if (!query) co_return rt::pass(query);
  auto page = co_await services.catalog.list(principal.tenant, std::move(*query));
  if (!page) co_return rt::pass(page);
  const auto item_view = [&](const Media& media) { return media_view(services, exchange.request, media); };
  co_return success(200, page_view(*page, item_view));
}

Answer get_media(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await services.catalog.get(principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  co_return success(200, media_view(services, exchange.request, *media));
}

Answer patch_media(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  auto patch = patch_of(*json);
  if (!patch) co_return rt::pass(patch);
  auto media = co_await services.catalog.patch(principal.tenant, exchange.params[0], std::move(*patch));
  if (!media) co_return rt::pass(media);
  co_return success(200, media_view(services, exchange.request, *media));
}

Answer delete_media(Services& services, http::Exchange& exchange, media::Principal principal) {
  const auto hard = wants_hard(exchange.request);
  if (!hard) co_return std::unexpected(hard.error());
  auto media = co_await services.catalog.remove(principal.tenant, exchange.params[0], *hard);
  if (!media) co_return rt::pass(media);
  co_return success(200, *hard ? "null" : media_view(services, exchange.request, *media));
}

Answer recover_media(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await services.catalog.recover(principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  co_return success(200, media_view(services, exchange.request, *media));
}

Answer get_metadata(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await services.catalog.get(principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  auto view = co_await metadata_of(services, exchange.request, *media);
  if (!view) co_return rt::pass(view);
  co_return success(200, *view);
}

Answer put_metadata(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  media::MediaPatch patch;
  Members members(*json);
  members.read("transcriptLanguageCodes", patch.more_transcript_languages);
  if (!members.status()) co_return std::unexpected(members.status().error());
  auto changed = co_await services.catalog.patch(principal.tenant, exchange.params[0], std::move(patch));
  if (!changed) co_return rt::pass(changed);
  auto view = co_await metadata_of(services, exchange.request, *changed);
  if (!view) co_return rt::pass(view);
  co_return success(200, *view);
}

Answer reprocess_media(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await services.reprocess.start(principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  co_return success(202, media_view(services, exchange.request, *media));
}

}  // namespace millrace::handlers::v2
