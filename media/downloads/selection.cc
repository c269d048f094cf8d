#include "media/downloads/selection.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <utility>

#include "media/archives/deflate.h"
#include "media/archives/names.h"
#include "media/records/keys.h"
#include "server/http/crypto.h"
#include "server/rt/event.h"
#include "store/crc.h"

namespace millrace::media {
namespace {

using rt::Code;

std::string field_of(std::string_view list, std::size_t index) { return fmt::format("{}[{}]", list, index); }

// An error of a look-up, said of the field it was made for.
template <class T>
std::unexpected<rt::Error> of_field(rt::Result<T>& failed, std::string field) {
  if (failed.error().code == Code::kNotFound) failed.error().field = std::move(field);
  return rt::pass(failed);
}

std::string file_name_of(const Media& media) { return media.file_name.empty() ? media.title : media.file_name; }

// One selected file, whose bytes are stored or come as text.
struct Found {
  DownloadItem item;
  std::string content_type;
  std::uint64_t crc64nvme = 0;
  std::optional<std::string> text;
};

class Selecting {
 public:
  Selecting(Library library, std::string tenant) : library_(library), tenant_(std::move(tenant)) {}

  rt::Task<rt::Status> add(const NewDownload& wanted) {
    for (std::size_t i = 0; i < wanted.media_ids.size(); ++i) {
      auto added = co_await add_media(wanted.media_ids[i], field_of("selectedMediaIds", i));
      if (!added) co_return added;
    }
    for (std::size_t i = 0; i < wanted.rendition_ids.size(); ++i) {
      auto added = co_await add_rendition(wanted.rendition_ids[i], field_of("selectedRenditionIds", i));
      if (!added) co_return added;
    }
    for (std::size_t i = 0; i < wanted.transcripts.size(); ++i) {
      auto added = co_await add_transcript(wanted.transcripts[i], field_of("selectedTranscripts", i));
      if (!added) co_return added;
    }
    co_return rt::Status();
  }

  rt::Task<rt::Result<Selected>> pack(std::optional<bool> compressed) {
    Selected selected;
    selected.compressed = compressed.value_or(found_.size() > 1);
    if (!selected.compressed && found_.size() > 1) {
      co_return rt::fail(Code::kInvalid, "several files can only be had as an archive", "compressed");
    }
    UniqueNames names;
    for (Found& found : found_) {
      found.item.name = names.take(safe_name(found.item.name));
      if (found.text) {
        auto packed = pack_text(found, selected);
        if (!packed) co_return rt::pass(packed);
        co_await rt::yield();
      }
      selected.items.push_back(found.item);
    }
    selected.content_type = found_.front().content_type;
    selected.etag = keys::fingerprint(found_.front().crc64nvme, found_.front().item.size_bytes);
    selected.conditions = std::move(conditions_);
    co_return selected;
  }

 private:
  rt::Task<rt::Status> add_media(std::string id, std::string field) {
    if (!seen_.insert("media " + id).second) co_return rt::Status();
    auto media = co_await media_of(id);
    if (!media) co_return of_field(media, std::move(field));
    conditions_.require(keys::media(tenant_, id), (*media)->revision);
    co_return co_await add_object((*media)->object, file_name_of(**media), (*media)->content_type,
                                  (*media)->created_ms);
  }

  rt::Task<rt::Status> add_rendition(std::string id, std::string field) {
    if (!seen_.insert("rendition " + id).second) co_return rt::Status();
    auto rendition = co_await library_.renditions.find(tenant_, id);
    if (rendition && !is_file(*rendition)) rendition = rt::fail(Code::kNotFound, "no such rendition");
    if (!rendition) co_return of_field(rendition, std::move(field));
    auto media = co_await media_of(rendition->media_id);
    if (!media) co_return rt::fail(media.error().code, "no such rendition", std::move(field));
    conditions_.require(keys::rendition(tenant_, rendition->media_id, id), rendition->revision);
    const std::string file_name = file_name_of(**media);
    std::string name = fmt::format("{} {}.{}", stem_of(file_name), rendition->name, rendition->extension);
    co_return co_await add_object(rendition->object, std::move(name), rendition->content_type, rendition->created_ms);
  }

