// Makes Writers. The domain bounds what their chunks are shared with.
#pragma once

#include <memory>
#include <string>

#include "store/internals.h"
#include "store/store.h"

namespace millrace::store {

std::unique_ptr<Writer> make_writer(Internals& store, const std::string& domain);

}  // namespace millrace::store
