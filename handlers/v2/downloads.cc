#include "handlers/v2/downloads.h"

#include "handlers/admission.h"
#include "handlers/archive_body.h"
#include "handlers/input.h"
#include "handlers/links.h"
#include "handlers/object_body.h"
#include "handlers/representation.h"
#include "handlers/time_text.h"
#include "handlers/v2/envelope.h"
#include "handlers/v2/views.h"
#include "media/downloads/downloads.h"
#include "server/http/json.h"

namespace millrace::handlers::v2 {
namespace {

using media::Download;
using media::NewDownload;

constexpr const char* kPath = "/v2/downloads/";

rt::Status read_transcripts(const http::Json& json, NewDownload& into) {
  const auto choices = json.objects("selectedTranscripts");
  if (!choices) return std::unexpected(choices.error());
  if (!*choices) return {};
  for (const http::Json& choice : **choices) {
    auto id = choice.required_text("id");
    if (!id) return rt::pass(id);
    auto word = choice.text("format");
    if (!word) return rt::pass(word);
    const auto format = media::parse_transcript_format(word->value_or("txt"));
    if (!format) {
      return rt::fail(rt::Code::kInvalid, "a format is json, txt, srt or vtt", choice.where() + ".format");
    }
    into.transcripts.push_back({std::move(*id), *format});
  }
  return {};
}

rt::Status read_expires(const http::Json& json, NewDownload& into) {
  const auto text = json.text("expires");
  if (!text) return std::unexpected(text.error());
  if (!*text) return {};
  into.expires_ms = parse_time(**text);
  if (into.expires_ms) return {};
  return rt::fail(rt::Code::kInvalid, "expires must be a time as RFC 3339 has it: 2026-12-31T23:59:59Z", "expires");
}

rt::Result<NewDownload> new_download_of(const http::Json& json) {
  NewDownload wanted;
  Members members(json);
  members.require("title", wanted.title).read("description", wanted.description);
  members.read("selectedMediaIds", wanted.media_ids).read("selectedRenditionIds", wanted.rendition_ids);
  if (!members.status()) return std::unexpected(members.status().error());
  auto compressed = json.boolean("compressed");
  if (!compressed) return rt::pass(compressed);
  wanted.compressed = *compressed;
  if (auto read = read_transcripts(json, wanted); !read) return rt::pass(read);
  if (auto read = read_expires(json, wanted); !read) return rt::pass(read);
  return wanted;
}

std::string view_of(const Services& services, const http::Request& request, const Download& download) {
  const bool expired = media::has_expired(download, services.clock());
  http::JsonWriter json;
  json.begin_object().member("id", download.id).member("status", word(download.status));
  if (!download.message.empty()) json.member("message", download.message);
  json.member("title", download.title).member("description", download.description);
  json.member("compressed", download.compressed).key("files").begin_array();
  if (!expired && download.status == media::DownloadStatus::kReady) {
    json.begin_object().member("url", base_url(services.settings, request) + kPath + "file/" + download.file_id);
    json.member("size", download.size_bytes).member("mimeType", download.content_type);
    json.member("fileName", download.file_name).end_object();
  }
  json.end_array().member("expired", expired).member("expires", time_text(download.expires_ms));
  json.member("createdAt", time_text(download.created_ms)).end_object();
  return json.take();
}

http::Response created(const Services& services, const http::Request& request, const Download& download) {
  http::Response response = success(201, view_of(services, request, download));
  response.fields.add("location", kPath + download.id);
  return response;
}

using Opened = std::shared_ptr<const media::Package>;

// Holds the package until the first bytes are there; an archive holds it on.
rt::Task<rt::Status> set_body(http::Response& response, store::Store& store, Opened package, http::ByteRange range) {
  if (package->layout) co_return co_await set_archive_body(response, store, std::move(package), range);
  const media::DownloadItem& file = package->download.items.front();
  co_return co_await set_object_body(response, store, file.object, file.offset + range.first, range.length);
}

}  // namespace

Answer create_download(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  auto wanted = new_download_of(*json);
  if (!wanted) co_return rt::pass(wanted);
  auto download = co_await services.downloads.create(principal.tenant, std::move(*wanted));
  if (!download) co_return rt::pass(download);
  co_return created(services, exchange.request, *download);
}

Answer create_download_for_nobody(Services& services, http::Exchange& exchange) {
  auto admitted = admit_stranger(services, exchange, services.downloads.limits().nobodys_rate);
  if (!admitted) co_return rt::pass(admitted);
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  auto wanted = new_download_of(*json);
  if (!wanted) co_return rt::pass(wanted);
  auto download = co_await services.downloads.create_for_nobody(std::move(*wanted));
  if (!download) co_return rt::pass(download);
  co_return created(services, exchange.request, *download);
}

Answer list_downloads(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto query = list_query(exchange.request);
  if (!query) co_return rt::pass(query);
  auto page = co_await services.downloads.list(principal.tenant, std::move(*query));
  if (!page) co_return rt::pass(page);
  const auto item_view = [&](const Download& download) { return view_of(services, exchange.request, download); };
  co_return success(200, page_view(*page, item_view));
}

Answer get_download(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto download = co_await services.downloads.get(principal.tenant, exchange.params[0]);
  if (!download) co_return rt::pass(download);
  co_return success(200, view_of(services, exchange.request, *download));
}

// An id that nobody has is as suspicious as a wrong key.
Answer get_download_of_nobody(Services& services, http::Exchange& exchange) {
  auto download = co_await services.downloads.get_of_nobody(exchange.params[0]);
  if (!download && download.error().code == rt::Code::kNotFound) {
    co_return std::unexpected(
        turn_away(services, exchange, {rt::Code::kUnauthenticated, "a key is needed: Authorization: Bearer sk-…"}));
  }
  if (!download) co_return rt::pass(download);
  co_return success(200, view_of(services, exchange.request, *download));
}

Answer delete_download(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto removed = co_await services.downloads.remove(principal.tenant, exchange.params[0]);
  if (!removed) co_return rt::pass(removed);
  co_return success(200, "null");
}

Answer get_download_file(Services& services, http::Exchange& exchange) {
  auto package = co_await services.downloads.with_file(exchange.params[0]);
  if (!package && package.error().code == rt::Code::kNotFound) {
    co_return std::unexpected(turn_away(services, exchange, std::move(package.error())));
  }
  if (!package) co_return rt::pass(package);
  const Download& download = (*package)->download;
  exchange.tenant = download.tenant;
  const Representation shown(download.size_bytes, download.etag, download.created_ms, download.content_type,
                             download.file_name);
  const auto set = [&services, opened = *package](http::Response& response, http::ByteRange range) {
    return set_body(response, services.store, opened, range);
  };
  co_return co_await represent(exchange, door, shown, set);
}

}  // namespace millrace::handlers::v2
