#include "handlers/tus/creation.h"

#include "handlers/tus/address.h"
#include "handlers/tus/endpoint.h"
#include "handlers/tus/envelope.h"
#include "handlers/tus/fields.h"
#include "handlers/tus/made_once.h"
#include "handlers/tus/resource.h"
#include "handlers/tus/resumable.h"
#include "handlers/tus/sending.h"

namespace millrace::handlers::tus {
namespace {

using media::NewUpload;
using media::Upload;

// What an upload is called that nobody named.
constexpr const char* kUnnamed = "upload";

struct Plan {
  NewUpload input;
  Concat concat;
  bool brings_bytes = false;
};

// The first of these names that is there.
std::string first_of(const Metadata& metadata, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto found = metadata.find(name); found != metadata.end() && !found->second.empty()) return found->second;
  }
  return {};
}

void name_by(const Metadata& metadata, NewUpload& input) {
  input.file_name = first_of(metadata, {"filename", "name", "fileName"});
  if (input.file_name.empty()) input.file_name = kUnnamed;
  input.content_type = first_of(metadata, {"filetype", "contentType", "type"});
  input.title = first_of(metadata, {"title"});
  input.channel_id = first_of(metadata, {"channelId"});
  input.metadata = metadata;
}

rt::Status read_length(const http::Fields& fields, bool is_final, NewUpload& input) {
  const auto length = byte_count(fields, "upload-length");
  if (!length) return std::unexpected(length.error());
  const auto deferred = single(fields, "upload-defer-length");
  if (!deferred) return std::unexpected(deferred.error());
  const auto wrong = [](const char* rule) { return rt::fail(rt::Code::kInvalid, rule, "upload-length"); };
  if (is_final) return *length || *deferred ? wrong("a final upload has the length of its parts") : rt::Status();
  if (*deferred && **deferred != "1") {
    return rt::fail(rt::Code::kInvalid, "Upload-Defer-Length must be 1", "upload-defer-length");
  }
  if (length->has_value() == deferred->has_value()) return wrong("either Upload-Length or Upload-Defer-Length: 1");
  input.declared_bytes = *length;
  return {};
}

rt::Result<Plan> plan_of(const http::Fields& fields) {
  Plan plan;
  if (const auto concat = single(fields, "upload-concat"); !concat) return std::unexpected(concat.error());
  if (const auto field = fields.get("upload-concat")) {
    auto concat = parse_concat(*field);
    if (!concat) return rt::pass(concat);
    plan.concat = std::move(*concat);
  }
  if (auto length = read_length(fields, !plan.concat.ids.empty(), plan.input); !length) return rt::pass(length);
  if (const auto metadata = single(fields, "upload-metadata"); !metadata) return std::unexpected(metadata.error());
  const auto metadata = parse_metadata(fields.get("upload-metadata").value_or(""));
  if (!metadata) return std::unexpected(metadata.error());
  name_by(*metadata, plan.input);
  plan.input.type = media::UploadType::kTus;
  plan.input.is_piece = plan.concat.is_partial;
  plan.input.completes_itself = !plan.concat.is_partial;
  plan.brings_bytes = media_type(fields) == kTusBytes;
  return plan;
}

http::Response created(Services& services, const http::Request& request, const Upload& upload) {
  http::Response response = reply(201);
  response.fields.add("location", upload_url(services.settings, request, upload.id));
  if (!is_joined(upload) || upload.whole) add_progress(response, upload);
  add_media(response, upload);
  return response;
}

rt::Status check_length(const Services& services, const std::string& tenant, const NewUpload& input) {
  if (input.declared_bytes.value_or(0) <= bytes_max(services, tenant)) return {};
  return rt::fail(rt::Code::kTooLarge, "the file is larger than Tus-Max-Size", "upload-length");
}

// creation-with-upload: a request that fails after it made the upload says where it is, too.
rt::Task<http::Response> with_first_bytes(Services& services, http::Exchange& exchange, Upload upload, Piece piece) {
  auto received = co_await receive(services, exchange, piece);
  if (received && !received->mismatched) co_return created(services, exchange.request, received->upload);
  http::Response response =
      received ? wrong_checksum() : co_await explain(services, std::move(piece), std::move(received.error()));
  response.fields.add("location", upload_url(services.settings, exchange.request, upload.id));
  co_return response;
}

rt::Task<rt::Result<Upload>> make(Services& services, std::string tenant, Plan plan) {
  auto task = plan.concat.ids.empty()
                  ? services.uploads.create(std::move(tenant), std::move(plan.input))
                  : services.uploads.concatenate(std::move(tenant), std::move(plan.input), std::move(plan.concat.ids));
  auto upload = co_await std::move(task);
  if (!upload) co_return std::unexpected(named(std::move(upload.error())));
  co_return upload;
}

// What a repeat must say again. Not the bytes: those go on where the upload is.
std::string fingerprint_of(const http::Fields& fields) {
  std::string text;
  for (const char* name : {"upload-length", "upload-defer-length", "upload-metadata", "upload-concat"}) {
    text += std::string(fields.get(name).value_or("-")) + "\n";
  }
  return text;
}

Answer create_tus(Services& services, http::Exchange& exchange, std::string tenant) {
  if (auto version = check_version(exchange.request, true); !version) co_return rt::pass(version);
  auto plan = plan_of(exchange.request.fields);
  if (!plan) co_return rt::pass(plan);
  if (auto length = check_length(services, tenant, plan->input); !length) co_return rt::pass(length);
  Piece piece{.tenant = tenant, .id = {}};
  const bool brings_bytes = plan->brings_bytes && plan->concat.ids.empty();
  if (auto read = read_checksum(exchange.request, piece); brings_bytes && !read) co_return rt::pass(read);
  const Make work = [&] { return make(services, tenant, *plan); };
  std::string said = fingerprint_of(exchange.request.fields);
  auto made = co_await make_once(services, exchange.request, tenant, std::move(said), work);
  if (!made) co_return rt::pass(made);
  if (made->before) {
    http::Response response = created(services, exchange.request, made->upload);
    response.fields.add("idempotency-replayed", "true");
    co_return response;
  }
  piece.id = made->upload.id;
  if (brings_bytes) co_return co_await with_first_bytes(services, exchange, std::move(made->upload), std::move(piece));
  if (made->upload.declared_bytes != 0) co_return created(services, exchange.request, made->upload);
  auto done = co_await settle_upload(services, tenant, piece.id, true);
  if (!done) co_return rt::pass(done);
  co_return created(services, exchange.request, *done);
}

}  // namespace

Answer create(Services& services, http::Exchange& exchange, media::Principal principal) {
  if (is_resumable(exchange.request)) {
    return create_resumable(services, exchange, std::move(principal.tenant));
  }
  return create_tus(services, exchange, std::move(principal.tenant));
}

}  // namespace millrace::handlers::tus
