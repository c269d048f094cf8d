#include "handlers/assets/phased.h"

namespace millrace::handlers::assets {

rt::Task<rt::Result<media::Upload>> find_phased(Services& services, std::string tenant, std::string id) {
  auto upload = co_await services.uploads.get(std::move(tenant), std::move(id));
  if (upload && upload->type != media::UploadType::kPhased) co_return rt::fail(rt::Code::kNotFound, "no such asset");
  co_return upload;
}

}  // namespace millrace::handlers::assets
