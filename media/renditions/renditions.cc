#include "media/renditions/renditions.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "media/records/codec_rendition.h"
#include "media/records/keys.h"
#include "media/records/records.h"

namespace millrace::media {

std::string_view word(RenditionKind kind) {
  switch (kind) {
    case RenditionKind::kVideo:
      return "video";
    case RenditionKind::kAudio:
      return "audio";
    case RenditionKind::kImage:
      return "image";
    case RenditionKind::kThumbnail:
      return "thumbnail";
    case RenditionKind::kTrack:
      return "track";
  }
  return "";
}

rt::Task<rt::Result<std::vector<Rendition>>> Renditions::of_media(std::string tenant, std::string media_id) {
  auto records = co_await scan_all(store_, keys::renditions(tenant, media_id));
  if (!records) co_return rt::pass(records);
  std::vector<Rendition> all;
  for (const auto& record : *records) {
    auto rendition = decode_rendition(record);
    if (!rendition) co_return rt::pass(rendition);
    all.push_back(std::move(*rendition));
  }
  std::ranges::sort(all, [](const Rendition& a, const Rendition& b) {
    return std::tuple(a.kind, b.height, b.bits_per_second, a.name) <
           std::tuple(b.kind, a.height, a.bits_per_second, b.name);
  });
  co_return all;
}

rt::Task<rt::Result<Rendition>> Renditions::find(std::string tenant, std::string id) {
  auto rendition = co_await find_any(std::move(id));
  if (rendition && rendition->tenant != tenant) co_return rt::fail(rt::Code::kNotFound, "no such rendition");
  co_return rendition;
}

rt::Task<rt::Result<Rendition>> Renditions::find_any(std::string id) {
  auto place = co_await get_record(store_, keys::rendition_place(id), "rendition");
  if (!place) co_return rt::pass(place);
  auto record = co_await get_record(store_, std::move(place->value), "rendition");
  if (!record) co_return rt::pass(record);
  co_return decode_rendition(*record);
}

void put_rendition(store::Transaction& transaction, const Rendition& rendition) {
  const std::string key = keys::rendition(rendition.tenant, rendition.media_id, rendition.id);
  transaction.put(key, encode(rendition));
  transaction.put(keys::rendition_place(rendition.id), key);
}

void erase_rendition(store::Transaction& transaction, const Rendition& rendition) {
  transaction.erase(keys::rendition(rendition.tenant, rendition.media_id, rendition.id));
  transaction.erase(keys::rendition_place(rendition.id));
  transaction.remove(rendition.object);
}

}  // namespace millrace::media
