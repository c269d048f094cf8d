#include "media/processing/probe.h"

#include <fmt/format.h>

#include "media/processing/ffmpeg.h"
#include "media/processing/tool.h"
#include "media/processing/work.h"

namespace millrace::media {
namespace {

constexpr std::string_view kPdfMagic = "%PDF-";

bool is_pdf(int file) { return read_at(file, 0, kPdfMagic.size()) == kPdfMagic; }

std::vector<std::string> probe_command(const ProcessingOptions& options) {
  std::vector<std::string> command = {options.ffprobe, "-v", "error"};
  for (auto& guard : input_guards()) command.push_back(std::move(guard));
  for (const char* word : {"-print_format", "json=compact=1", "-show_entries",
                           "format=format_name,duration,bit_rate:stream=index,codec_type,codec_name,profile,"
                           "duration,bit_rate,width,height,avg_frame_rate,pix_fmt,color_transfer,channels,sample_rate:"
                           "stream_tags=language,rotate:stream_disposition=attached_pic:"
                           "stream_side_data=rotation",
                           kInputFile}) {
    command.emplace_back(word);
  }
  return command;
}

rt::Task<rt::Result<Probed>> ffprobe(StepRun run) {
  Tool tool{.command = probe_command(run.shop.options), .doing = "not a media file"};
  auto ran = co_await run_tool(run.shop.jail, run.directory, std::move(tool), run.job);
  if (!ran) co_return rt::pass(ran);
  co_return parse_probe(ran->stdout_text);
}

rt::Task<rt::Result<Probed>> examine(StepRun run) {
  Workspace& workspace = run.shop.workspace;
  const store::ObjectId object = run.media.object;
  const std::uint64_t size = run.media.size_bytes;
  auto file = co_await workspace.make_file(run.directory / kInputFile, size);
  if (!file) co_return rt::pass(file);

  const std::uint64_t end_bytes = size <= kProbeWholeBytes ? size : kProbeWholeBytes / 2;
  rt::Status laid = co_await workspace.lay(object, 0, end_bytes, file->descriptor(), run.job);
  if (!laid) co_return rt::pass(laid);
  const bool pdf = co_await workspace.io().run([&] { return is_pdf(file->descriptor()); });
  if (pdf) {
    Probed document;
    document.type = MediaType::kDocument;
    document.result.container = "pdf";
    co_return document;
  }
  if (size <= kProbeWholeBytes) co_return co_await ffprobe(run);

  laid = co_await workspace.lay(object, size - end_bytes, end_bytes, file->descriptor(), run.job);
  if (!laid) co_return rt::pass(laid);
  auto probed = co_await ffprobe(run);
  if (probed || probed.error().code != rt::Code::kUnprocessable) co_return probed;

  laid = co_await workspace.lay(object, end_bytes, size - 2 * end_bytes, file->descriptor(), run.job);
  if (!laid) co_return rt::pass(laid);
  co_return co_await ffprobe(run);
}

}  // namespace

rt::Status check_extent(const Probed& probed, const ProcessingOptions& options) {
  const ProbeResult& result = probed.result;
  if (result.duration_ms > options.duration_ms_max) {
    return rt::fail(rt::Code::kUnprocessable,
                    fmt::format("it is longer than {} seconds", options.duration_ms_max / 1000));
  }
  for (const Track& track : result.tracks) {
    if (std::uint64_t{track.width} * track.height > options.pixels_max) {
      return rt::fail(rt::Code::kUnprocessable, fmt::format("it has more than {} pixels", options.pixels_max));
    }
  }
  return {};
}

rt::Task<rt::Result<StepResult>> probe(StepRun run) {
  auto probed = co_await examine(run);
  if (!probed) co_return rt::pass(probed);
  if (auto good = check_extent(*probed, run.shop.options); !good) co_return rt::pass(good);
  StepResult result;
  result.edit = [found = std::move(*probed)](Media& media) {
    media.type = found.type;
    media.probe = found.result;
    media.error.clear();
  };
  co_return result;
}

}  // namespace millrace::media
