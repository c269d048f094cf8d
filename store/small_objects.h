// Whole small objects that were read lately, verified: an object never changes, so all that can happen to one is that
// it goes. Any thread.
#pragma once

#include <memory>

#include "server/rt/bytes.h"
#include "server/rt/lru_cache.h"
#include "store/stamps.h"
#include "store/store.h"

namespace millrace::store {

class SmallObjects {
 public:
  static constexpr std::size_t kObjectBytesMax = std::size_t{64} << 10;

  SmallObjects(const Stamps& stamps, std::size_t bytes_max) : stamps_(stamps), kept_(bytes_max) {}

  // Null: not kept, or gone.
  std::shared_ptr<const rt::Slice> find(ObjectId id);
  std::uint64_t stamp(ObjectId id) const;
  // `stamp`: from before the object was looked up. Null: the bytes cannot be read.
  std::shared_ptr<const rt::Slice> keep(ObjectId id, std::uint64_t stamp, const rt::Slices& slices);

 private:
  struct Kept {
    rt::Slice bytes;
    std::uint64_t stamp;
  };

  const Stamps& stamps_;
  rt::LruCache<Kept> kept_;
};

// Reads a range of bytes that are in memory as a whole.
std::unique_ptr<Reader> make_reader(const rt::Slice& bytes, std::uint64_t offset, std::uint64_t length);

}  // namespace millrace::store
