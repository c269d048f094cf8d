// Readers: verified slices of an object straight from the segments' mappings. A Reader belongs to one loop.
#pragma once

#include <memory>

#include "store/internals.h"
#include "store/store.h"

namespace millrace::store {

// The range lies inside the object.
std::unique_ptr<Reader> make_reader(Internals& store, std::shared_ptr<const ObjectEntry> object, Epochs::Pin pin,
                                    std::uint64_t offset, std::uint64_t length);

// Whether two objects of equal length hold the same bytes; skips the extents they share.
rt::Task<rt::Result<bool>> same_bytes(Internals& store, std::shared_ptr<const ObjectEntry> a,
                                      std::shared_ptr<const ObjectEntry> b);

}  // namespace millrace::store
