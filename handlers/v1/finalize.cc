#include "handlers/v1/finalize.h"

#include <optional>
#include <vector>

#include "handlers/input.h"
#include "handlers/links.h"
#include "handlers/v1/envelope.h"
#include "handlers/v1/ids.h"
#include "handlers/v1/multipart.h"
#include "handlers/v1/rules.h"
#include "handlers/v1/views.h"

namespace millrace::handlers::v1 {
namespace {

using media::Upload;
using media::UploadState;

constexpr std::int64_t kEdgeMaxPixels = 16'384;

struct Finalize {
  std::string mime_type;
  std::uint64_t size_bytes = 0;
  std::optional<std::string> upload_id = {};
  std::optional<std::vector<media::NamedPart>> parts = {};
};

std::unexpected<rt::Error> invalid(std::string message, std::string field) {
  return rt::fail(rt::Code::kInvalid, std::move(message), std::move(field));
}

rt::Result<media::NamedPart> part_of(const http::Json& json) {
  const auto number = json.integer("partNumber", 1, media::kPartsMax);
  if (!number) return std::unexpected(number.error());
  if (!*number) return invalid(json.where() + ".partNumber is required", json.where() + ".partNumber");
  const auto etag = json.required_text("etag");
  if (!etag) return std::unexpected(etag.error());
  const bool quoted = etag->size() > 2 && etag->starts_with('"') && etag->ends_with('"');
  return media::NamedPart{.number = static_cast<std::uint32_t>(**number),
                          .etag = quoted ? etag->substr(1, etag->size() - 2) : *etag};
}

rt::Status read_parts(const http::Json& json, Finalize& input) {
  const auto upload_id = json.text("upload_id");
  if (!upload_id) return std::unexpected(upload_id.error());
  input.upload_id = *upload_id;
  const auto parts = json.objects("parts");
  if (!parts) return std::unexpected(parts.error());
  if (!*parts) return {};
  if ((*parts)->size() > media::kPartsMax) {
    return invalid("there are at most " + std::to_string(media::kPartsMax) + " parts", "parts");
  }
  input.parts.emplace();
  for (const http::Json& each : **parts) {
    auto part = part_of(each);
    if (!part) return rt::pass(part);
    input.parts->push_back(std::move(*part));
  }
  return {};
}

// What the client measured itself. It is checked, but what the probe finds is what counts.
rt::Status check_hints(const http::Json& json) {
  const auto seconds = json.number("duration_secs");
  if (!seconds) return std::unexpected(seconds.error());
  if (seconds->value_or(0) < 0) return invalid("duration_secs must not be negative", "duration_secs");
  for (const char* edge : {"source_height", "source_width"}) {
    const auto pixels = json.integer(edge, 1, kEdgeMaxPixels);
    if (!pixels) return std::unexpected(pixels.error());
  }
  return {};
}

rt::Result<Finalize> finalize_of(const http::Json& json) {
  Finalize input;
  Members members(json);
  members.require("mime_type", input.mime_type);
  if (!members.status()) return std::unexpected(members.status().error());
  auto good = check_mime_type(input.mime_type);
  if (!good) return rt::pass(good);
  const auto size = json.integer("file_size_bytes", 1);
  if (!size) return std::unexpected(size.error());
  if (!*size) return invalid("file_size_bytes is required", "file_size_bytes");
  input.size_bytes = static_cast<std::uint64_t>(**size);
  good = check_hints(json);
  if (good) good = read_parts(json, input);
  if (!good) return rt::pass(good);
  return input;
}

// Whether it fits what was announced. A finished upload is answered whatever is said of it.
rt::Status check_fits(const Finalize& input, const Upload& upload) {
  if (!is_open(upload)) return {};
  const bool multipart = upload.type == media::UploadType::kMultipart;
  if (!multipart && (input.upload_id || input.parts)) {
    return invalid("this upload is a single file: it has no upload_id and no parts", "parts");
  }
  if (multipart && !input.upload_id) return invalid("upload_id is required for a multipart upload", "upload_id");
  if (multipart && !input.parts) return invalid("parts is required for a multipart upload", "parts");
  const std::uint64_t expected = expected_bytes(upload).value_or(input.size_bytes);
  if (input.size_bytes == expected) return {};
  return invalid("the file has " + std::to_string(expected) + " bytes", "file_size_bytes");
}

rt::Task<rt::Result<Upload>> find_upload(Services& services, const std::string& tenant, const std::string& text) {
  auto digits = digits_of(kUpload, text);
  if (!digits) co_return rt::pass(digits);
  auto id = co_await services.uploads.id_of(tenant, std::move(*digits));
  if (!id) co_return rt::pass(id);
  co_return co_await services.uploads.get(tenant, std::move(*id));
}

http::Response duplicate(const std::string& media_id, const http::Exchange& exchange) {
  const std::string message = id_text(kVideo, media_id) + " has the same bytes already";
  return refuse(409, "duplicate_video", {rt::Code::kConflict, message, {}}, exchange);
}

}  // namespace

Answer finalize_upload(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  auto input = finalize_of(*json);
  if (!input) co_return rt::pass(input);
  auto upload = co_await find_upload(services, principal.tenant, exchange.params[0]);
  if (!upload) co_return rt::pass(upload);
  if (auto fits = check_fits(*input, *upload); !fits) co_return rt::pass(fits);
  if (is_open(*upload) && input->parts) {
    auto joined = co_await join_parts(services, *upload, *input->upload_id, std::move(*input->parts));
    if (!joined) co_return rt::pass(joined);
  }
  media::CompleteUpload wanted;
  wanted.content_type = input->mime_type;
  auto completion = co_await services.uploads.complete(principal.tenant, upload->id, std::move(wanted));
  // The contract knows no 409 here: an upload that cannot be finalized is a request that cannot be right.
  if (!completion && completion.error().code == rt::Code::kConflict) {
    co_return refuse(400, "upload_not_ready", completion.error(), exchange);
  }
  if (!completion) co_return rt::pass(completion);
  if (!completion->duplicate_of.empty()) co_return duplicate(completion->duplicate_of, exchange);
  auto media = co_await services.catalog.find(principal.tenant, completion->upload.media_id);
  if (!media) co_return rt::pass(media);
  const http::Request& request = exchange.request;
  const auto playing = co_await playing_of(services, request, *media, id_text(kPlayback, media->id));
  if (!playing) co_return std::unexpected(playing.error());
  co_return answer(200, video_view(*media, original_url(services.settings, request, media->id), *playing));
}

}  // namespace millrace::handlers::v1