  rt::Task<rt::Status> add_transcript(TranscriptChoice choice, std::string field) {
    const std::string_view format = word(choice.format);
    if (!seen_.insert(fmt::format("transcript {} {}", choice.id, format)).second) co_return rt::Status();
    auto transcript = co_await library_.transcripts.find(tenant_, choice.id);
    if (!transcript) co_return of_field(transcript, std::move(field));
    auto media = co_await media_of(transcript->media_id);
    if (!media) co_return rt::fail(media.error().code, "no such transcript", std::move(field));
    std::string text = render(*transcript, choice.format);
    texts_bytes_ += text.size();
    if (texts_bytes_ > kTextsMaxBytes) {
      co_return rt::fail(Code::kTooLarge, fmt::format("all transcripts may have {} bytes together", kTextsMaxBytes),
                         std::move(field));
    }
    const std::string file_name = file_name_of(**media);
    Found found;
    found.item.name = fmt::format("{}.{}.{}", stem_of(file_name), transcript->language, format);
    found.item.modified_ms = transcript->created_ms;
    found.content_type = content_type(choice.format);
    found.text = std::move(text);
    found_.push_back(std::move(found));
    co_await rt::yield();
    co_return rt::Status();
  }

  rt::Task<rt::Status> add_object(store::ObjectId object, std::string name, std::string content_type,
                                  std::int64_t modified_ms) {
    auto info = co_await library_.store.info(object);
    if (!info) co_return rt::pass(info);
    if (!*info) co_return rt::fail(Code::kDamaged, fmt::format("the bytes of {} are lost", name));
    Found found;
    found.item = {.name = std::move(name),
                  .object = object,
                  .offset = 0,
                  .stored_bytes = (*info)->size_bytes,
                  .size_bytes = (*info)->size_bytes,
                  .crc32 = (*info)->crc32,
                  .modified_ms = modified_ms,
                  .deflated = false,
                  .held = true};
    found.content_type = std::move(content_type);
    found.crc64nvme = (*info)->crc64nvme;
    found_.push_back(std::move(found));
    co_return rt::Status();
  }

  // Soft-deleted ones are not found. The same one is often wanted again, for the names of what was made of it.
  rt::Task<rt::Result<const Media*>> media_of(std::string id) {
    const auto known = medias_.find(id);
    if (known != medias_.end()) co_return &known->second;
    auto media = co_await library_.catalog.find(tenant_, id);
    if (!media && media.error().code == Code::kNotFound) co_return rt::fail(Code::kNotFound, "no such media");
    if (!media) co_return rt::pass(media);
    co_return &medias_.emplace(std::move(id), std::move(*media)).first->second;
  }

  // Behind the texts that are packed already; deflated where that makes it shorter.
  rt::Status pack_text(Found& found, Selected& selected) {
    const std::string& text = *found.text;
    DownloadItem& item = found.item;
    store::Checksums sums;
    sums.update(http::bytes_of(text));
    std::optional<std::string> packed;
    if (selected.compressed) {
      auto deflated = deflate(text);
      if (!deflated) return rt::pass(deflated);
      if (deflated->size() < text.size()) packed = std::move(*deflated);
    }
    item.deflated = packed.has_value();
    const std::string& stored = packed ? *packed : text;
    item.offset = selected.texts.size();
    item.stored_bytes = stored.size();
    item.size_bytes = text.size();
    item.crc32 = sums.crc32;
    found.crc64nvme = sums.crc64nvme;
    selected.texts += stored;
    return {};
  }

  const Library library_;
  const std::string tenant_;
  std::vector<Found> found_;
  std::set<std::string> seen_;
  std::map<std::string, Media> medias_;
  std::size_t texts_bytes_ = 0;
  store::Transaction conditions_;
};

}  // namespace

rt::Task<rt::Result<Selected>> select_files(Library library, std::string tenant, const NewDownload& wanted) {
  Selecting selecting(library, std::move(tenant));
  auto added = co_await selecting.add(wanted);
  if (!added) co_return rt::pass(added);
  co_return co_await selecting.pack(wanted.compressed);
}

rt::Task<rt::Result<std::string>> owner_of_public(Library library, std::string rendition_id) {
  constexpr const char* kAbsent = "no such rendition";
  constexpr const char* kField = "selectedRenditionIds[0]";
  auto rendition = co_await library.renditions.find_any(std::move(rendition_id));
  if (!rendition) co_return of_field(rendition, kField);
  auto media = co_await library.catalog.find(rendition->tenant, rendition->media_id);
  if (!media && media.error().code != Code::kNotFound) co_return rt::pass(media);
  if (!media || !is_file(*rendition) || media->details.policy != PlaybackPolicy::kPublic) {
    co_return rt::fail(Code::kNotFound, kAbsent, kField);
  }
  co_return rendition->tenant;
}

}  // namespace millrace::media
