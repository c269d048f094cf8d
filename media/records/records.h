// Reading many records: a whole prefix, in batches. Any loop.
#pragma once

#include <cstddef>
#include <functional>
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

// The record is missing or does not decode: who goes through a queue drops it, so that it holds up no other.
inline bool is_lost(const rt::Error& error) {
  return error.code == rt::Code::kNotFound || error.code == rt::Code::kDamaged;
}

// Gives every entry of an index by time to `sweep_one`, up to the key `until`, and counts those it answers true for. An
// entry that fails holds up no other: the first error is answered when all had their turn. A lost race is activity and
// a missing record is done with; neither is an error.
rt::Task<rt::Result<std::size_t>> sweep_index(store::Store& store, std::string prefix, std::string until,
                                              std::function<rt::Task<rt::Result<bool>>(std::string entry)> sweep_one);

}  // namespace millrace::media
