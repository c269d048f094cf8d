#include "handlers/v1/videos.h"

#include <algorithm>

#include "handlers/input.h"
#include "handlers/v1/cursor.h"
#include "handlers/v1/envelope.h"
#include "handlers/v1/ids.h"
#include "handlers/v1/imported.h"
#include "handlers/v1/rules.h"
#include "handlers/v1/views.h"
#include "server/rt/text.h"

namespace millrace::handlers::v1 {
namespace {

using media::Media;

constexpr NumberRange kLimit{.min = 1, .max = 100, .usual = 25};
constexpr std::string_view kStatuses[] = {"preparing", "ready", "errored", "reprocessing"};

bool contains(const std::string& text, const std::string& part) {
  const auto same = [](char a, char b) { return rt::lowered(a) == rt::lowered(b); };
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
    return (!status || status_word(media) == *status) && (words.empty() || speaks_of(media, words));
  };
}

rt::Result<std::optional<media::MediaMark>> mark_of(const http::Pairs& query) {
  const auto cursor = value_of(query, "cursor");
  if (!cursor) return std::nullopt;
  auto mark = parse_cursor(*cursor);
  if (!mark) return rt::pass(mark);
  return std::move(*mark);
}

rt::Task<rt::Result<std::string>> show_list(Services& services, const http::Request& request, media::MediaBatch batch) {
  http::JsonWriter json;
  json.begin_object().key("data").begin_array();
  for (const Media& media : batch.items) {
    auto view = co_await show_video(services, request, media);
    if (!view) co_return rt::pass(view);
    json.raw(*view);
  }
  json.end_array();
  json.member("next_cursor", batch.next ? std::optional(cursor_text(*batch.next)) : std::nullopt).end_object();
  co_return json.take();
}

rt::Task<rt::Result<Media>> find_video(Services& services, const std::string& tenant, const std::string& text) {
  auto digits = digits_of(kVideo, text);
  if (!digits) co_return rt::pass(digits);
  auto id = co_await services.catalog.id_of(tenant, std::move(*digits));
  if (!id) co_return rt::pass(id);
  co_return co_await services.catalog.find(tenant, std::move(*id));
}

bool is_absent(const rt::Result<Media>& media) { return !media && media.error().code == rt::Code::kNotFound; }

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
  auto made = co_await services.catalog.newest_after(principal.tenant, *mark, *limit, *wanted);
  if (!made) co_return rt::pass(made);
  auto batch = co_await with_imported(services, principal.tenant, std::move(*mark), *limit, std::move(*wanted),
                                      std::move(*made));
  if (!batch) co_return rt::pass(batch);
  auto view = co_await show_list(services, exchange.request, std::move(*batch));
  if (!view) co_return rt::pass(view);
  co_return answer(200, *view);
}

Answer get_video(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await find_video(services, principal.tenant, exchange.params[0]);
  if (is_absent(media)) {
    const auto digits = digits_of(kVideo, exchange.params[0]).value_or("");
    media = co_await find_imported(services, principal.tenant, digits);
  }
  if (!media) co_return rt::pass(media);
  auto view = co_await show_video(services, exchange.request, std::move(*media));
  if (!view) co_return rt::pass(view);
  co_return answer(200, *view);
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
  auto view = co_await show_video(services, exchange.request, std::move(*changed));
  if (!view) co_return rt::pass(view);
  co_return answer(200, *view);
}

Answer delete_video(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await find_video(services, principal.tenant, exchange.params[0]);
  if (is_absent(media)) {
    const auto digits = digits_of(kVideo, exchange.params[0]).value_or("");
    auto dropped = co_await drop_imported(services, principal.tenant, digits);
    if (!dropped) co_return rt::pass(dropped);
    co_return http::Response::empty(204);
  }
  if (!media) co_return rt::pass(media);
  auto removed = co_await services.catalog.remove(principal.tenant, media->id, false);
  if (!removed) co_return rt::pass(removed);
  co_return http::Response::empty(204);
}

}  // namespace millrace::handlers::v1
