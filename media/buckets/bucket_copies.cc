// Copies of objects: bytes are shared, and read only for a checksum that nobody knows.
#include <utility>

#include "media/buckets/buckets.h"
#include "media/buckets/checksum_hasher.h"
#include "server/rt/event.h"

namespace millrace::media {
namespace {

// Copies that read at a time, on each loop; others wait for them.
constexpr std::size_t kReadingCopiesMax = 2;
constexpr std::size_t kReadStepBytes = std::size_t{256} << 10;

thread_local rt::Semaphore readers(kReadingCopiesMax);

class ReaderPlace {
 public:
  ReaderPlace() = default;
  ReaderPlace(const ReaderPlace&) = delete;
  ReaderPlace& operator=(const ReaderPlace&) = delete;
  ~ReaderPlace() { readers.release(); }
};

std::optional<Checksum> known_checksum(const Copying& copying, const store::Draft& draft) {
  if (copying.algorithm == ChecksumAlgorithm::kCrc32) return crc32_checksum(draft.crc32());
  if (copying.algorithm == ChecksumAlgorithm::kCrc64Nvme) return crc64nvme_checksum(draft.crc64nvme());
  const Checksum* told = find(copying.source.checksums, *copying.algorithm);
  const bool holds = told && !told->composite && copying.length == copying.source.size_bytes;
  return holds ? std::optional(*told) : std::nullopt;
}

}  // namespace

rt::Task<rt::Result<Copied>> Buckets::copy(Copying copying) {
  const BucketObject& source = copying.source;
  auto draft = co_await store_.share(source.object, copying.offset, copying.length, source.tenant);
  if (!draft && draft.error().code == rt::Code::kNotFound) co_return object_replaced();
  if (!draft) co_return rt::pass(draft);
  Copied copied{std::move(*draft), {}};
  if (!copying.algorithm) co_return copied;
  rt::Result<Checksum> checksum;
  if (auto known = known_checksum(copying, copied.draft)) {
    checksum = std::move(*known);
  } else {
    checksum = co_await read_checksum(copying);
  }
  if (!checksum) co_return rt::pass(checksum);
  copied.checksums.push_back(std::move(*checksum));
  co_return copied;
}

rt::Task<rt::Result<Checksum>> Buckets::read_checksum(const Copying& copying) {
  co_await readers.acquire();
  const ReaderPlace place;
  auto reader = co_await read(copying.source, copying.offset, copying.length);
  if (!reader) co_return rt::pass(reader);
  ChecksumHasher hasher(*copying.algorithm);
  while ((*reader)->remaining_bytes() > 0) {
    if (auto wanted = copying.check_wanted(); !wanted) co_return rt::pass(wanted);
    auto slices = co_await (*reader)->next(kReadStepBytes);
    if (!slices) co_return rt::pass(slices);
    for (const rt::Slice& slice : *slices) hasher.update(slice.bytes());
    co_await rt::yield();
  }
  co_return Checksum{*copying.algorithm, hasher.finish()};
}

}  // namespace millrace::media
