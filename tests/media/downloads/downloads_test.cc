#include "media/downloads/downloads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "media/downloads/holds.h"
#include "media/records/codec_download.h"
#include "media/records/keys.h"
#include "media/tenants/metered_store.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

using rt::Code;
using testing::ElementsAre;

// Downloads over a meter, as the server has them: what they hold is kept there.
class DownloadsTest : public World {
 protected:
  DownloadsTest() {
    tenants->meter(meter);
    limits.entries_max = 4;
    downloads.limit(limits);
  }

  // A rendition of a media whose bytes are these; its id.
  std::string render(const std::string& media_id, std::string name, std::string bytes) {
    Rendition rendition{.id = "r-" + name,
                        .tenant = "default",
                        .media_id = media_id,
                        .kind = name == "track" ? RenditionKind::kTrack : RenditionKind::kVideo,
                        .name = name,
                        .codec = "avc1",
                        .content_type = "video/mp4",
                        .extension = "mp4",
                        .object = store::ObjectId::random(),
                        .size_bytes = bytes.size(),
                        .segments = {}};
    store::Transaction transaction;
    put_rendition(transaction, rendition);
    transaction.create(rendition.object, draft(std::move(bytes)));
    good(meter.commit(std::move(transaction)));
    return rendition.id;
  }
  std::string transcribe(const std::string& media_id) {
    Transcript transcript{
        .id = "t-1", .tenant = "default", .media_id = media_id, .language = "en", .engine = "e", .words = {}};
    for (int i = 0; i < 200; ++i) transcript.words.push_back({"word", i * 400, i * 400 + 300, 1});
    store::Transaction transaction;
    put_transcript(transaction, transcript);
    good(meter.commit(std::move(transaction)));
    return transcript.id;
  }
  // The object's bytes as they lie in the store.
  std::string stored(const DownloadItem& item) {
    return store.bytes(item.object).value_or("gone").substr(item.offset, item.stored_bytes);
  }
  Download created(NewDownload wanted) {
    if (wanted.title.empty()) wanted.title = "A package";
    return good(downloads.create("default", std::move(wanted)));
  }
  rt::Error refused(NewDownload wanted) {
    wanted.title = "A package";
    return bad(downloads.create("default", std::move(wanted)));
  }
  // What is counted is what a fresh count of the same store finds.
  std::uint64_t kept() {
    MeteredStore fresh(store);
    good(fresh.count());
    return fresh.bytes_of("default");
  }

  MeteredStore meter{store};
  Catalog catalog{meter, test_clock};
  Renditions renditions{meter};
  Transcripts transcripts{meter};
  DownloadLimits limits;
  Downloads downloads{{meter, catalog, renditions, transcripts}, test_clock};
};

TEST_F(DownloadsTest, AnArchiveIsReadyAtOnce) {
  const std::string a = ingest("some bytes", "clip.mp4");
  const std::string b = ingest("other bytes", "Clip.mp4");
  const Download made = created({.title = "Q4: board", .media_ids = {a, b, a}});
  EXPECT_EQ(made.status, DownloadStatus::kReady);
  EXPECT_TRUE(made.compressed);
  EXPECT_EQ(made.file_name, "Q4_ board.zip");
  EXPECT_EQ(made.content_type, "application/zip");
  ASSERT_EQ(made.items.size(), 2u);
  EXPECT_EQ(made.items[0].name, "clip.mp4");
  EXPECT_EQ(made.items[1].name, "Clip (2).mp4");
  EXPECT_EQ(stored(made.items[1]), "other bytes");
  EXPECT_EQ(made.expires_ms, test_now_ms + limits.expire_seconds * 1000);
  const auto package = good(downloads.with_file(made.file_id));
  EXPECT_EQ(package->layout->size_bytes(), made.size_bytes);
  EXPECT_EQ(good(downloads.get("default", made.id)).etag, made.etag);
}

TEST_F(DownloadsTest, OneFileIsSentAsItIs) {
  const std::string media = ingest("bytes", "clip.mp4");
  const Download plain = created({.media_ids = {media}});
  EXPECT_FALSE(plain.compressed);
  EXPECT_EQ(plain.file_name, "clip.mp4");
  EXPECT_EQ(plain.size_bytes, 5u);
  EXPECT_TRUE(created({.media_ids = {media}, .compressed = true}).compressed);
  const rt::Error error = refused({.media_ids = {media, ingest("more")}, .compressed = false});
  EXPECT_EQ(error.code, Code::kInvalid);
  EXPECT_EQ(error.field, "compressed");
}

