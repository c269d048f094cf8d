// Finding media without a page number: from a mark on, by folder, by short id.
#include <set>

#include "media/catalog/catalog.h"
#include "media/catalog/folder.h"
#include "media/catalog/short_id.h"
#include "media/records/codec.h"
#include "media/records/keys.h"
#include "media/records/records.h"

namespace millrace::media {
namespace {

constexpr std::size_t kScanBatch = 256;

}  // namespace

rt::Task<rt::Result<Media>> Catalog::find(std::string tenant, std::string id) {
  auto media = co_await get(std::move(tenant), std::move(id));
  if (media && media->status == MediaStatus::kSoftDeleted) co_return rt::fail(rt::Code::kNotFound, "no such media");
  co_return media;
}

rt::Task<rt::Result<MediaBatch>> Catalog::newest_after(std::string tenant, std::optional<MediaMark> mark,
                                                       std::size_t limit, MediaFilter wanted) {
  MediaBatch batch;
  std::string after = mark ? keys::media_time(tenant, mark->created_ms, mark->id) : std::string();
  for (;;) {
    store::Scan scan{.prefix = keys::media_times(tenant), .after = after, .limit = kScanBatch, .reverse = true};
    auto entries = co_await store_.scan(std::move(scan));
    if (!entries) co_return rt::pass(entries);
    for (const auto& entry : *entries) {
      auto media = co_await get(tenant, keys::last_part(entry.key));
      if (!media && is_lost(media.error())) continue;
      if (!media) co_return rt::pass(media);
      if (media->status == MediaStatus::kSoftDeleted || !wanted(*media)) continue;
      if (batch.items.size() == limit) {
        batch.next = MediaMark{batch.items.back().created_ms, batch.items.back().id};
        co_return batch;
      }
      batch.items.push_back(std::move(*media));
    }
    if (entries->size() < kScanBatch) co_return batch;
    after = entries->back().key;
  }
}

rt::Task<rt::Result<std::vector<std::string>>> Catalog::folders_below(std::string tenant, std::string path) {
  std::set<std::string> children;
  bool is_there = path == kRootFolder;
  auto good = check_folder(path);
  if (!good) co_return rt::pass(good);
  auto records = co_await scan_all(store_, keys::medias(tenant));
  if (!records) co_return rt::pass(records);
  for (const auto& record : *records) {
    const auto media = decode_media(record);
    if (!media) co_return std::unexpected(media.error());
    if (media->status == MediaStatus::kSoftDeleted) continue;
    is_there = is_there || is_at_or_below(media->details.folder, path);
    std::string child = child_on_the_way(path, media->details.folder);
    if (!child.empty()) children.insert(std::move(child));
  }
  if (!is_there) co_return rt::fail(rt::Code::kNotFound, "no such folder", "path");
  co_return std::vector<std::string>(children.begin(), children.end());
}

rt::Task<rt::Result<std::string>> Catalog::id_of(std::string tenant, std::string short_id) {
  return find_by_short_id(store_, keys::medias(tenant), std::move(short_id), "video");
}

}  // namespace millrace::media
