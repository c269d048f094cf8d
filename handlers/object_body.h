// A stored object as the body of a response.
#pragma once

#include <cstdint>
#include <memory>

#include "server/http/message.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::handlers {

// Makes `length` bytes from `offset` the body. The first bytes are read before this returns, so damage at the start is
// an error with a status of its own; later damage aborts the response.
rt::Task<rt::Status> set_object_body(http::Response& response, store::Store& store, store::ObjectId object,
                                     std::uint64_t offset, std::uint64_t length);

// The same of a reader that is open; `length` is all it has, and more than 0.
rt::Task<rt::Status> set_object_body(http::Response& response, std::unique_ptr<store::Reader> reader,
                                     std::uint64_t length);

}  // namespace millrace::handlers
