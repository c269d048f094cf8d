#include "media/playback/playback.h"

#include "media/catalog/short_id.h"
#include "media/records/keys.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

class PlaybackTest : public World {
 protected:
  Media hidden() {
    return good(catalog.update("default", id, [](Media& media) {
      media.details.policy = PlaybackPolicy::kSigned;
      return rt::Status();
    }));
  }
  void make_ready() {
    store::Transaction transaction;
    Rendition rendition;
    rendition.id = "r1";
    rendition.tenant = "default";
    rendition.media_id = id;
    rendition.object = store::ObjectId::random();
    transaction.create(rendition.object, draft("what was made of it"));
    put_rendition(transaction, rendition);
    good(store.commit(std::move(transaction)));
    good(catalog.update("default", id, [](Media& media) {
      media.status = MediaStatus::kReady;
      return rt::Status();
    }));
  }

  std::string id = ingest("a clip");
  Renditions renditions{store};
  Playback playback{store, *tenants, renditions, test_clock};
};

TEST_F(PlaybackTest, IsFoundByEitherId) {
  EXPECT_EQ(bad(playback.find(id)).code, rt::Code::kNotFound) << "nothing is made of it yet";
  make_ready();
  EXPECT_EQ(good(playback.find(id))->media.id, id);
  EXPECT_EQ(good(playback.find(short_id(id)))->renditions.size(), 1u);
  std::string other = id;
  other.back() = other.back() == '0' ? '1' : '0';
  for (const std::string& wrong : {other, std::string(), std::string("x"), short_id(id).substr(1), id + "0"}) {
    EXPECT_EQ(bad(playback.find(wrong)).code, rt::Code::kNotFound) << wrong;
  }
}

TEST_F(PlaybackTest, GoesWithItsMedia) {
  make_ready();
  good(playback.find(id));
  good(catalog.remove("default", id, true));
  EXPECT_EQ(bad(playback.find(id)).code, rt::Code::kNotFound);
  EXPECT_FALSE(good(store.get(keys::playback_place(short_id(id)))));
}

TEST_F(PlaybackTest, PublicMediaNeedNoToken) {
  EXPECT_TRUE(playback.check_token(good(catalog.get("default", id)), ""));
  EXPECT_TRUE(playback.check_token(good(catalog.get("default", id)), "whatever"));
}

TEST_F(PlaybackTest, ATokenIsGoodUntilItExpires) {
  const Media media = hidden();
  const auto token = playback.token(id, test_now_ms + 1'000);
  ASSERT_TRUE(token);
  EXPECT_TRUE(playback.check_token(media, token->text));
  test_now_ms += 999;
  EXPECT_TRUE(playback.check_token(media, token->text));
  test_now_ms += 1;
  EXPECT_EQ(playback.check_token(media, token->text).error().message, "the token has expired");
}

TEST_F(PlaybackTest, ATokenIsForOneMediaAndOnePurpose) {
  const Media media = hidden();
  const std::int64_t soon_ms = test_now_ms + 1'000;
  const std::string wrong[] = {playback.token("another", soon_ms)->text,
                               tenants->sign("token", id + " " + std::to_string(soon_ms)),
                               tenants->sign("playback", id),
                               tenants->sign("playback", id + " soon"),
                               playback.token(id, soon_ms)->text + "A",
                               "x.y",
                               "."};
  for (const std::string& token : wrong) {
    EXPECT_EQ(playback.check_token(media, token).error().code, rt::Code::kForbidden) << token;
  }
  EXPECT_EQ(playback.check_token(media, "").error().code, rt::Code::kUnauthenticated);
}

TEST_F(PlaybackTest, ExpiryHasBounds) {
  EXPECT_EQ(playback.token(id, std::nullopt)->expires_ms, test_now_ms + kPlaybackTokenMs);
  EXPECT_EQ(playback.token(id, test_now_ms).error().field, "expires");
  EXPECT_EQ(playback.token(id, test_now_ms + kPlaybackTokenMsMax + 1).error().field, "expires");
  EXPECT_TRUE(playback.token(id, test_now_ms + kPlaybackTokenMsMax));
}

}  // namespace
}  // namespace millrace::media
