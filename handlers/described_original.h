// What every answer about an original says, made once and kept for as long as its media stays as it is: small files are
// asked for far more often than they change.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "handlers/representation_fields.h"
#include "media/catalog/catalog.h"
#include "server/rt/lru_cache.h"

namespace millrace::handlers {

struct DescribedOriginal {
  explicit DescribedOriginal(media::Original described);

  media::Original original;
  Representation shown;
};

// Of all tenants. Any thread.
class DescribedOriginals {
 public:
  // kNotFound when there is none or it is soft-deleted.
  rt::Task<rt::Result<std::shared_ptr<const DescribedOriginal>>> get(media::Catalog& catalog, std::string tenant,
                                                                     std::string id);

 private:
  struct Kept {
    std::shared_ptr<const DescribedOriginal> described;
    std::uint64_t stamp;
  };
  rt::LruCache<Kept> kept_{10'000};
};

}  // namespace millrace::handlers
