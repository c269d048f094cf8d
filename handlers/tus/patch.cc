#include "handlers/tus/patch.h"

#include "handlers/tus/envelope.h"
#include "handlers/tus/fields.h"
#include "handlers/tus/resource.h"
#include "handlers/tus/resumable.h"
#include "handlers/tus/sending.h"

namespace millrace::handlers::tus {
namespace {

using media::Upload;

rt::Result<Piece> piece_of(const http::Request& request, std::string tenant, std::string id) {
  const auto offset = byte_count(request.fields, "upload-offset");
  if (!offset) return std::unexpected(offset.error());
  if (!*offset) return rt::fail(rt::Code::kInvalid, "Upload-Offset is needed", "upload-offset");
  const auto length = byte_count(request.fields, "upload-length");
  if (!length) return std::unexpected(length.error());
  Piece piece{.tenant = std::move(tenant), .id = std::move(id), .offset = **offset, .total_bytes = *length};
  if (auto read = read_checksum(request, piece); !read) return rt::pass(read);
  return piece;
}

http::Response appended(const Upload& upload) {
  http::Response response = reply(204);
  add_progress(response, upload);
  add_media(response, upload);
  return response;
}

// Nothing is left to send: right for a repeat whose answer was lost.
rt::Result<http::Response> after_the_end(const http::Exchange& exchange, const Upload& upload, std::uint64_t offset) {
  if (offset != upload.bytes_received) return wrong_offset(upload, offset);
  if (exchange.body.length() == 0) return appended(upload);
  return rt::fail(rt::Code::kTooLarge, "the upload has all its bytes");
}

Answer patch_tus(Services& services, http::Exchange& exchange, std::string tenant) {
  if (auto version = check_version(exchange.request, true); !version) co_return rt::pass(version);
  auto piece = piece_of(exchange.request, tenant, exchange.params[0]);
  if (!piece) co_return rt::pass(piece);
  auto upload = co_await find_upload(services, tenant, piece->id);
  if (!upload) co_return rt::pass(upload);
  if (is_done(*upload)) co_return after_the_end(exchange, *upload, piece->offset);
  auto received = co_await receive(services, exchange, *piece);
  if (!received) co_return co_await explain(services, std::move(*piece), std::move(received.error()));
  co_return received->mismatched ? wrong_checksum() : appended(received->upload);
}

Answer not_these_bytes() {
  http::Response response = refuse(
      {rt::Code::kUnsupportedType,
       "the content type must be " + std::string(kTusBytes) + " or " + std::string(kPartialUpload), "content-type"});
  response.fields.add("accept-patch", kAcceptPatch);
  co_return response;
}

}  // namespace

Answer patch(Services& services, http::Exchange& exchange, Caller caller) {
  const std::string type = media_type(exchange.request.fields);
  // Clients of earlier drafts name no type.
  const bool is_draft = type == kPartialUpload || (type.empty() && is_resumable(exchange.request));
  if (is_draft) return append_resumable(services, exchange, std::move(caller.principal.tenant));
  if (type == kTusBytes) return patch_tus(services, exchange, std::move(caller.principal.tenant));
  return not_these_bytes();
}

}  // namespace millrace::handlers::tus
