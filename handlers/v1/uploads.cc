#include "handlers/v1/uploads.h"

#include "handlers/input.h"
#include "handlers/presign.h"
#include "handlers/v1/envelope.h"
#include "handlers/v1/ids.h"
#include "handlers/v1/multipart.h"
#include "handlers/v1/rules.h"

namespace millrace::handlers::v1 {
namespace {

using media::NewUpload;

rt::Status read_policy(const http::Json& json, media::Details& details) {
  const auto text = json.text("policy");
  if (!text) return std::unexpected(text.error());
  if (!*text) return {};
  const auto policy = media::parse_policy(**text);
  if (!policy) return rt::fail(rt::Code::kInvalid, "policy must be public or signed", "policy");
  details.policy = *policy;
  return {};
}

// Members that need no more than to be there.
rt::Status read_texts(const http::Json& json, NewUpload& input) {
  Members members(json);
  members.require("filename", input.file_name).require("mime_type", input.content_type);
  members.read("file_size_bytes", input.declared_bytes).read("title", input.title);
  members.read("passthrough", input.details.passthrough);
  return members.status();
}

rt::Status check_size(const NewUpload& input, std::uint64_t bytes_max) {
  if (input.declared_bytes.value_or(0) == 0) {
    return rt::fail(rt::Code::kInvalid, "file_size_bytes must be a number above 0", "file_size_bytes");
  }
  if (*input.declared_bytes <= bytes_max) return {};
  return rt::fail(rt::Code::kTooLarge, "a file may have " + std::to_string(bytes_max) + " bytes at most",
                  "file_size_bytes");
}

rt::Status read_type(const http::Json& json, NewUpload& input) {
  const auto multipart = json.boolean("multipart");
  if (!multipart) return std::unexpected(multipart.error());
  input.type = multipart->value_or(false) ? media::UploadType::kMultipart : media::UploadType::kPut;
  return {};
}

rt::Result<NewUpload> new_upload_of(const http::Json& json, std::uint64_t bytes_max) {
  NewUpload input;
  auto good = read_texts(json, input);
  if (good) good = check_mime_type(input.content_type);
  if (good) good = check_size(input, bytes_max);
  if (good) good = check_length(input.title, "title", kTitleMaxCharacters);
  if (good) good = check_length(input.details.passthrough, "passthrough", kPassthroughMaxCharacters);
  if (good) good = read_policy(json, input.details);
  if (good) good = read_type(json, input);
  if (!good) return rt::pass(good);
  return input;
}

rt::Result<std::string> put_view(const Services& services, const http::Request& request,
                                 const media::Principal& principal, const media::Upload& upload) {
  auto url = presigned_put_url(services, request, principal, upload);
  if (!url) return rt::pass(url);
  http::JsonWriter json;
  json.begin_object().member("id", id_text(kUpload, upload.id)).member("upload_url", *url).end_object();
  return json.take();
}

// The domain's names of what was sent.
rt::Error renamed(rt::Error error) {
  if (error.field == "fileName") error.field = "filename";
  if (error.field == "fileSize") error.field = "file_size_bytes";
  return error;
}

}  // namespace

Answer create_upload(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  auto input = new_upload_of(*json, services.settings.upload_bytes_max);
  if (!input) co_return rt::pass(input);
  auto upload = co_await services.uploads.create(principal.tenant, std::move(*input));
  if (!upload) co_return std::unexpected(renamed(std::move(upload.error())));
  auto view = upload->type == media::UploadType::kMultipart
                  ? co_await start_multipart(services, exchange.request, principal, *upload)
                  : put_view(services, exchange.request, principal, *upload);
  if (!view) co_return rt::pass(view);
  co_return answer(201, *view);
}

}  // namespace millrace::handlers::v1
