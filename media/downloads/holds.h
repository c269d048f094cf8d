// Holds: what keeps the bytes of a media or a rendition while downloads need them. A hold is one record per object with
// the number of downloads, so to create a download costs a record for each file, however large it is.
//
// Deleting and holding cannot miss each other: both change or require the record of the object's owner and of the hold,
// each in one transaction. Whichever commits first, the other finds a conflict and looks again. Any loop.
#pragma once

#include <cstdint>
#include <string>

#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

struct Hold {
  store::ObjectId object;
  std::string tenant;
  std::uint64_t size_bytes = 0;
  std::uint32_t downloads = 0;
  bool orphan = false;  // its owner is gone: the object goes with the last download
  store::Revision revision = 0;
};

// One more download needs the object. The same transaction must require the record that owns it.
rt::Task<rt::Status> add_hold(store::Store& store, store::Transaction& transaction, std::string tenant,
                              store::ObjectId object, std::uint64_t size_bytes);
// One needs it no more.
rt::Task<rt::Status> drop_hold(store::Store& store, store::Transaction& transaction, std::string tenant,
                               store::ObjectId object);
// For a transaction that changes or erases media or renditions: leaves out the removal of what is held and makes an
// orphan of it. Others stay as they are, so that they pay nothing.
rt::Task<rt::Status> keep_held(store::Store& store, store::Transaction& transaction);

}  // namespace millrace::media
