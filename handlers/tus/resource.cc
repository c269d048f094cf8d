#include "handlers/tus/resource.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/http/date.h"

namespace millrace::handlers::tus {
namespace {

using media::Upload;
using media::UploadState;

rt::Result<Upload> reachable(rt::Result<Upload> upload) {
  if (!upload) return upload;
  if (upload->type != media::UploadType::kTus) return rt::fail(rt::Code::kNotFound, "no such upload");
  if (is_open(*upload) || is_done(*upload)) return upload;
  return rt::fail(rt::Code::kGone, "the upload is " + std::string(word(upload->state)));
}

}  // namespace

rt::Task<rt::Result<Upload>> find_upload(Services& services, std::string tenant, std::string id) {
  co_return reachable(co_await services.uploads.get(std::move(tenant), std::move(id)));
}

rt::Task<rt::Result<Upload>> settle_upload(Services& services, std::string tenant, std::string id, bool by_length) {
  auto upload = co_await find_upload(services, tenant, id);
  if (!upload || is_done(*upload)) co_return upload;
  upload = co_await services.uploads.settle(tenant, id);
  if (!upload) co_return upload;
  const bool has_all = expected_bytes(*upload) == upload->bytes_received && !is_joined(*upload);
  if (by_length && has_all && is_open(*upload) && !upload->whole) {
    upload = co_await declare_whole(services, std::move(*upload));
    if (!upload) co_return upload;
  }
  co_return reachable(co_await services.uploads.advance(std::move(tenant), std::move(id)));
}

rt::Task<rt::Result<Upload>> declare_whole(Services& services, Upload upload) {
  auto receiver = co_await services.uploads.open_receiver(upload.tenant, upload.id, upload.bytes_received, {}, {},
                                                          media::Placing::kAppend);
  if (!receiver) co_return rt::pass(receiver);
  co_return co_await (*receiver)->finish(true);
}

bool is_done(const Upload& upload) { return upload.state == UploadState::kCompleted || !upload.duplicate_of.empty(); }

void add_progress(http::Response& response, const Upload& upload) {
  response.fields.add("upload-offset", std::to_string(upload.bytes_received));
  if (is_open(upload)) response.fields.add("upload-expires", http::http_date(upload.expires_ms / 1000));
}

void add_media(http::Response& response, const Upload& upload) {
  const std::string& media = upload.duplicate_of.empty() ? upload.media_id : upload.duplicate_of;
  if (!media.empty()) response.fields.add("x-media-id", media);
}

std::uint64_t bytes_max(const Services& services, const std::string& tenant) {
  const auto owner = services.tenants.tenant(tenant);
  const std::uint64_t most = services.settings.upload_bytes_max;
  return owner && owner->upload_max_bytes > 0 ? std::min(owner->upload_max_bytes, most) : most;
}

std::string limits_of(const Services& services, const std::string& tenant, const Upload* upload) {
  std::string limits = fmt::format("max-size={}", bytes_max(services, tenant));
  if (!upload || !is_open(*upload)) return limits;
  const std::int64_t seconds = (upload->expires_ms - services.clock()) / 1000;
  return limits + fmt::format(", max-age={}", std::max<std::int64_t>(seconds, 0));
}

}  // namespace millrace::handlers::tus
