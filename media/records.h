// Reading many records: a whole prefix, in batches. Any loop.
#pragma once

#include <string>
#include <vector>

#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

rt::Task<rt::Result<std::vector<store::Record>>> scan_all(store::Store& store, std::string prefix,
                                                          bool reverse = false);

// The record, or kNotFound "no such <what>".
rt::Task<rt::Result<store::Record>> get_record(store::Store& store, std::string key, std::string what);

}  // namespace millrace::media
