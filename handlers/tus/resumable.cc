#include "handlers/tus/resumable.h"

#include "handlers/tus/address.h"
#include "handlers/tus/disposition.h"
#include "handlers/tus/envelope.h"
#include "handlers/tus/fields.h"
#include "handlers/tus/made_once.h"
#include "handlers/tus/resource.h"
#include "handlers/tus/sending.h"
#include "server/http/structured.h"

namespace millrace::handlers::tus {
namespace {

using media::Upload;

constexpr const char* kUnnamed = "upload";

// Fields that are not what they should be count as absent (draft, "State").
std::optional<std::uint64_t> integer_of(const http::Fields& fields, std::string_view name) {
  if (fields.count(name) != 1) return std::nullopt;
  const auto value = http::parse_integer_item(*fields.get(name));
  return value && *value >= 0 ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

std::optional<bool> completeness_of(const http::Fields& fields) {
  if (fields.count("upload-complete") != 1) return std::nullopt;
  return http::parse_boolean_item(*fields.get("upload-complete"));
}

struct Lengths {
  std::optional<std::uint64_t> told = {};  // of the whole file
  bool agree = true;
};

// Upload-Length, and what follows from the body's length when it is the rest of the file.
Lengths lengths_of(const http::Exchange& exchange, std::uint64_t offset, bool is_rest) {
  Lengths lengths{.told = integer_of(exchange.request.fields, "upload-length")};
  if (!is_rest || !exchange.body.length()) return lengths;
  const std::uint64_t rest_end = offset + *exchange.body.length();
  lengths.agree = rest_end >= offset && lengths.told.value_or(rest_end) == rest_end;
  lengths.told = rest_end;
  return lengths;
}

bool speaks_our_version(const http::Fields& fields) {
  return !fields.get("upload-draft-interop-version") ||
         integer_of(fields, "upload-draft-interop-version") == std::uint64_t{kInteropVersion};
}

void add_limits(http::Fields& fields, const Services& services, const Upload& upload) {
  fields.add("upload-limit", limits_of(services, upload.tenant, &upload));
}

void offer_resumption(Services& services, http::Exchange& exchange, const Upload& upload) {
  http::Fields fields;
  fields.add("location", upload_url(services.settings, exchange.request, upload.id));
  fields.add("upload-draft-interop-version", std::to_string(kInteropVersion));
  add_limits(fields, services, upload);
  exchange.inform(104, fields);
}

media::NewUpload new_upload_of(const http::Fields& fields, std::optional<std::uint64_t> length) {
  media::NewUpload input{.type = media::UploadType::kTus, .declared_bytes = length, .completes_itself = true};
  input.file_name = file_name_in(fields.get("content-disposition").value_or("")).value_or(kUnnamed);
  input.content_type = fields.get("content-type").value_or("");
  return input;
}

// What the whole file was answered with, whichever request brought its end.
http::Response file_response(int status, const Upload& upload) {
  http::JsonWriter json;
  json.begin_object().member("id", upload.id).member("state", word(upload.state));
  json.member("size", upload.bytes_received).member("fileName", upload.file_name);
  json.member("mediaId", upload.duplicate_of.empty() ? upload.media_id : upload.duplicate_of).end_object();
  http::Response response = reply(upload.duplicate_of.empty() ? status : 409, json);
  response.fields.add("upload-complete", "?1");
  add_progress(response, upload);
  add_media(response, upload);
  return response;
}

http::Response more_wanted(int status, const Services& services, const Upload& upload) {
  http::Response response = reply(status);
  response.fields.add("upload-complete", "?0");
  add_progress(response, upload);
  add_limits(response.fields, services, upload);
  return response;
}

// What a repeat must say again; not the bytes.
std::string fingerprint_of(const media::NewUpload& input, bool is_whole) {
  const std::string length = input.declared_bytes ? std::to_string(*input.declared_bytes) : "-";
  return length + "\n" + input.file_name + "\n" + input.content_type + (is_whole ? "\n?1" : "\n?0");
}

// How far it has come; the rest can be appended. Who sent the whole file again is not told that it is there.
http::Response made_before(Services& services, const http::Request& request, const Upload& upload, bool is_whole) {
  http::Response response =
      is_done(upload) ? file_response(201, upload) : more_wanted(is_whole ? 409 : 201, services, upload);
  response.fields.add("location", upload_url(services.settings, request, upload.id));
  response.fields.add("idempotency-replayed", "true");
  return response;
}

Answer failed(Services& services, Piece piece, rt::Error error) {
  const bool of_length = error.field == "upload-length" || error.field == "fileSize";
  if (of_length && error.code != rt::Code::kTooLarge) co_return inconsistent_length(error.message);
  co_return co_await explain(services, std::move(piece), std::move(error));
}

}  // namespace

bool is_resumable(const http::Request& request) {
  return !request.fields.get("tus-resumable") && completeness_of(request.fields).has_value();
}

Answer create_resumable(Services& services, http::Exchange& exchange, std::string tenant) {
  const http::Fields& fields = exchange.request.fields;
  const bool is_whole = completeness_of(fields).value_or(false);
  const Lengths lengths = lengths_of(exchange, 0, is_whole);
  if (!lengths.agree) co_return inconsistent_length("Upload-Length is not the length of the content");
  if (lengths.told.value_or(0) > bytes_max(services, tenant)) {
    rt::Error error{rt::Code::kTooLarge, "the file is larger than allowed", "upload-length"};
    co_return co_await explain(services, {.tenant = tenant, .id = {}}, std::move(error));
  }
  const media::NewUpload input = new_upload_of(fields, lengths.told);
  const Make work = [&] { return services.uploads.create(tenant, input); };
  std::string said = fingerprint_of(input, is_whole);
  auto made = co_await make_once(services, exchange.request, tenant, std::move(said), work);
  if (!made) co_return std::unexpected(named(std::move(made.error())));
  if (made->before) co_return made_before(services, exchange.request, made->upload, is_whole);
  const Upload* upload = &made->upload;
  const bool resumable = speaks_our_version(fields);
  if (resumable) offer_resumption(services, exchange, *upload);
  Piece piece{.tenant = tenant, .id = upload->id, .end = is_whole ? Piece::End::kFile : Piece::End::kMore};
  piece.tells_progress = resumable;
  auto received = co_await receive(services, exchange, piece);
  auto response = received
                      ? is_whole ? file_response(201, received->upload) : more_wanted(201, services, received->upload)
                      : co_await failed(services, std::move(piece), std::move(received.error()));
  if (response) response->fields.add("location", upload_url(services.settings, exchange.request, upload->id));
  co_return response;
}

Answer append_resumable(Services& services, http::Exchange& exchange, std::string tenant) {
  const auto offset = integer_of(exchange.request.fields, "upload-offset");
  if (!offset) co_return rt::fail(rt::Code::kInvalid, "Upload-Offset is needed, as an Integer", "upload-offset");
  const auto is_rest = completeness_of(exchange.request.fields);
  if (!is_rest) co_return rt::fail(rt::Code::kInvalid, "Upload-Complete is needed, as a Boolean", "upload-complete");
  auto upload = co_await find_upload(services, tenant, exchange.params[0]);
  if (!upload) co_return rt::pass(upload);
  if (is_done(*upload) || (upload->whole && *offset == upload->bytes_received)) {
    if (*offset != upload->bytes_received) co_return wrong_offset(*upload, *offset);
    co_return exchange.body.length() == 0 ? completed_already() : inconsistent_length("the upload is complete");
  }
  const Lengths lengths = lengths_of(exchange, *offset, *is_rest);
  if (!lengths.agree) co_return inconsistent_length("Upload-Length is not where the content ends");
  Piece piece{.tenant = tenant, .id = upload->id, .offset = *offset, .total_bytes = lengths.told};
  piece.end = *is_rest ? Piece::End::kFile : Piece::End::kMore;
  piece.tells_progress = speaks_our_version(exchange.request.fields);
  auto received = co_await receive(services, exchange, piece);
  if (!received) co_return co_await failed(services, std::move(piece), std::move(received.error()));
  co_return *is_rest ? file_response(200, received->upload) : more_wanted(204, services, received->upload);
}

}  // namespace millrace::handlers::tus
