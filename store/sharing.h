// Drafts of bytes that are stored already.
#pragma once

#include <memory>
#include <string>

#include "store/internals.h"
#include "store/store.h"

namespace millrace::store {

// The range lies inside the object. `pin` is older than the look-up that found it.
rt::Task<rt::Result<Draft>> share_range(Internals& store, std::shared_ptr<const ObjectEntry> object, Epochs::Pin pin,
                                        std::uint64_t offset, std::uint64_t length, std::string domain);

}  // namespace millrace::store
