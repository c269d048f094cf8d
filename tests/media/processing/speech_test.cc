#include "media/processing/speech.h"

#include <gtest/gtest.h>

namespace millrace::media {
namespace {

TEST(Speech, PocketsphinxHearsEnglishAlone) {
  const SpeechOptions options;
  for (const char* tag : {"en", "en-US", "EN-gb", "en_GB"}) {
    EXPECT_EQ(engine_for(tag, options), SpeechEngine::kPocketsphinx) << tag;
  }
  for (const char* tag : {"de", "", "e", "english", "e-n", "../en", "-en", "\xc3\xa9n"}) {
    EXPECT_EQ(engine_for(tag, options), SpeechEngine::kNone) << tag;
  }
}

TEST(Speech, WhisperHearsWhatItsModelDoes) {
  SpeechOptions options{.whisper = "/opt/whisper/whisper-cli"};
  EXPECT_EQ(engine_for("de", options), SpeechEngine::kNone) << "without a model";
  options.whisper_model = "/opt/models/ggml-base.bin";
  EXPECT_EQ(engine_for("de-CH", options), SpeechEngine::kWhisper);
  EXPECT_EQ(engine_for("en", options), SpeechEngine::kWhisper);
  EXPECT_EQ(engine_for("--help", options), SpeechEngine::kNone);
  options.whisper_model = "/opt/models/ggml-base.en.bin";
  EXPECT_EQ(engine_for("de", options), SpeechEngine::kNone);
  EXPECT_EQ(engine_for("en", options), SpeechEngine::kWhisper);
}

TEST(Speech, EnginesHaveNames) {
  EXPECT_EQ(word(SpeechEngine::kPocketsphinx), "pocketsphinx");
  EXPECT_EQ(word(SpeechEngine::kWhisper), "whisper.cpp");
  EXPECT_EQ(word(SpeechEngine::kNone), "");
}

}  // namespace
}  // namespace millrace::media
