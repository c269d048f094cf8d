// Uploads: the life of an upload, the same for every door. Announce, receive (receiver.h), complete into a media, or
// cancel. Every step is one transaction that requires the record's revision, so two of the same race to one result.
// An upload expires by its last activity, never by its age. Any loop.
//
// An upload of type multipart gets its bytes through S3 (multiparts.h, buckets.h): the parts that came or are on their
// way are its progress and its activity, and when it ends in any way its unfinished multipart uploads are aborted.
//
// The bytes of a completed upload are its media's: removing the upload's record removes no byte of the media.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "media/buckets/multipart.h"
#include "media/records/clock.h"
#include "media/records/listing.h"
#include "media/uploads/incoming.h"
#include "media/uploads/receiver.h"
#include "media/uploads/upload.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

class Tenants;
class Jobs;
struct Media;
struct Tenant;

// How many uploads may be joined into one.
inline constexpr std::size_t kPiecesMax = 1000;

// What a transfer from byte 0 does to what is there: takes its place, or fails because it is there, as at any other
// offset that is not the next one.
enum class Placing : std::uint8_t { kReplace, kAppend };

// How long a newer transfer waits for the one it evicts to keep its bytes.
inline constexpr std::int64_t kEvictionWaitMs = 5'000;

struct CompleteUpload {
  std::string channel_id = {};    // empty: as announced
  std::string title = {};         // empty: as announced
  std::string content_type = {};  // empty: as announced
  std::string folder = {};        // empty: as announced
};

struct Completion {
  Upload upload;
  // Not empty: nothing was made, this media of the tenant has the same bytes. Doors answer 409 with it. The upload is
  // failed and its bytes are freed.
  std::string duplicate_of;
};

// Equal for files of equal bytes; the reverse is all but sure.
std::string fingerprint_of(const Upload& upload);

class Uploads {
 public:
  // All outlive the service.
  Uploads(store::Store& store, Tenants& tenants, Jobs& jobs, Clock clock = system_clock_ms);
  ~Uploads();

  // For the services that receive through S3.
  Incoming& incoming() noexcept { return incoming_; }

  rt::Task<rt::Result<Upload>> create(std::string tenant, NewUpload input);
  // With the progress of a transfer that runs right now.
  rt::Task<rt::Result<Upload>> get(std::string tenant, std::string id);
  // As last committed: without the progress of what runs right now, and without the cost of counting it.
  rt::Task<rt::Result<Upload>> load(std::string tenant, std::string id);
  // The id of the upload with this short id (short_id.h).
  rt::Task<rt::Result<std::string>> id_of(std::string tenant, std::string short_id);
  // Sorts: createdAt updatedAt fileName title state size. Filters: fileName (or name) title state type channelId
  // mediaId.
  rt::Task<rt::Result<Page<Upload>>> list(std::string tenant, Query query);

  // Offset 0 starts from the beginning: it replaces a partial file at once, a whole one only when the new one, or a
  // first piece of it, is there. Any other offset must be the number of bytes received, else kConflict naming it.
  // `total_bytes` is what the sender says of the whole file: what was announced (else kInvalid or kTooLarge) and, to go
  // on, what was said before (else kConflict). Evicts a running transfer. `on_evicted` may be empty; it runs on the
  // calling loop.
  rt::Task<rt::Result<std::unique_ptr<Receiver>>> open_receiver(std::string tenant, std::string id,
                                                                std::uint64_t offset, std::function<void()> on_evicted,
                                                                std::optional<std::uint64_t> total_bytes = {},
                                                                Placing placing = Placing::kReplace);
  // Evicts a running transfer, waits until its bytes are kept, and tells where to go on: bytes_received.
  rt::Task<rt::Result<Upload>> settle(std::string tenant, std::string id);

