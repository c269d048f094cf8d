// How things look through the v2 door: domain values rendered as JSON. Names and words are the contract's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "media/catalog/media.h"
#include "media/records/listing.h"
#include "media/renditions/rendition.h"
#include "media/tenants/channels.h"
#include "media/tenants/tenants.h"
#include "media/transcripts/transcription.h"
#include "media/uploads/upload.h"
#include "server/http/json.h"

namespace millrace::handlers::v2 {

// `input`: JSON, how to send the bytes; empty when none are wanted.
std::string view(const media::Upload& upload, const std::string& input = {});
// `original_url`: where the uploaded bytes are.
std::string view(const media::Media& media, const std::string& original_url);
// What the probe found, and what was made of it: `renditions` and `transcripts` as the views of these have them.
std::string metadata_view(const media::Media& media, const std::string& renditions, const std::string& transcripts);
// Where a file of a media is played or shown.
using FileUrl = std::function<std::string(const std::string& file)>;
std::string renditions_view(const std::vector<media::Rendition>& renditions, const FileUrl& file_url);
// `media_url`: the media's own address in this door.
std::string transcripts_view(const std::vector<media::TranscriptState>& states, const std::string& media_url);
std::string view(const media::Channel& channel);
std::string view(const media::ApiKey& key);
// With the secrets that are shown once.
std::string view(const media::NewKey& key);

template <class T, class View>
std::string page_view(const media::Page<T>& page, View&& item_view) {
  http::JsonWriter json;
  json.begin_object().key("items").begin_array();
  for (const T& item : page.items) json.raw(item_view(item));
  json.end_array();
  json.member("total", page.total).member("page", page.page).member("perPage", page.per_page).end_object();
  return json.take();
}

}  // namespace millrace::handlers::v2
