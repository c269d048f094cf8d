#include "handlers/archive_body.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace millrace::handlers {
namespace {

using media::ZipLayout;

constexpr std::size_t kFirstBytes = 256 * 1024;

class ArchiveSource final : public http::Source {
 public:
  ArchiveSource(store::Store& store, std::shared_ptr<const media::Package> package, http::ByteRange range)
      : store_(store), package_(std::move(package)), at_(range.first), end_(range.first + range.length) {}

  // Reads the first bytes, which next() then gives.
  rt::Task<rt::Status> begin() {
    auto first = co_await read(kFirstBytes);
    if (!first) co_return rt::pass(first);
    first_ = std::move(*first);
    co_return rt::Status();
  }

  rt::Task<rt::Result<rt::Slices>> next(std::size_t want_bytes) override {
    if (first_.empty()) return read(want_bytes);
    return hand_over(std::exchange(first_, {}));
  }

 private:
  static rt::Task<rt::Result<rt::Slices>> hand_over(rt::Slices slices) { co_return slices; }

  // Small files are sent together; a large one goes as its reader gives it.
  rt::Task<rt::Result<rt::Slices>> read(std::size_t want_bytes) {
    rt::Slices slices;
    for (std::size_t got_bytes = 0; got_bytes < want_bytes && at_ < end_;) {
      auto more = co_await read_piece(want_bytes - got_bytes);
      if (!more) co_return more;
      const std::size_t bytes = rt::total_bytes(*more);
      if (bytes == 0) co_return rt::fail(rt::Code::kDamaged, "a file of the archive is shorter than it was");
      got_bytes += bytes;
      at_ += bytes;
      if (slices.empty()) {
        slices = std::move(*more);
      } else {
        std::ranges::move(*more, std::back_inserter(slices));
      }
      if (is_inside_file()) break;
    }
    co_return slices;
  }

  bool is_inside_file() const { return reader_ && reader_->remaining_bytes() > 0; }

  // Of the piece that is next.
  rt::Task<rt::Result<rt::Slices>> read_piece(std::size_t want_bytes) {
    if (is_inside_file()) return reader_->next(want_bytes);
    const ZipLayout::Piece piece = package_->layout->piece_at(at_);
    if (piece.kind == ZipLayout::Piece::Kind::kContent) return open_and_read(piece, want_bytes);
    const std::string text = package_->layout->text(piece);
    const std::uint64_t skipped = at_ - piece.offset;
    const std::uint64_t wanted = std::min(piece.length - skipped, end_ - at_);
    return hand_over({rt::Slice::copy_of(std::string_view(text).substr(skipped, wanted))});
  }

  rt::Task<rt::Result<rt::Slices>> open_and_read(ZipLayout::Piece piece, std::size_t want_bytes) {
    const media::DownloadItem& item = package_->download.items[piece.first];
    const std::uint64_t skipped = at_ - piece.offset;
    const std::uint64_t wanted = std::min(piece.length - skipped, end_ - at_);
    auto reader = co_await store_.read(item.object, item.offset + skipped, wanted);
    if (!reader) co_return rt::pass(reader);
    reader_ = std::move(*reader);
    co_return co_await reader_->next(want_bytes);
  }

  store::Store& store_;
  const std::shared_ptr<const media::Package> package_;
  std::uint64_t at_;  // in the archive
  const std::uint64_t end_;
  rt::Slices first_;
  std::unique_ptr<store::Reader> reader_;  // of the file that at_ is in
};

}  // namespace

rt::Task<rt::Status> set_archive_body(http::Response& response, store::Store& store,
                                      std::shared_ptr<const media::Package> package, http::ByteRange range) {
  response.content_length = range.length;
  auto source = std::make_unique<ArchiveSource>(store, std::move(package), range);
  auto begun = co_await source->begin();
  if (!begun) co_return begun;
  response.body = std::move(source);
  co_return rt::Status();
}

}  // namespace millrace::handlers