  // A new upload of the bytes of these, all of them pieces, in this order; some may still be sent. The bytes are moved,
  // never copied, once the last piece is whole. A repeat with the same pieces answers the same upload; kConflict when
  // one of them is for another.
  rt::Task<rt::Result<Upload>> concatenate(std::string tenant, NewUpload input, std::vector<std::string> pieces);
  // Takes every step that is due without a further call: joins pieces that are all whole, and makes the media of an
  // upload that completes itself. Asked after the last byte, and again by whoever asks how far an upload is and by the
  // sweep, so that a crash between the steps leaves nothing undone. Answers the upload as it then is.
  rt::Task<rt::Result<Upload>> advance(std::string tenant, std::string id);
  // All announced bytes are here, but the sender was cut off before it could say that this was the end: now it has.
  rt::Task<rt::Result<Upload>> declare_whole(std::string tenant, std::string id, std::uint64_t total_bytes);
  // For doors that learn the file's name with its bytes. kConflict when it has ended.
  rt::Task<rt::Result<Upload>> rename(std::string tenant, std::string id, std::string file_name);

  // Joins the parts, checks for a duplicate when the tenant wants that, makes the media and its probe job, all or
  // nothing. A repeat answers the same upload. kConflict when bytes are missing, a transfer runs, or it was cancelled.
  rt::Task<rt::Result<Completion>> complete(std::string tenant, std::string id, CompleteUpload input);
  // Frees the bytes. A repeat answers the same upload; kConflict when completed.
  rt::Task<rt::Result<Upload>> cancel(std::string tenant, std::string id);
  // Removes the record with the bytes. kConflict when completed.
  rt::Task<rt::Status> discard(std::string tenant, std::string id);
  // Removes the record of a completed upload; its media keeps the bytes. Else kConflict.
  rt::Task<rt::Status> remove(std::string tenant, std::string id);

  // Expires what was idle for too long and frees its bytes; returns how many. What fails holds up nothing else
  // (sweep_index()). Called every minute or so by one loop.
  rt::Task<rt::Result<std::size_t>> sweep();

 private:
  rt::Task<rt::Result<Upload>> open_upload(std::string tenant, std::string id, std::uint64_t offset,
                                           std::optional<std::uint64_t> total_bytes, Placing placing);
  rt::Task<rt::Status> check_input(std::string tenant, const NewUpload& input);
  rt::Task<rt::Status> check_quota(std::string tenant, const NewUpload& input);
  Upload announce(std::string tenant, NewUpload input, const Tenant& owner) const;
  void put_new(store::Transaction& transaction, const Upload& upload) const;
  rt::Task<rt::Status> check_channel(std::string tenant, std::string channel_id);
  rt::Status check_whole(const Upload& upload) const;
  rt::Task<rt::Result<Upload>> end(Upload upload, UploadState state, std::string error, std::string duplicate_of,
                                   std::vector<Multipart> sealed = {});
  rt::Task<rt::Result<bool>> expire(Upload upload, std::string key);
  rt::Task<rt::Result<bool>> sweep_one(std::string key);
  rt::Task<rt::Result<bool>> move_in_index(Upload upload, std::string key);

  rt::Task<rt::Result<std::vector<Upload>>> load_pieces(std::string tenant, std::vector<std::string> ids);
  rt::Task<rt::Result<std::optional<Upload>>> joined_before(std::vector<Upload> pieces, std::vector<std::string> ids);
  rt::Task<rt::Result<Upload>> assemble(Upload upload);
  rt::Task<rt::Result<Upload>> move_bytes(Upload upload, std::vector<Upload> pieces);
  rt::Task<rt::Result<std::int64_t>> last_expiry(const Upload& upload);

  rt::Task<rt::Result<Completion>> try_complete(Upload upload, bool duplicate_check);
  rt::Task<rt::Result<Upload>> join_parts(Upload upload);
  rt::Task<rt::Result<std::string>> find_duplicate(const Upload& upload, std::string print);
  rt::Task<rt::Result<Completion>> make_media(Upload upload, Media media, std::optional<store::Revision> last);
  void merge_progress(Upload& upload) const;
  rt::Task<rt::Status> merge_parts(Upload& upload);
  rt::Task<rt::Status> merge_all(std::vector<Upload>& uploads);
  rt::Task<rt::Status> what_is_missing(Upload upload);
  rt::Task<void> drop_parts(Upload upload);

  store::Store& store_;
  Tenants& tenants_;
  Jobs& jobs_;
  const Clock clock_;
  std::unique_ptr<Transfers> transfers_;
  Incoming incoming_;
};

}  // namespace millrace::media
