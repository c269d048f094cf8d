// The cached sink writes at most about 1 MiB at a time, which stays in the cache. The direct one fills two huge pages:
// the kernel pins and maps two pages instead of a thousand, and the disk gets one request.
#include "store/segment_sink.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "store/segment_format.h"

namespace millrace::store {
namespace {

constexpr std::size_t kCachedWriteBytes = std::size_t{1} << 20;
constexpr std::size_t kDirectWriteBytes = std::size_t{4} << 20;
constexpr std::size_t kHugePageBytes = std::size_t{2} << 20;
constexpr std::size_t kPiecesMax = 256;
alignas(kDiskBlockBytes) constexpr std::byte kZeros[kDiskBlockBytes] = {};

class DirectSink final : public SegmentSink {
 public:
  DirectSink(std::unique_ptr<File> file, std::uint64_t position)
      : SegmentSink(std::move(file), position),
        buffer_(static_cast<std::byte*>(::operator new(kDirectWriteBytes, std::align_val_t(kHugePageBytes)))) {
    (void)madvise(buffer_.get(), kDirectWriteBytes, MADV_HUGEPAGE);
  }

  rt::Status put(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const std::size_t count = std::min(bytes.size(), kDirectWriteBytes - filled_);
      std::memcpy(buffer_.get() + filled_, bytes.data(), count);
      filled_ += count;
      position_ += count;
      bytes = bytes.subspan(count);
      if (filled_ < kDirectWriteBytes) continue;
      if (auto written = write_out(); !written) return written;
    }
    return {};
  }

  rt::Status finish() override {
    const std::size_t padded = align_up(filled_, kDiskBlockBytes);
    std::memset(buffer_.get() + filled_, 0, padded - filled_);
    position_ += padded - filled_;
    filled_ = padded;
    return write_out();
  }

  bool copies() const override { return true; }

 private:
  struct Free {
    void operator()(std::byte* memory) const { ::operator delete(memory, std::align_val_t(kHugePageBytes)); }
  };

  rt::Status write_out() {
    if (filled_ == 0) return {};
    const std::span<const std::byte> piece(buffer_.get(), filled_);
    if (auto written = file_->write(written_, {&piece, 1}); !written) return written;
    written_ += filled_;
    filled_ = 0;
    owned_.clear();
    return {};
  }

  std::unique_ptr<std::byte, Free> buffer_;
  std::size_t filled_ = 0;
};

class CachedSink final : public SegmentSink {
 public:
  CachedSink(std::unique_ptr<File> file, std::uint64_t position) : SegmentSink(std::move(file), position) {}

  rt::Status put(std::span<const std::byte> bytes) override {
    if (bytes.empty()) return {};
    pieces_.push_back(bytes);
    position_ += bytes.size();
    if (position_ - written_ < kCachedWriteBytes && pieces_.size() < kPiecesMax) return {};
    return write_out();
  }

  rt::Status finish() override {
    const std::uint64_t padded = align_up(position_, kDiskBlockBytes);
    if (padded > position_) pieces_.emplace_back(kZeros, padded - position_);
    position_ = padded;
    return write_out();
  }

  bool copies() const override { return false; }

 private:
  rt::Status write_out() {
    if (pieces_.empty()) return {};
    if (auto written = file_->write(written_, pieces_); !written) return written;
    written_ = position_;
    pieces_.clear();
    owned_.clear();
    return {};
  }

  std::vector<std::span<const std::byte>> pieces_;
};

}  // namespace

rt::Status SegmentSink::put_own(std::string bytes) {
  owned_.push_back(std::move(bytes));
  return put(std::as_bytes(std::span(owned_.back())));
}

std::unique_ptr<SegmentSink> direct_sink(std::unique_ptr<File> file, std::uint64_t position) {
  return std::make_unique<DirectSink>(std::move(file), position);
}

std::unique_ptr<SegmentSink> cached_sink(std::unique_ptr<File> file, std::uint64_t position) {
  return std::make_unique<CachedSink>(std::move(file), position);
}

}  // namespace millrace::store
