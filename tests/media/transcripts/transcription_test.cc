#include "media/transcripts/transcription.h"

#include <algorithm>

#include "media/processing/steps.h"
#include "media/records/keys_jobs.h"
#include "media/transcripts/transcripts.h"
#include "tests/media/world.h"

namespace millrace::media {
namespace {

using Languages = std::vector<std::string>;

class TranscriptionTest : public World {
 protected:
  Media ask(Languages languages) { return good(transcription.ask("default", id, std::move(languages))); }
  std::vector<std::string> payloads() {
    std::vector<std::string> found;
    store::Scan scan{.prefix = keys::waiting_jobs(kTranscribeKind, static_cast<unsigned>(Priority::kLow)), .after = {}};
    for (const store::Record& record : good(store.scan(std::move(scan)))) {
      found.push_back(good(jobs->get(keys::last_part(record.key))).payload);
    }
    std::ranges::sort(found);
    return found;
  }
  Transcript saying(std::string language) {
    return {.id = "t" + std::to_string(++made_),
            .tenant = "default",
            .media_id = id,
            .language = std::move(language),
            .engine = "e",
            .words = {{"hm", 0, 10, 1}}};
  }
  Media media() { return good(catalog.get("default", id)); }

  std::string id = ingest("something said");
  Transcription transcription{store, *jobs, test_clock};

 private:
  int made_ = 0;
};

TEST_F(TranscriptionTest, AskingQueuesTheJobWithTheLanguages) {
  EXPECT_EQ(ask({"en", "de", "en"}).transcript_languages, (Languages{"en", "de"}));
  EXPECT_EQ(payloads(), std::vector<std::string>{"en\nde"});
  EXPECT_EQ(transcribe_languages("en\nde"), (Languages{"en", "de"}));
  EXPECT_EQ(transcribe_languages(""), Languages{});
}

TEST_F(TranscriptionTest, ARepeatQueuesNothing) {
  const Media first = ask({"en"});
  EXPECT_EQ(ask({"en"}).revision, first.revision);
  EXPECT_EQ(payloads().size(), 1u);
  ask({"en", "fr"});
  EXPECT_EQ(payloads(), (std::vector<std::string>{"en", "fr"}));
}

TEST_F(TranscriptionTest, WhatIsReadyIsNotAskedForAgainButWhatFailedIs) {
  ask({"en", "de"});
  good(transcription.keep(media(), saying("en")));
  good(transcription.keep_failure(media(), "de", "nobody speaks it"));
  auto states = good(transcription.states(media()));
  ASSERT_EQ(states.size(), 2u);
  EXPECT_EQ(states[0].status, TranscriptStatus::kReady);
  EXPECT_EQ(states[1].status, TranscriptStatus::kFailed);
  EXPECT_EQ(states[1].error, "nobody speaks it");
  ask({"en", "de"});
  EXPECT_EQ(payloads(), (std::vector<std::string>{"de", "en\nde"}));
  EXPECT_EQ(good(transcription.states(media()))[1].status, TranscriptStatus::kQueued);
}

TEST_F(TranscriptionTest, ANewTranscriptTakesTheOldOnesPlace) {
  good(transcription.keep(media(), saying("en")));
  good(transcription.keep(media(), saying("en")));
  Transcripts transcripts(store);
  EXPECT_EQ(good(transcripts.of_media("default", id)).size(), 1u);
  EXPECT_EQ(bad(transcripts.find("default", "t1")).code, rt::Code::kNotFound);
  EXPECT_EQ(good(transcripts.find("default", "t2")).language, "en");
}

TEST_F(TranscriptionTest, AChangeInBetweenIsAConflict) {
  const Media before = media();
  ask({"en"});
  EXPECT_EQ(bad(transcription.keep(before, saying("en"))).code, rt::Code::kConflict);
  EXPECT_EQ(bad(transcription.keep_failure(before, "en", "no")).code, rt::Code::kConflict);
}

TEST_F(TranscriptionTest, GoesWithItsMedia) {
  good(transcription.keep(media(), saying("en")));
  good(transcription.keep_failure(media(), "de", "no"));
  const Media gone = good(catalog.remove("default", id, true));
  EXPECT_TRUE(good(transcription.states(gone)).empty());
  EXPECT_EQ(bad(Transcripts(store).find("default", "t1")).code, rt::Code::kNotFound);
  EXPECT_TRUE(good(store.scan({.prefix = keys::failed_transcripts("default", id), .after = {}})).empty());
}

TEST_F(TranscriptionTest, RefusesWhatIsNoLanguageAndDeletedMedia) {
  EXPECT_EQ(bad(transcription.ask("default", id, {""})).field, "transcriptLanguageCodes");
  EXPECT_EQ(bad(transcription.ask("other", id, {"en"})).code, rt::Code::kNotFound);
  good(catalog.remove("default", id, false));
  EXPECT_EQ(bad(transcription.ask("default", id, {"en"})).code, rt::Code::kConflict);
}

}  // namespace
}  // namespace millrace::media
