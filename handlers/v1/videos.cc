#include "handlers/v1/videos.h"

#include <algorithm>
#include <cctype>

#include "handlers/input.h"
#include "handlers/links.h"
#include "handlers/v1/cursor.h"
#include "handlers/v1/envelope.h"
#include "handlers/v1/ids.h"
#include "handlers/v1/rules.h"
#include "handlers/v1/views.h"

namespace millrace::handlers::v1 {
namespace {

using media::Media;

constexpr NumberRange kLimit{.min = 1, .max = 100, .usual = 25};
constexpr std::string_view kStatuses[] = {"preparing", "ready", "errored", "reprocessing"};

rt::Task<rt::Result<std::string>> view(Services& services, const http::Request& request, const Media& media) {
  const auto playing = co_await playing_of(services, request, media, id_text(kPlayback, media.id));
  if (!playing) co_return std::unexpected(playing.error());
  co_return video_view(media, original_url(services.settings, request, media.id), *playing);
}

bool contains(const std::string& text, const std::string& part) {
  const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  return !std::ranges::search(text, part, same).empty();
}

bool speaks_of(const Media& media, const std::string& words) {
  const auto has = [&](const std::string& text) { return contains(text, words); };
  return has(media.title) || has(media.details.description) || has(media.file_name) ||
         std::ranges::any_of(media.details.tags, has);
}

rt::Result<media::MediaFilter> filter_of(const http::Pairs& query) {
  const auto status = value_of(query, "status");
  if (status && std::ranges::count(kStatuses, *status) == 0) {
    return rt::fail(rt::Code::kInvalid, "status must be preparing, ready, errored or reprocessing", "status");
  }
  return [status, words = value_of(query, "q").value_or("")](const Media& media) {
    return (!status || word(media.status) == *status) && (words.empty() || speaks_of(media, words));
  };
}

rt::Result<std::optional<media::MediaMark>> mark_of(const http::Pairs& query) {
  const auto cursor = value_of(query, "cursor");
  if (!cursor) return std::nullopt;
  auto mark = parse_cursor(*cursor);
  if (!mark) return rt::pass(mark);
  return std::move(*mark);
}

rt::Task<rt::Result<std::string>> list_view(Services& services, const http::Request& request,
                                            const media::MediaBatch& batch) {
  http::JsonWriter json;
  json.begin_object().key("data").begin_array();
  for (const Media& media : batch.items) {
    const auto item = co_await view(services, request, media);
    if (!item) co_return item;
    json.raw(*item);
  }
  json.end_array();
  json.member("next_cursor", batch.next ? std::optional(cursor_text(*batch.next)) : std::nullopt).end_object();
  co_return json.take();
}

Answer answer_with(Services& services, const http::Request& request, const Media& media) {
  const auto text = co_await view(services, request, media);
  if (!text) co_return std::unexpected(text.error());
  co_return answer(200, *text);
}

rt::Task<rt::Result<Media>> find_video(Services& services, const std::string& tenant, const std::string& text) {
  auto digits = digits_of(kVideo, text);
  if (!digits) co_return rt::pass(digits);
  auto id = co_await services.catalog.id_of(tenant, std::move(*digits));
  if (!id) co_return rt::pass(id);
  co_return co_await services.catalog.find(tenant, std::move(*id));
}

// Null clears.
void clear_if_null(const http::Json& json, const char* name, auto& place) {
  if (json.has(name) && !place) place.emplace();
}

rt::Result<media::MediaPatch> patch_of(const http::Json& json) {
  media::MediaPatch patch;
  Members members(json);
  members.read("title", patch.title).read("description", patch.description);
  members.read("passthrough", patch.passthrough).read("tags", patch.tags);
  rt::Status good = members.status();
  if (good) good = check_length(patch.title, "title", kTitleMaxCharacters);
  if (good) good = check_length(patch.description, "description", kDescriptionMaxCharacters);
  if (good) good = check_length(patch.passthrough, "passthrough", kPassthroughMaxCharacters);
  if (!good) return rt::pass(good);
  clear_if_null(json, "description", patch.description);
  clear_if_null(json, "passthrough", patch.passthrough);
  clear_if_null(json, "tags", patch.tags);
  return patch;
}

}  // namespace

Answer list_videos(Services& services, http::Exchange& exchange, media::Principal principal) {
  const auto query = query_of(exchange.request);
  if (!query) co_return std::unexpected(query.error());
  const auto limit = read_number(*query, "limit", kLimit);
  if (!limit) co_return std::unexpected(limit.error());
  auto mark = mark_of(*query);
  if (!mark) co_return rt::pass(mark);
  auto wanted = filter_of(*query);
  if (!wanted) co_return rt::pass(wanted);
  auto batch = co_await services.catalog.newest_after(principal.tenant, std::move(*mark), *limit, std::move(*wanted));
  if (!batch) co_return rt::pass(batch);
  const auto text = co_await list_view(services, exchange.request, *batch);
  if (!text) co_return std::unexpected(text.error());
  co_return answer(200, *text);
}

Answer get_video(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await find_video(services, principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  co_return co_await answer_with(services, exchange.request, *media);
}

Answer patch_video(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  auto patch = patch_of(*json);
  if (!patch) co_return rt::pass(patch);
  auto media = co_await find_video(services, principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  auto changed = co_await services.catalog.patch(principal.tenant, media->id, std::move(*patch));
  if (!changed) co_return rt::pass(changed);
  co_return co_await answer_with(services, exchange.request, *changed);
}

Answer delete_video(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await find_video(services, principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  auto removed = co_await services.catalog.remove(principal.tenant, media->id, false);
  if (!removed) co_return rt::pass(removed);
  co_return http::Response::empty(204);
}

}  // namespace millrace::handlers::v1
