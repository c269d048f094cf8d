#include "handlers/client_v1/videos.h"

#include <algorithm>

#include "handlers/client_v1/envelope.h"
#include "handlers/client_v1/pages.h"
#include "handlers/client_v1/views.h"
#include "handlers/input.h"
#include "handlers/links.h"
#include "media/catalog/folder.h"
#include "media/transcripts/transcripts.h"

namespace millrace::handlers::client_v1 {
namespace {

using media::Media;

constexpr SortName kSorts[] = {{"created_at", "createdAt"}, {"title", "title"}, {"duration_in_seconds", "duration"}};
constexpr NumberRange kPerPage{.min = 1, .max = 100, .usual = 15};
constexpr NumberRange kPage{.min = 1, .max = 1'000'000, .usual = 1};

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (end > at) words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

bool has_tag(const Media& media, const std::string& tag) { return std::ranges::count(media.details.tags, tag) > 0; }

// The folder rule names its own field.
rt::Status check_path(const std::string& path) {
  auto good = media::check_folder(path);
  if (!good) good.error().field = "path";
  return good;
}

rt::Result<media::MediaFilter> filter_of(const http::Pairs& pairs) {
  const auto path = value_of(pairs, "path");
  if (path) {
    if (auto good = check_path(*path); !good) return rt::pass(good);
  }
  const std::vector<std::string> tags = split(value_of(pairs, "tags").value_or(""));
  return [path, tags](const Media& media) {
    const std::string_view folder = media.details.folder.empty() ? media::kRootFolder : media.details.folder;
    return (!path || folder == *path) &&
           std::ranges::all_of(tags, [&](const auto& tag) { return has_tag(media, tag); });
  };
}

rt::Result<media::Query> query_of(const http::Pairs& pairs) {
  const auto per_page = read_number(pairs, "per_page", kPerPage);
  if (!per_page) return std::unexpected(per_page.error());
  const auto page = read_number(pairs, "page", kPage);
  if (!page) return std::unexpected(page.error());
  media::Query query{.page = *page - 1, .per_page = *per_page};
  if (auto sorted = read_signed_sort(pairs, kSorts, query); !sorted) return rt::pass(sorted);
  return query;
}

std::string collection_view(const std::string& path) {
  http::JsonWriter json;
  json.begin_object().member("name", path.substr(path.rfind('/') + 1)).member("path", path).end_object();
  return json.take();
}

rt::Task<rt::Result<std::vector<TextTrack>>> text_tracks_of(Services& services, const http::Request& request,
                                                            const media::Media& media) {
  const auto transcripts = co_await services.transcripts.of_media(media.tenant, media.id);
  if (!transcripts) co_return std::unexpected(transcripts.error());
  std::vector<TextTrack> tracks;
  for (const media::Transcript& each : *transcripts) {
    tracks.push_back({each.language, play_url(services.settings, request, media.id, "text/" + each.language + ".vtt")});
  }
  co_return tracks;
}

}  // namespace

Answer list_videos(Services& services, http::Exchange& exchange, media::Principal principal) {
  const auto pairs = handlers::query_of(exchange.request);
  if (!pairs) co_return std::unexpected(pairs.error());
  auto wanted = filter_of(*pairs);
  if (!wanted) co_return rt::pass(wanted);
  auto query = query_of(*pairs);
  if (!query) co_return rt::pass(query);
  auto page = co_await services.catalog.list(principal.tenant, std::move(*query), std::move(*wanted));
  if (!page) co_return rt::pass(page);
  const std::string here = base_url(services.settings, exchange.request) + std::string(exchange.request.path());
  std::vector<std::string> rows;
  for (const Media& media : page->items) {
    auto made = co_await made_files(services, exchange.request, media);
    if (!made) co_return rt::pass(made);
    rows.push_back(video_row(media, *made));
  }
  co_return page_response(*page, rows, here, *pairs);
}

Answer get_video(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await services.catalog.find(principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  const http::Request& request = exchange.request;
  auto made = co_await made_files(services, request, *media);
  if (!made) co_return rt::pass(made);
  auto text_tracks = co_await text_tracks_of(services, request, *media);
  if (!text_tracks) co_return rt::pass(text_tracks);
  co_return success(video_view(*media, original_url(services.settings, request, media->id), *made, *text_tracks));
}

Answer list_collections(Services& services, http::Exchange& exchange, media::Principal principal) {
  const auto pairs = handlers::query_of(exchange.request);
  if (!pairs) co_return std::unexpected(pairs.error());
  std::string path = value_of(*pairs, "path").value_or(std::string(media::kRootFolder));
  if (auto good = check_path(path); !good) co_return rt::pass(good);
  auto folders = co_await services.catalog.folders_below(principal.tenant, std::move(path));
  if (!folders) co_return rt::pass(folders);
  http::JsonWriter json;
  json.begin_array();
  for (const std::string& folder : *folders) json.raw(collection_view(folder));
  json.end_array();
  co_return success(json.text());
}

}  // namespace millrace::handlers::client_v1
