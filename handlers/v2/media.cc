#include "handlers/v2/media.h"

#include <utility>

#include "handlers/input.h"
#include "handlers/links.h"
#include "handlers/v2/envelope.h"
#include "handlers/v2/views.h"
#include "media/processing/processing.h"
#include "media/renditions/renditions.h"
#include "media/transcripts/transcription.h"

namespace millrace::handlers::v2 {
namespace {

using media::Media;

std::string media_view(const Services& services, const http::Request& request, const Media& media) {
  return view(media, original_url(services.settings, request, media.id));
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

Answer with_metadata(Services& services, http::Exchange& exchange, Media media) {
  auto renditions = co_await services.renditions.of_media(media.tenant, media.id);
  if (!renditions) co_return rt::pass(renditions);
  const auto states = co_await services.transcription.states(media);
  if (!states) co_return std::unexpected(states.error());
  const http::Request& request = exchange.request;
  const auto file_url = [&](const std::string& file) { return play_url(services.settings, request, media.id, file); };
  const std::string transcripts = transcripts_view(*states, media_url(services.settings, request, media.id));
  co_return success(200, metadata_view(media, renditions_view(*renditions, file_url), transcripts));
}

// Languages that are new are asked for; then the list is what was said.
rt::Task<rt::Result<Media>> patched(Services& services, std::string tenant, std::string id, media::MediaPatch patch) {
  auto languages = std::exchange(patch.transcript_languages, std::nullopt);
  auto changed = co_await services.catalog.patch(tenant, id, std::move(patch));
  if (!changed || !languages) co_return changed;
  auto asked = co_await services.transcription.ask(tenant, id, *languages);
  if (!asked) co_return asked;
  media::MediaPatch list;
  list.transcript_languages = std::move(languages);
  co_return co_await services.catalog.patch(tenant, id, std::move(list));
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
  auto media = co_await patched(services, std::move(principal.tenant), exchange.params[0], std::move(*patch));
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
  co_return co_await with_metadata(services, exchange, std::move(*media));
}

Answer put_metadata(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  std::vector<std::string> languages;
  Members members(*json);
  members.read("transcriptLanguageCodes", languages);
  if (!members.status()) co_return std::unexpected(members.status().error());
  auto asked = co_await services.transcription.ask(principal.tenant, exchange.params[0], std::move(languages));
  if (!asked) co_return rt::pass(asked);
  co_return co_await with_metadata(services, exchange, std::move(*asked));
}

Answer reprocess_media(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await services.processing.restart(principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  co_return success(202, media_view(services, exchange.request, *media));
}

Answer cancel_media(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await services.processing.cancel(principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  co_return success(200, media_view(services, exchange.request, *media));
}

}  // namespace millrace::handlers::v2
