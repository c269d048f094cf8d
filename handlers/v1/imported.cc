#include "handlers/v1/imported.h"

#include <algorithm>

#include "handlers/input.h"
#include "handlers/links.h"
#include "handlers/v1/envelope.h"
#include "handlers/v1/rules.h"
#include "handlers/v1/views.h"
#include "media/imports/imports.h"

namespace millrace::handlers::v1 {
namespace {

using media::Media;

std::unexpected<rt::Error> invalid(std::string message, std::string field) {
  return rt::fail(rt::Code::kInvalid, std::move(message), std::move(field));
}

rt::Status read_policy(const http::Json& json, media::Details& details) {
  const auto text = json.text("playback_policy");
  if (!text) return std::unexpected(text.error());
  if (!*text) return {};
  const auto policy = media::parse_policy(**text);
  if (!policy) return invalid("playback_policy must be public or signed", "playback_policy");
  details.policy = *policy;
  return {};
}

rt::Status read_input(const http::Json& json, media::NewImportFile& file) {
  const auto inputs = json.objects("input");
  if (!inputs) return std::unexpected(inputs.error());
  if (!*inputs || (*inputs)->size() != 1) return invalid("input must be a list of one object with a url", "input");
  Members members((*inputs)->front());
  members.require("url", file.url);
  return members.status();
}

// Members that need no more than to be there; every video gets the same ladder, whatever quality is asked for.
rt::Status read_texts(const http::Json& json, media::NewImportFile& file) {
  std::string quality;
  Members members(json);
  members.read("title", file.name).read("description", file.details.description);
  members.read("passthrough", file.details.passthrough).read("quality", quality);
  return members.status();
}

rt::Result<media::NewImport> new_import_of(const http::Json& json) {
  media::NewImportFile file;
  auto good = read_input(json, file);
  if (good) good = read_texts(json, file);
  if (good) good = check_length(file.name, "title", kTitleMaxCharacters);
  if (good) good = check_length(file.details.description, "description", kDescriptionMaxCharacters);
  if (good) good = check_length(file.details.passthrough, "passthrough", kPassthroughMaxCharacters);
  if (good) good = read_policy(json, file.details);
  if (!good) return rt::pass(good);
  return media::NewImport{.files = {std::move(file)}};
}

// The domain's names of what was sent.
rt::Error renamed(rt::Error error) {
  if (error.field == "files[0].url") error.field = "input[0].url";
  if (error.field == "files[0].name") error.field = "title";
  return error;
}

bool is_after(const Media& media, const media::MediaMark& mark) {
  return media.created_ms != mark.created_ms ? media.created_ms < mark.created_ms : media.id < mark.id;
}

bool is_newer(const Media& a, const Media& b) {
  return a.created_ms != b.created_ms ? a.created_ms > b.created_ms : a.id > b.id;
}

}  // namespace

Answer import_video(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  auto input = new_import_of(*json);
  if (!input) co_return rt::pass(input);
  auto import = co_await services.imports.create(principal.tenant, std::move(*input));
  if (!import) co_return std::unexpected(renamed(std::move(import.error())));
  const std::string id = import->files.front().upload_id;
  auto video = co_await services.imports.pending(principal.tenant, id);
  // It may be here already.
  if (!video && video.error().code == rt::Code::kNotFound) {
    video = co_await services.catalog.find(principal.tenant, id);
  }
  if (!video) co_return rt::pass(video);
  auto view = co_await show_video(services, exchange.request, std::move(*video));
  if (!view) co_return rt::pass(view);
  co_return answer(201, *view);
}

rt::Task<rt::Result<Media>> find_imported(Services& services, std::string tenant, std::string digits) {
  auto id = co_await services.uploads.id_of(tenant, std::move(digits));
  if (!id) co_return rt::pass(id);
  co_return co_await services.imports.pending(std::move(tenant), std::move(*id));
}

rt::Task<rt::Result<media::MediaBatch>> with_imported(Services& services, std::string tenant,
                                                      std::optional<media::MediaMark> mark, std::uint32_t limit,
                                                      media::MediaFilter wanted, media::MediaBatch batch) {
  auto imported = co_await services.imports.all_pending(std::move(tenant));
  if (!imported) co_return rt::pass(imported);
  for (Media& video : *imported) {
    const bool is_made = std::ranges::count(batch.items, video.id, &Media::id) > 0;
    if (!is_made && wanted(video) && (!mark || is_after(video, *mark))) batch.items.push_back(std::move(video));
  }
  std::ranges::sort(batch.items, is_newer);
  // What lies behind the catalog's page belongs to the next one.
  if (batch.next) std::erase_if(batch.items, [&](const Media& media) { return is_after(media, *batch.next); });
  if (batch.items.size() > limit) {
    batch.items.resize(limit);
    batch.next = media::MediaMark{batch.items.back().created_ms, batch.items.back().id};
  }
  co_return batch;
}

rt::Task<rt::Status> drop_imported(Services& services, std::string tenant, std::string digits) {
  auto id = co_await services.uploads.id_of(tenant, std::move(digits));
  if (!id) co_return rt::pass(id);
  co_return co_await services.imports.drop(std::move(tenant), std::move(*id));
}

}  // namespace millrace::handlers::v1
