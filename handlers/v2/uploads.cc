#include "handlers/v2/uploads.h"

#include "handlers/input.h"
#include "handlers/v2/envelope.h"
#include "handlers/v2/upload_input.h"
#include "handlers/v2/views.h"

namespace millrace::handlers::v2 {
namespace {

using media::NewUpload;
using media::Upload;

rt::Result<NewUpload> new_upload_of(const http::Json& json, std::uint64_t bytes_max) {
  NewUpload input;
  std::string type = "multipart";
  Members members(json);
  members.require("fileName", input.file_name).read("type", type).read("fileSize", input.declared_bytes);
  members.read("contentType", input.content_type).read("channelId", input.channel_id).read("title", input.title);
  members.read("transcriptLanguageCodes", input.transcript_languages).read("metadata", input.metadata);
  if (!members.status()) return std::unexpected(members.status().error());
  const auto known = media::parse_upload_type(type);
  if (!known) return rt::fail(rt::Code::kInvalid, "type must be multipart, put or tus", "type");
  input.type = *known;
  if (input.declared_bytes.value_or(0) > bytes_max) {
    return rt::fail(rt::Code::kTooLarge, "fileSize is over the limit of " + std::to_string(bytes_max) + " bytes",
                    "fileSize");
  }
  return input;
}

// With all that is needed to send the file, while bytes are wanted.
rt::Result<std::string> view_with_input(Services& services, const http::Request& request,
                                        const media::Principal& principal, const Upload& upload) {
  const auto input = upload_input(services, request, principal, upload);
  if (!input) return std::unexpected(input.error());
  return view(upload, *input);
}

http::Response duplicate_response(const std::string& media_id) {
  http::JsonWriter data;
  data.begin_object().member("mediaId", media_id).end_object();
  return refuse({rt::Code::kConflict, "media " + media_id + " has the same bytes already"}, data.text());
}

}  // namespace

Answer create_upload(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  auto input = new_upload_of(*json, services.settings.upload_bytes_max);
  if (!input) co_return rt::pass(input);
  auto upload = co_await services.uploads.create(principal.tenant, std::move(*input));
  if (!upload) co_return rt::pass(upload);
  auto data = view_with_input(services, exchange.request, principal, *upload);
  if (!data) co_return rt::pass(data);
  http::Response response = success(201, *data);
  response.fields.add("location", "/v2/uploads/" + upload->id);
  co_return response;
}

Answer list_uploads(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto query = list_query(exchange.request);
  if (!query) co_return rt::pass(query);
  auto page = co_await services.uploads.list(principal.tenant, std::move(*query));
  if (!page) co_return rt::pass(page);
  co_return success(200, page_view(*page, [](const Upload& upload) { return view(upload); }));
}

Answer get_upload(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto upload = co_await services.uploads.get(principal.tenant, exchange.params[0]);
  if (!upload) co_return rt::pass(upload);
  auto data = view_with_input(services, exchange.request, principal, *upload);
  if (!data) co_return rt::pass(data);
  co_return success(200, *data);
}

Answer complete_upload(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  media::CompleteUpload input;
  Members members(*json);
  members.read("channelId", input.channel_id).read("title", input.title);
  if (!members.status()) co_return std::unexpected(members.status().error());
  auto completion = co_await services.uploads.complete(principal.tenant, exchange.params[0], std::move(input));
  if (!completion) co_return rt::pass(completion);
  if (!completion->duplicate_of.empty()) co_return duplicate_response(completion->duplicate_of);
  co_return success(200, view(completion->upload));
}

Answer cancel_upload(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto upload = co_await services.uploads.cancel(principal.tenant, exchange.params[0]);
  if (!upload) co_return rt::pass(upload);
  co_return success(200, view(*upload));
}

Answer delete_upload(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto removed = co_await services.uploads.remove(principal.tenant, exchange.params[0]);
  if (!removed) co_return rt::pass(removed);
  co_return success(200, "null");
}

}  // namespace millrace::handlers::v2
