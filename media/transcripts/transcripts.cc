#include "media/transcripts/transcripts.h"

#include "media/records/codec_transcript.h"
#include "media/records/keys.h"
#include "media/records/records.h"

namespace millrace::media {

rt::Task<rt::Result<std::vector<Transcript>>> Transcripts::of_media(std::string tenant, std::string media_id) {
  auto records = co_await scan_all(store_, keys::transcripts(tenant, media_id));
  if (!records) co_return rt::pass(records);
  std::vector<Transcript> all;
  for (const auto& record : *records) {
    auto transcript = decode_transcript(record);
    if (!transcript) co_return rt::pass(transcript);
    all.push_back(std::move(*transcript));
  }
  co_return all;
}

rt::Task<rt::Result<Transcript>> Transcripts::find(std::string tenant, std::string id) {
  auto place = co_await get_record(store_, keys::transcript_place(id), "transcript");
  if (!place) co_return rt::pass(place);
  auto record = co_await get_record(store_, std::move(place->value), "transcript");
  if (!record) co_return rt::pass(record);
  auto transcript = decode_transcript(*record);
  if (transcript && transcript->tenant != tenant) co_return rt::fail(rt::Code::kNotFound, "no such transcript");
  co_return transcript;
}

void put_transcript(store::Transaction& transaction, const Transcript& transcript) {
  const std::string key = keys::transcript(transcript.tenant, transcript.media_id, transcript.language);
  transaction.put(key, encode(transcript));
  transaction.put(keys::transcript_place(transcript.id), key);
}

void erase_transcript(store::Transaction& transaction, const Transcript& transcript) {
  transaction.erase(keys::transcript(transcript.tenant, transcript.media_id, transcript.language));
  transaction.erase(keys::transcript_place(transcript.id));
}

}  // namespace millrace::media
