#include "handlers/assets/finish.h"

#include "handlers/assets/envelope.h"
#include "handlers/assets/phased.h"
#include "handlers/assets/views.h"
#include "handlers/links.h"

namespace millrace::handlers::assets {
namespace {

// All bytes came, but the last form was cut off after them.
bool only_lacks_its_end(const media::Upload& upload) {
  return is_open(upload) && !upload.whole && upload.bytes_received == upload.declared_bytes;
}

rt::Task<rt::Result<media::Upload>> settle(Services& services, const std::string& tenant, const std::string& id) {
  auto upload = co_await find_phased(services, tenant, id);
  if (upload) upload = co_await services.uploads.settle(tenant, id);
  if (!upload || !only_lacks_its_end(*upload)) co_return upload;
  co_return co_await services.uploads.declare_whole(tenant, id, upload->bytes_received);
}

rt::Status check_whole(const media::Upload& upload) {
  if (!is_open(upload) || upload.whole) return {};
  const std::string have = std::to_string(upload.bytes_received);
  return rt::fail(
      rt::Code::kInvalid,
      have + " of " + std::to_string(upload.declared_bytes.value_or(0)) + " bytes have arrived; go on from " + have,
      "upload_phase");
}

}  // namespace

Answer finish_asset(Services& services, const http::Request& request, std::string tenant, std::string id) {
  auto upload = co_await settle(services, tenant, id);
  if (!upload) co_return rt::pass(upload);
  if (auto whole = check_whole(*upload); !whole) co_return rt::pass(whole);
  auto completion = co_await services.uploads.complete(tenant, id, {});
  if (!completion) co_return rt::pass(completion);
  if (!completion->duplicate_of.empty()) {
    co_return rt::fail(rt::Code::kConflict, "asset " + completion->duplicate_of + " has the same bytes already");
  }
  auto media = co_await services.catalog.find(tenant, completion->upload.media_id);
  if (!media) co_return rt::pass(media);
  co_return answer(200, asset_view(*media, original_url(services.settings, request, media->id)));
}

}  // namespace millrace::handlers::assets
