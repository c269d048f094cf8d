#include "media/processing/movies.h"

#include "media/processing/mp4_info.h"

namespace millrace::media {
namespace {

rt::Result<Mp4Info> info_of(const std::filesystem::path& path) {
  const auto opened = open_result(path);
  if (!opened) return std::unexpected(opened.error());
  const int file = opened->first.descriptor();
  return read_mp4_info([file](std::uint64_t offset, std::size_t length) { return read_at(file, offset, length); },
                       opened->second);
}

}  // namespace

rt::Task<rt::Result<Made>> keep_movie(StepRun run, std::string file, Rendition rendition) {
  const auto path = run.directory / file;
  auto info = co_await run.shop.workspace.io().run([&] { return info_of(path); });
  if (!info) co_return rt::pass(info);
  auto kept = co_await run.shop.workspace.keep(path, run.media.tenant, run.job);
  if (!kept) co_return rt::pass(kept);
  rendition.codec = info->codecs;
  if (info->duration_ms > 0) rendition.duration_ms = info->duration_ms;
  rendition.size_bytes = kept->size_bytes;
  if (rendition.duration_ms > 0) {
    const double bits = static_cast<double>(kept->size_bytes) * 8;
    rendition.bits_per_second = static_cast<std::uint64_t>(bits * 1000 / static_cast<double>(rendition.duration_ms));
  }
  co_return Made{std::move(rendition), std::move(kept->draft)};
}

}  // namespace millrace::media