TEST_F(DownloadsTest, RenditionsAndTranscriptsAreNamedAfterTheirMedia) {
  const std::string media = ingest("bytes", "clip.mov");
  const Download made =
      created({.rendition_ids = {render(media, "720", "rendered")},
               .transcripts = {{transcribe(media), TranscriptFormat::kSrt}, {"t-1", TranscriptFormat::kJson}}});
  ASSERT_EQ(made.items.size(), 3u);
  EXPECT_EQ(made.items[0].name, "clip 720.mp4");
  EXPECT_EQ(made.items[1].name, "clip.en.srt");
  EXPECT_EQ(made.items[2].name, "clip.en.json");
  EXPECT_TRUE(made.items[1].deflated);
  EXPECT_LT(made.items[1].stored_bytes, made.items[1].size_bytes);
  EXPECT_EQ(made.items[2].offset, made.items[1].stored_bytes);
  EXPECT_EQ(made.texts_bytes, made.items[1].stored_bytes + made.items[2].stored_bytes);
  EXPECT_EQ(kept(), 5 + 8 + made.texts_bytes);
}

TEST_F(DownloadsTest, OneTranscriptIsAText) {
  const std::string media = ingest("bytes", "clip.mov");
  const Download made = created({.transcripts = {{transcribe(media), TranscriptFormat::kTxt}}});
  EXPECT_FALSE(made.compressed);
  EXPECT_EQ(made.content_type, "text/plain; charset=utf-8");
  EXPECT_EQ(stored(made.items[0]), media::render(good(transcripts.find("default", "t-1")), TranscriptFormat::kTxt));
}

TEST_F(DownloadsTest, WhatIsNotThereIsNamed) {
  const std::string media = ingest("bytes");
  const rt::Error absent = refused({.media_ids = {media, "nothing"}});
  EXPECT_EQ(absent.code, Code::kNotFound);
  EXPECT_EQ(absent.field, "selectedMediaIds[1]");
  EXPECT_EQ(bad(downloads.create("other", {.title = "Theirs", .media_ids = {media}})).field, "selectedMediaIds[0]");
  const std::string track = render(media, "track", "cut");
  EXPECT_EQ(refused({.rendition_ids = {track}}).field, "selectedRenditionIds[0]");
  EXPECT_EQ(refused({.transcripts = {{"nothing", {}}}}).field, "selectedTranscripts[0]");
  const std::string rendition = render(media, "720", "rendered");
  good(catalog.remove("default", media, false));
  EXPECT_EQ(refused({.media_ids = {media}}).code, Code::kNotFound);
  EXPECT_EQ(refused({.rendition_ids = {rendition}}).code, Code::kNotFound);
  EXPECT_EQ(store.records(keys::all_downloads()), 0u);
}

TEST_F(DownloadsTest, InputHasLimits) {
  const std::string media = ingest("bytes");
  EXPECT_EQ(bad(downloads.create("default", {.media_ids = {media}})).field, "title");
  EXPECT_EQ(refused({}).field, "selectedMediaIds");
  EXPECT_EQ(refused({.media_ids = {"1", "2", "3", "4", "5"}}).field, "selectedMediaIds");
  EXPECT_EQ(refused({.media_ids = {media}, .expires_ms = test_now_ms.load()}).field, "expires");
  EXPECT_EQ(refused({.media_ids = {media}, .expires_ms = test_now_ms + limits.expire_seconds_max * 1000 + 1}).field,
            "expires");
}

