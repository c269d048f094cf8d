#include "handlers/v1/uploads.h"

#include "handlers/input.h"
#include "handlers/presign.h"
#include "handlers/v1/envelope.h"
#include "handlers/v1/ids.h"
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

rt::Status check_multipart(const http::Json& json) {
  const auto multipart = json.boolean("multipart");
  if (!multipart) return std::unexpected(multipart.error());
  if (!multipart->value_or(false)) return {};
  return rt::fail(rt::Code::kUnprocessable, "multipart needs the S3 door, which this server does not offer yet",
                  "multipart");
}

rt::Result<NewUpload> new_upload_of(const http::Json& json, std::uint64_t bytes_max) {
  NewUpload input;
  input.type = media::UploadType::kPut;
  auto good = read_texts(json, input);
  if (good) good = check_mime_type(input.content_type);
  if (good) good = check_size(input, bytes_max);
  if (good) good = check_length(input.title, "title", kTitleMaxCharacters);
  if (good) good = check_length(input.details.passthrough, "passthrough", kPassthroughMaxCharacters);
  if (good) good = read_policy(json, input.details);
  if (good) good = check_multipart(json);
  if (!good) return rt::pass(good);
  return input;
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
  auto url = presigned_put_url(services, exchange.request, principal, *upload);
  if (!url) co_return rt::pass(url);
  http::JsonWriter view;
  view.begin_object().member("id", id_text(kUpload, upload->id)).member("upload_url", *url).end_object();
  co_return answer(201, view.text());
}

}  // namespace millrace::handlers::v1
