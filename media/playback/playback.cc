#include "media/playback/playback.h"

#include <fmt/format.h>

#include <optional>

#include "media/catalog/short_id.h"
#include "media/records/codec.h"
#include "media/records/keys.h"
#include "server/rt/text.h"

namespace millrace::media {
namespace {

using rt::Code;

constexpr std::string_view kPurpose = "playback";
constexpr std::size_t kShortIdDigits = 20;

std::unexpected<rt::Error> absent() { return rt::fail(Code::kNotFound, "there is no media with this playback id"); }

// What is made anew is played as it was until then.
bool is_playable(const Playable& playable) {
  const Media& media = playable.media;
  return !playable.renditions.empty() &&
         (media.status == MediaStatus::kReady || (media.status == MediaStatus::kPreparing && media.was_ready));
}

std::size_t cost_of(const Playable& playable) {
  std::size_t bytes = sizeof(Playable);
  for (const Rendition& rendition : playable.renditions) {
    bytes += sizeof(Rendition) + rendition.segments.size() * sizeof(Segment);
  }
  return bytes;
}

struct Content {
  std::string_view media_id;
  std::int64_t expires_ms = 0;
};

std::optional<Content> parse(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == text.npos) return std::nullopt;
  Content content{text.substr(0, space)};
  const auto expires_ms = rt::whole_number<std::int64_t>(text.substr(space + 1));
  if (!expires_ms) return std::nullopt;
  content.expires_ms = *expires_ms;
  return content;
}

}  // namespace

rt::Task<rt::Result<std::shared_ptr<const Playable>>> Playback::find(std::string id) {
  auto found = co_await look_up(std::move(id));
  if (!found) co_return found;
  const Playable& playable = **found;
  if (playable.media.status == MediaStatus::kSoftDeleted) co_return absent();
  if (is_playable(playable)) co_return found;
  co_return rt::fail(Code::kNotFound, playable.media.status == MediaStatus::kErrored
                                          ? "this media could not be made playable"
                                          : "there is nothing to play of this media yet");
}

rt::Task<rt::Result<std::shared_ptr<const Playable>>> Playback::look_up(std::string id) {
  const std::string digits = short_id(id);
  if (digits.size() != kShortIdDigits) co_return absent();
  const auto kept = kept_.find(digits);
  const bool fresh = kept && store_.stamp(kept->key) == kept->stamp;
  rt::Result<std::shared_ptr<const Playable>> found = fresh ? kept->playable : nullptr;
  if (!fresh) found = co_await read(digits);
  if (found && id != digits && id != (*found)->media.id) co_return absent();
  co_return found;
}

rt::Task<rt::Result<std::shared_ptr<const Playable>>> Playback::read(std::string short_id) {
  auto place = co_await store_.get(keys::playback_place(short_id));
  if (!place) co_return rt::pass(place);
  if (!*place) co_return absent();
  const std::string key = std::move((*place)->value);
  const std::uint64_t stamp = store_.stamp(key);
  auto record = co_await store_.get(key);
  if (!record) co_return rt::pass(record);
  if (!*record) co_return absent();
  auto media = decode_media(**record);
  if (!media) co_return rt::pass(media);
  auto renditions = co_await renditions_.of_media(media->tenant, media->id);
  if (!renditions) co_return rt::pass(renditions);
  auto playable = std::make_shared<const Playable>(std::move(*media), std::move(*renditions));
  kept_.put(short_id, std::make_shared<const Kept>(playable, key, stamp), cost_of(*playable));
  co_return playable;
}

rt::Result<PlaybackToken> Playback::token(std::string_view media_id, std::optional<std::int64_t> expires_ms) const {
  const std::int64_t now_ms = clock_();
  const std::int64_t until_ms = expires_ms.value_or(now_ms + kPlaybackTokenMs);
  if (until_ms <= now_ms) return rt::fail(Code::kInvalid, "expires must be in the future", "expires");
  if (until_ms > now_ms + kPlaybackTokenMsMax) {
    return rt::fail(Code::kInvalid, "expires may be a year away at most", "expires");
  }
  return PlaybackToken{tenants_.sign(kPurpose, fmt::format("{} {}", media_id, until_ms)), until_ms};
}

rt::Status Playback::check_token(const Media& media, std::string_view token) const {
  if (media.details.policy == PlaybackPolicy::kPublic) return {};
  if (token.empty()) return rt::fail(Code::kUnauthenticated, "playing this media needs a token: ?token=…");
  const auto text = tenants_.read_signed(kPurpose, token);
  const auto content = text ? parse(*text) : std::nullopt;
  if (!content || content->media_id != media.id) {
    return rt::fail(Code::kForbidden, "the token is not one for this media");
  }
  if (content->expires_ms <= clock_()) return rt::fail(Code::kForbidden, "the token has expired");
  return {};
}

void put_playback_place(store::Transaction& transaction, const Media& media) {
  transaction.put(keys::playback_place(short_id(media.id)), keys::media(media.tenant, media.id));
}

void erase_playback_place(store::Transaction& transaction, const Media& media) {
  transaction.erase(keys::playback_place(short_id(media.id)));
}

}  // namespace millrace::media
