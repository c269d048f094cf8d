// The thumbnails step: moments of a video, a picture in several sizes, the first page of a document.
#include <fmt/format.h>

#include <algorithm>

#include "media/processing/ffmpeg.h"
#include "media/processing/tool.h"
#include "media/processing/work.h"

namespace millrace::media {
namespace {

constexpr std::uint32_t kThumbnailSide = 640;
constexpr std::uint32_t kPageSide = 1920;
constexpr int kMomentPercents[] = {10, 50, 90};
constexpr const char* kPageFile = "page.png";

std::string thumbnail_name(std::size_t index) {
  return index == 0 ? "thumbnail" : fmt::format("thumbnail-{}", index + 1);
}

Rendition picture(RenditionKind kind, std::string name, Size size, bool webp) {
  Rendition rendition;
  rendition.kind = kind;
  rendition.name = std::move(name);
  rendition.width = size.width;
  rendition.height = size.height;
  rendition.codec = webp ? "webp" : "jpeg";
  rendition.content_type = webp ? "image/webp" : "image/jpeg";
  rendition.extension = webp ? "webp" : "jpg";
  return rendition;
}

rt::Task<rt::Status> keep_picture(StepRun run, std::string file, Rendition rendition, StepResult& result) {
  auto kept = co_await run.shop.workspace.keep(run.directory / file, run.media.tenant, run.job);
  if (!kept) co_return rt::pass(kept);
  rendition.size_bytes = kept->size_bytes;
  result.made.push_back({std::move(rendition), std::move(kept->draft)});
  co_return rt::Status();
}

rt::Task<rt::Status> lay_original(StepRun run) {
  const Media& media = run.media;
  co_return co_await run.shop.workspace.lay_whole(media.object, media.size_bytes, run.directory / kInputFile, run.job);
}

// --- of a video ---

std::vector<Moment> moments_of(const Media& media) {
  std::vector<Moment> moments;
  for (const int percent : kMomentPercents) {
    const std::int64_t at_ms = media.probe.duration_ms * percent / 100;
    if (!moments.empty() && at_ms == moments.back().at_ms) continue;
    moments.push_back({at_ms, fmt::format("moment-{}.jpg", percent)});
  }
  return moments;
}

// A video that shows nothing at those moments may still be played: the encode will tell.
rt::Task<rt::Result<StepResult>> of_video(StepRun run) {
  const std::vector<Moment> moments = moments_of(run.media);
  const Size size = fit({run.media.probe.width, run.media.probe.height}, kThumbnailSide);
  Tool tool{.command = moments_command(run.media, moments, size, run.shop.options),
            .limits = picture_limits(run.shop.options),
            .doing = "its pictures cannot be read"};
  auto ran = co_await run_tool(run.shop.jail, run.directory, std::move(tool), run.job);
  if (!ran && ran.error().code != rt::Code::kUnprocessable) co_return rt::pass(ran);
  StepResult result;
  for (const Moment& moment : moments) {
    const bool there = co_await run.shop.workspace.holds(run.directory / moment.file);
    if (!there) continue;
    Rendition rendition = picture(RenditionKind::kThumbnail, thumbnail_name(result.made.size()), size, false);
    rt::Status kept = co_await keep_picture(run, moment.file, std::move(rendition), result);
    if (!kept) co_return rt::pass(kept);
  }
  co_return result;
}

// --- of a picture ---

rt::Task<rt::Result<StepResult>> pictures_of(StepRun run, std::string input, std::uint32_t stream, Size source) {
  std::vector<PictureOutput> outputs = {{fit(source, kThumbnailSide), "thumbnail.jpg"}};
  for (const Size size : picture_sizes(source)) {
    outputs.push_back({size, fmt::format("{}.webp", std::max(size.width, size.height))});
  }
  Tool tool{.command = pictures_command(input, stream, outputs, run.shop.options),
            .limits = picture_limits(run.shop.options),
            .doing = "the picture cannot be read"};
  auto ran = co_await run_tool(run.shop.jail, run.directory, std::move(tool), run.job);
  if (!ran) co_return rt::pass(ran);
  StepResult result;
  for (const PictureOutput& output : outputs) {
    const bool webp = output.file.ends_with(".webp");
    std::string name = output.file.substr(0, output.file.rfind('.'));
    const RenditionKind kind = webp ? RenditionKind::kImage : RenditionKind::kThumbnail;
    const bool there = co_await run.shop.workspace.holds(run.directory / output.file);
    if (!there) co_return rt::fail(rt::Code::kUnprocessable, "the picture cannot be read");
    rt::Status kept =
        co_await keep_picture(run, output.file, picture(kind, std::move(name), output.size, webp), result);
    if (!kept) co_return rt::pass(kept);
  }
  co_return result;
}

rt::Task<rt::Result<StepResult>> of_image(StepRun run) {
  const Track* const picture_track = first_video(run.media);
  if (!picture_track) co_return rt::fail(rt::Code::kUnprocessable, "the file holds no picture");
  const Size source{run.media.probe.width, run.media.probe.height};
  co_return co_await pictures_of(run, kInputFile, picture_track->index, source);
}

// --- of a document ---

// PNG, 11.2.2: width and height are the first numbers of the first chunk.
Size size_of_png(std::string_view head) {
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = at; i < at + 4 && i < head.size(); ++i)
      value = value << 8 | static_cast<unsigned char>(head[i]);
    return std::min(value, kPageSide);
  };
  return {number(16), number(20)};
}

std::vector<std::string> page_command(const ProcessingOptions& options) {
  return {options.pdftoppm,          "-f",   "1",        "-l",  "1", "-singlefile", "-scale-to",
          std::to_string(kPageSide), "-png", kInputFile, "page"};
}

rt::Task<rt::Result<StepResult>> of_document(StepRun run) {
  Tool tool{.command = page_command(run.shop.options),
            .limits = picture_limits(run.shop.options),
            .doing = "the first page cannot be drawn"};
  auto ran = co_await run_tool(run.shop.jail, run.directory, std::move(tool), run.job);
  // Whoever sent it may want it kept unread.
  if (!ran && ran.error().message.find("Incorrect password") != std::string::npos) co_return StepResult();
  if (!ran) co_return rt::pass(ran);
  auto head = co_await run.shop.workspace.read_start(run.directory / kPageFile, 24);
  if (!head) co_return rt::fail(rt::Code::kUnprocessable, "the first page cannot be drawn");
  const Size page = size_of_png(*head);
  if (page.width == 0 || page.height == 0) {
    co_return rt::fail(rt::Code::kUnprocessable, "the first page cannot be drawn");
  }
  co_return co_await pictures_of(run, kPageFile, 0, page);
}

rt::Task<rt::Result<StepResult>> of_any(StepRun run) {
  if (run.media.type == MediaType::kVideo) co_return co_await of_video(run);
  if (run.media.type == MediaType::kImage) co_return co_await of_image(run);
  co_return co_await of_document(run);
}

}  // namespace

rt::Task<rt::Result<StepResult>> make_thumbnails(StepRun run) {
  rt::Status laid = co_await lay_original(run);
  if (!laid) co_return rt::pass(laid);
  auto result = co_await of_any(run);
  if (result) result->kinds = {RenditionKind::kThumbnail, RenditionKind::kImage};
  co_return result;
}

}  // namespace millrace::media
