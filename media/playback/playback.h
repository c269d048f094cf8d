// Playback: what can be played of a media, found by its playback id alone, because who plays it has no key and no
// tenant. An index record, made with the media and gone with it, leads from the id to the record. Who may play is the
// media's policy: anyone, or who has a token that was signed for this media and has not expired. Any loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/catalog/media.h"
#include "media/records/clock.h"
#include "media/renditions/renditions.h"
#include "media/tenants/tenants.h"
#include "server/rt/error.h"
#include "server/rt/lru_cache.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::media {

struct Playable {
  Media media;
  std::vector<Rendition> renditions;  // as Renditions::of_media() gives them
};

inline constexpr std::int64_t kPlaybackTokenMs = 24LL * 3600 * 1000;           // when nothing else is asked for
inline constexpr std::int64_t kPlaybackTokenMsMax = 365LL * 24 * 3600 * 1000;  // a token cannot be taken back

struct PlaybackToken {
  std::string text;
  std::int64_t expires_ms = 0;
};

class Playback {
 public:
  // All outlive it.
  Playback(store::Store& store, Tenants& tenants, Renditions& renditions, Clock clock = system_clock_ms)
      : store_(store), tenants_(tenants), renditions_(renditions), clock_(clock) {}

  // By the media's id or its short id (media/catalog/short_id.h). kNotFound when there is none, when it was deleted,
  // and, in other words, while there is nothing to play of it.
  rt::Task<rt::Result<std::shared_ptr<const Playable>>> find(std::string id);

  // Nothing given: for a day. kInvalid, the field "expires", unless that is in the future and not too far.
  rt::Result<PlaybackToken> token(std::string_view media_id, std::optional<std::int64_t> expires_ms) const;
  // kUnauthenticated when it needs a token and none is given, kForbidden when this is none for it or has expired.
  rt::Status check_token(const Media& media, std::string_view token) const;

 private:
  struct Kept {
    std::shared_ptr<const Playable> playable;
    std::string key;
    std::uint64_t stamp;
  };
  rt::Task<rt::Result<std::shared_ptr<const Playable>>> look_up(std::string id);
  rt::Task<rt::Result<std::shared_ptr<const Playable>>> read(std::string short_id);

  static constexpr std::size_t kKeptBytesMax = std::size_t{32} << 20;

  store::Store& store_;
  Tenants& tenants_;
  Renditions& renditions_;
  const Clock clock_;
  rt::LruCache<Kept> kept_{kKeptBytesMax};  // renditions change only together with their media's record
};

// In the transaction that makes the media, and in the one that ends it.
void put_playback_place(store::Transaction& transaction, const Media& media);
void erase_playback_place(store::Transaction& transaction, const Media& media);

}  // namespace millrace::media