TEST_F(DownloadsTest, DeletedMediaIsHeldUntilTheLastDownloadGoes) {
  const std::string media = ingest("held bytes");
  good(meter.count());
  const Download first = created({.media_ids = {media}});
  const Download second = created({.media_ids = {media}});
  good(catalog.remove("default", media, true));
  EXPECT_EQ(stored(first.items[0]), "held bytes");
  EXPECT_EQ(kept(), 10u);
  EXPECT_EQ(meter.bytes_of("default"), kept());
  good(downloads.remove("default", first.id));
  EXPECT_EQ(stored(second.items[0]), "held bytes");
  good(downloads.remove("default", second.id));
  EXPECT_EQ(store.objects(), 0u);
  EXPECT_EQ(store.records(keys::all_holds()), 0u);
  EXPECT_EQ(kept(), 0u);
  EXPECT_EQ(meter.bytes_of("default"), 0u);
  EXPECT_EQ(store.records("m/download"), 0u);
}

TEST_F(DownloadsTest, MediaThatStaysKeepsItsBytes) {
  const std::string media = ingest("bytes");
  const Download made = created({.media_ids = {media}});
  good(downloads.remove("default", made.id));
  EXPECT_EQ(bytes_of(media), "bytes");
  EXPECT_EQ(store.records(keys::all_holds()), 0u);
  good(catalog.remove("default", media, true));
  EXPECT_EQ(store.objects(), 0u);
}

TEST_F(DownloadsTest, AnErasedRenditionIsHeld) {
  const std::string media = ingest("bytes");
  const std::string id = render(media, "720", "rendered");
  const Download made = created({.rendition_ids = {id}});
  store::Transaction transaction;
  erase_rendition(transaction, good(renditions.find("default", id)));
  good(meter.commit(std::move(transaction)));
  EXPECT_EQ(stored(made.items[0]), "rendered");
  good(downloads.remove("default", made.id));
  EXPECT_EQ(store.objects(), 1u);
}

// The media goes right before the download is committed.
TEST_F(DownloadsTest, MediaThatGoesMeanwhileIsNotSelected) {
  const std::string media = ingest("bytes");
  store.before_commit([&] { good(Catalog(meter, test_clock).remove("default", media, true)); });
  EXPECT_EQ(refused({.media_ids = {media}}).code, Code::kNotFound);
  EXPECT_EQ(store.objects(), 0u);
  EXPECT_EQ(store.records(keys::all_holds()), 0u);
}

// The download comes right before the media's deletion is committed.
TEST_F(DownloadsTest, DownloadThatComesMeanwhileHolds) {
  const std::string media = ingest("bytes");
  Download made;
  store.before_commit([&] { made = created({.media_ids = {media}}); });
  good(catalog.remove("default", media, true));
  EXPECT_EQ(stored(made.items.at(0)), "bytes");
  EXPECT_EQ(store.records(keys::medias("default")), 0u);
  good(downloads.remove("default", made.id));
  EXPECT_EQ(store.objects(), 0u);
}

TEST_F(DownloadsTest, ExpiresAndIsForgotten) {
  const std::string media = ingest("bytes");
  const Download made = created({.media_ids = {media}, .expires_ms = test_now_ms + 1000});
  good(catalog.remove("default", media, true));
  EXPECT_EQ(good(downloads.sweep()), 0u);
  test_now_ms += 1000;
  EXPECT_EQ(bad(downloads.with_file(made.file_id)).code, Code::kGone);
  EXPECT_EQ(good(downloads.sweep()), 1u);
  EXPECT_EQ(store.objects(), 0u);
  EXPECT_EQ(good(downloads.sweep()), 0u);
  EXPECT_EQ(bad(downloads.with_file(made.file_id)).code, Code::kGone);
  EXPECT_TRUE(has_expired(good(downloads.get("default", made.id)), test_now_ms));
  test_now_ms += limits.forget_seconds * 1000;
  EXPECT_EQ(good(downloads.sweep()), 0u);
  EXPECT_EQ(bad(downloads.with_file(made.file_id)).code, Code::kNotFound);
  EXPECT_EQ(store.records("m/download"), 0u);
}

TEST_F(DownloadsTest, WhoReadsReadsOn) {
  const std::string media = ingest("bytes");
  const Download made = created({.media_ids = {media}, .expires_ms = test_now_ms + 1000});
  good(catalog.remove("default", media, true));
  auto reading = good(downloads.with_file(made.file_id));
  test_now_ms += 1000;
  EXPECT_EQ(good(downloads.sweep()), 0u);
  EXPECT_EQ(store.objects(), 1u);
  EXPECT_EQ(bad(downloads.with_file(made.file_id)).code, Code::kGone);
  reading.reset();
  EXPECT_EQ(good(downloads.sweep()), 1u);
  EXPECT_EQ(store.objects(), 0u);
}

