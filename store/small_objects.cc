#include "store/small_objects.h"

#include <array>
#include <optional>

#include "server/rt/bus_guard.h"
#include "store/catalog.h"

namespace millrace::store {
namespace {

constexpr std::size_t kEntryBytes = 256;  // of the cache itself, about

class KeptReader final : public Reader {
 public:
  explicit KeptReader(rt::Slice bytes) : bytes_(std::move(bytes)) {}

  rt::Task<rt::Result<rt::Slices>> next(std::size_t) override {
    rt::Slices slices;
    if (!bytes_.empty()) slices.push_back(std::exchange(bytes_, {}));
    co_return slices;
  }
  std::uint64_t remaining_bytes() const noexcept override { return bytes_.size(); }

 private:
  rt::Slice bytes_;
};

std::optional<rt::Slice> joined(const rt::Slices& slices) {
  std::string bytes(rt::total_bytes(slices), '\0');
  char* end = bytes.data();
  for (const rt::Slice& slice : slices) {
    if (!rt::try_copy(end, slice.data(), slice.size())) return std::nullopt;
    end += slice.size();
  }
  return rt::Slice::copy_of(bytes);
}

}  // namespace

std::uint64_t SmallObjects::stamp(ObjectId id) const { return stamps_.of(index_key(id)); }

std::shared_ptr<const rt::Slice> SmallObjects::find(ObjectId id) {
  const std::string key = index_key(id);
  auto kept = kept_.find(key);
  if (!kept || kept->stamp != stamps_.of(key)) return nullptr;
  const rt::Slice* bytes = &kept->bytes;
  return {std::move(kept), bytes};
}

std::shared_ptr<const rt::Slice> SmallObjects::keep(ObjectId id, std::uint64_t stamp, const rt::Slices& slices) {
  auto whole = joined(slices);
  if (!whole) return nullptr;
  auto kept = std::make_shared<const Kept>(std::move(*whole), stamp);
  kept_.put(index_key(id), kept, kept->bytes.size() + kEntryBytes);
  const rt::Slice* bytes = &kept->bytes;
  return {std::move(kept), bytes};
}

std::unique_ptr<Reader> make_reader(const rt::Slice& bytes, std::uint64_t offset, std::uint64_t length) {
  return std::make_unique<KeptReader>(bytes.part(offset, length));
}

}  // namespace millrace::store
