// The records of multipart uploads, for the services that begin, fill, count and end them. One is ended in two steps:
// sealed, then erased with its parts. A part that comes in between breaks the seal, so that the second step fails and
// none is left behind. Whether one is idle is judged under the seal, too. Any loop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media/buckets/multipart.h"
#include "media/uploads/incoming.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

std::string path_of(const MultipartRef& ref);

// Neither completed nor aborted: kNotFound, the field "uploadId".
rt::Task<rt::Result<Multipart>> load_multipart(store::Store& store, MultipartRef ref);
// By number.
rt::Task<rt::Result<std::vector<MultipartPart>>> load_parts(store::Store& store, MultipartRef ref);

// The transaction fails when it ended meanwhile; a seal is broken.
void hold_multipart(store::Transaction& transaction, const Multipart& multipart);
// With its new revision; kConflict when the race was lost.
rt::Task<rt::Result<Multipart>> seal(store::Store& store, Multipart multipart);
// Erases a sealed one and the records of its parts, not their objects.
void erase_multipart(store::Transaction& transaction, const Multipart& multipart,
                     const std::vector<MultipartPart>& parts);

// Ends a sealed one without an object. kConflict when the seal was broken.
rt::Task<rt::Status> erase_sealed(store::Store& store, Multipart sealed, std::vector<MultipartPart> parts);
// All whose keys begin so; kConflict when one lost a race.
rt::Task<rt::Result<std::vector<Multipart>>> seal_multiparts(store::Store& store, std::string tenant,
                                                             std::string bucket, std::string key_prefix);

rt::Task<rt::Status> abort_multipart(store::Store& store, MultipartRef ref);
// All whose keys begin so.
rt::Task<rt::Status> abort_multiparts(store::Store& store, std::string tenant, std::string bucket,
                                      std::string key_prefix);

// How far the parts of an upload in the bucket `uploads` have come.
struct PartsProgress {
  std::uint64_t bytes = 0;           // of the multipart upload that was active last
  std::size_t parts = 0;             // likewise
  std::uint64_t arriving_bytes = 0;  // likewise, of parts that are not committed yet
  std::int64_t active_ms = 0;        // 0: there is none
};
rt::Task<rt::Result<PartsProgress>> parts_progress(store::Store& store, Incoming& incoming, std::string tenant,
                                                   std::string upload_id);
// When a part of it came last, or was on its way, or it was begun.
std::int64_t last_activity(const Incoming& incoming, const Multipart& multipart,
                           const std::vector<MultipartPart>& parts);

}  // namespace millrace::media