TEST_F(DownloadsTest, ListsTheTenantsOwn) {
  const std::string media = ingest("bytes");
  const std::string rendition = render(media, "720", "rendered");
  for (const char* title : {"b", "a"}) {
    created({.title = title, .media_ids = {media}});
    ++test_now_ms;
  }
  const Download nobodys = good(downloads.create_for_nobody({.title = "free", .rendition_ids = {rendition}}));
  const auto titles = [&](Query query) {
    std::vector<std::string> all;
    for (const Download& each : good(downloads.list("default", std::move(query))).items) all.push_back(each.title);
    return all;
  };
  EXPECT_THAT(titles({}), ElementsAre("a", "b"));
  EXPECT_THAT(titles({.sort = "title", .descending = true}), ElementsAre("b", "a"));
  EXPECT_THAT(titles({.filters = {{"title", "free"}}}), ElementsAre());
  EXPECT_EQ(good(downloads.list("other", {})).total, 0u);
  EXPECT_EQ(bad(downloads.get("default", nobodys.id)).code, Code::kNotFound);
  EXPECT_EQ(good(downloads.get_of_nobody(nobodys.id)).title, "free");
}

TEST_F(DownloadsTest, WithoutAKeyOnePublicRendition) {
  const std::string media = ingest("bytes");
  const std::string rendition = render(media, "720", "rendered");
  const std::string other = render(media, "480", "smaller");
  const auto refusal = [&](NewDownload wanted) {
    wanted.title = "free";
    return bad(downloads.create_for_nobody(std::move(wanted))).code;
  };
  const Download made = good(downloads.create_for_nobody({.title = "free", .rendition_ids = {rendition}}));
  EXPECT_FALSE(made.compressed);
  EXPECT_EQ(made.expires_ms, test_now_ms + kNobodysSecondsMax * 1000);
  EXPECT_EQ(refusal({.rendition_ids = {rendition, other}}), Code::kUnauthenticated);
  EXPECT_EQ(refusal({.media_ids = {media}}), Code::kUnauthenticated);
  EXPECT_EQ(refusal({.media_ids = {media}, .rendition_ids = {rendition}}), Code::kUnauthenticated);
  EXPECT_EQ(refusal({.transcripts = {{"t-1", {}}}}), Code::kUnauthenticated);
  const auto absent = bad(downloads.create_for_nobody({.title = "free", .rendition_ids = {"nothing"}}));
  good(catalog.update("default", media, [](Media& each) {
    each.details.policy = PlaybackPolicy::kSigned;
    return rt::Status();
  }));
  const auto hidden = bad(downloads.create_for_nobody({.title = "free", .rendition_ids = {rendition}}));
  EXPECT_EQ(hidden.code, absent.code);
  EXPECT_EQ(hidden.message, absent.message);
  EXPECT_EQ(hidden.field, absent.field);
}

TEST_F(DownloadsTest, LostBytesAreAFailedDownload) {
  const std::string media = ingest("bytes", "clip.mp4");
  const Media before = good(catalog.get("default", media));
  store::Transaction loss;
  loss.remove(before.object);
  good(store.commit(std::move(loss)));
  const Download made = created({.media_ids = {media}});
  EXPECT_EQ(made.status, DownloadStatus::kFailed);
  EXPECT_EQ(made.message, "the bytes of clip.mp4 are lost");
  EXPECT_EQ(bad(downloads.with_file(made.file_id)).code, Code::kNotFound);
}

TEST_F(DownloadsTest, TheArchiveIsTheSameAfterARestart) {
  const std::string media = ingest("bytes", "clip.mov");
  const Download made = created({.media_ids = {media}, .transcripts = {{transcribe(media), TranscriptFormat::kVtt}}});
  Downloads again({meter, catalog, renditions, transcripts}, test_clock);
  const auto package = good(again.with_file(made.file_id));
  EXPECT_EQ(package->layout->directory(), good(downloads.with_file(made.file_id))->layout->directory());
  EXPECT_EQ(package->download.etag, made.etag);
}

}  // namespace
}  // namespace millrace::media
