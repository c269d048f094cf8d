// The engines behind speech.h, each in a file of its own. On the queue's loop.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "media/processing/speech.h"

namespace millrace::media {

// In pieces cut where it is quiet, because its times go wrong over long silence.
rt::Task<rt::Result<std::vector<Word>>> hear_with_pocketsphinx(const SpeechOptions& options, Jail& jail,
                                                               Workspace& workspace, const Sound& sound, Share share,
                                                               JobRun& run);
// `language`: a primary subtag (RFC 5646 §2.2.1) in lower case.
rt::Task<rt::Result<std::vector<Word>>> hear_with_whisper(const SpeechOptions& options, Jail& jail,
                                                          Workspace& workspace, const Sound& sound,
                                                          std::string language, JobRun& run);

// What an engine wrote: no more than kEngineBytesMax and one byte, which is too many. Blocks.
rt::Result<std::string> read_engine_output(const std::filesystem::path& path);

}  // namespace millrace::media
