#include "handlers/v2/transcripts.h"

#include "handlers/input.h"
#include "handlers/links.h"
#include "handlers/representation.h"
#include "handlers/v2/envelope.h"
#include "handlers/v2/views.h"
#include "media/transcripts/formats.h"
#include "media/transcripts/transcription.h"
#include "media/transcripts/transcripts.h"

namespace millrace::handlers::v2 {
namespace {

using media::TranscriptFormat;

rt::Result<TranscriptFormat> wanted_format(const http::Request& request) {
  const auto query = query_of(request);
  if (!query) return std::unexpected(query.error());
  const auto text = value_of(*query, "transcriptDownloadType");
  if (!text) return TranscriptFormat::kJson;
  const auto format = media::parse_transcript_format(*text);
  if (format) return *format;
  return rt::fail(rt::Code::kInvalid, "transcriptDownloadType must be json, txt, srt or vtt", "transcriptDownloadType");
}

// "My clip.en.srt"
std::string file_name(const media::Media& media, const media::Transcript& transcript, TranscriptFormat format) {
  const std::size_t dot = media.file_name.rfind('.');
  const std::string stem = media.file_name.substr(0, dot == 0 ? std::string::npos : dot);
  return stem + "." + transcript.language + "." + std::string(word(format));
}

rt::Task<rt::Status> set_text(http::Response& response, std::string text) {
  response.body = std::move(text);
  co_return rt::Status();
}

}  // namespace

Answer list_transcripts(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto media = co_await services.catalog.get(principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  const auto states = co_await services.transcription.states(*media);
  if (!states) co_return std::unexpected(states.error());
  const std::string base = media_url(services.settings, exchange.request, media->id);
  co_return success(200, transcripts_view(*states, base));
}

Answer download_transcript(Services& services, http::Exchange& exchange, media::Principal principal) {
  const auto format = wanted_format(exchange.request);
  if (!format) co_return std::unexpected(format.error());
  auto media = co_await services.catalog.find(principal.tenant, exchange.params[0]);
  if (!media) co_return rt::pass(media);
  auto transcript = co_await services.transcripts.find(principal.tenant, exchange.params[1]);
  if (transcript && transcript->media_id != media->id) co_return rt::fail(rt::Code::kNotFound, "no such transcript");
  if (!transcript) co_return rt::pass(transcript);
  const std::string file = render(*transcript, *format);
  const std::string tag = transcript->id + "-" + std::string(word(*format));
  const Representation shown(file.size(), tag, transcript->created_ms, std::string(media::content_type(*format)),
                             file_name(*media, *transcript, *format));
  const auto set = [&](http::Response& response, http::ByteRange range) {
    return set_text(response, file.substr(range.first, range.length));
  };
  co_return co_await represent(exchange, door, shown, set);
}

}  // namespace millrace::handlers::v2
