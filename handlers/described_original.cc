#include "handlers/described_original.h"

namespace millrace::handlers {
DescribedOriginal::DescribedOriginal(media::Original described)
    : original(std::move(described)),
      shown(original.size_bytes, original.etag, original.modified_ms, original.content_type, original.file_name) {}

rt::Task<rt::Result<std::shared_ptr<const DescribedOriginal>>> DescribedOriginals::get(media::Catalog& catalog,
                                                                                       std::string tenant,
                                                                                       std::string id) {
  std::string key = tenant + "/" + id;
  const std::uint64_t stamp = catalog.stamp(tenant, id);
  const auto kept = kept_.find(key);
  if (kept && kept->stamp == stamp) co_return kept->described;
  auto original = co_await catalog.original(std::move(tenant), std::move(id));
  if (!original) co_return rt::pass(original);
  auto described = std::make_shared<const DescribedOriginal>(std::move(*original));
  kept_.put(std::move(key), std::make_shared<const Kept>(described, stamp), 1);
  co_return described;
}

}  // namespace millrace::handlers
