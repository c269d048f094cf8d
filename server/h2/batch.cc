#include "server/h2/batch.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace millrace::h2 {

Chunk::Chunk(rt::Budget& budget) : budget_(budget) { budget_.charge(kChunkBytes); }

Chunk::~Chunk() { budget_.refund(kChunkBytes); }

void Batch::begin() {
  extendable_ = false;
  if (chunk_ && chunk_->unique()) chunk_->reuse();
}

void Batch::copy(std::span<const std::byte> bytes) {
  bytes_ += bytes.size();
  while (!bytes.empty()) {
    if (!chunk_ || chunk_->room().empty()) {
      chunk_ = rt::Ref<Chunk>::adopt(new Chunk(budget_));
      extendable_ = false;
    }
    const std::span<std::byte> room = chunk_->room();
    const std::size_t count = std::min(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), count);
    chunk_->fill(count);
    if (extendable_) {
      slices_.back().extend(count);
    } else {
      slices_.emplace_back(rt::Ref<rt::Owner>::share(chunk_.get()), room.data(), count);
    }
    extendable_ = true;
    bytes = bytes.subspan(count);
  }
}

void Batch::reference(rt::Slice slice) {
  bytes_ += slice.size();
  slices_.push_back(std::move(slice));
  extendable_ = false;
}

rt::Slices Batch::take() noexcept {
  bytes_ = 0;
  extendable_ = false;
  return std::exchange(slices_, {});
}

}  // namespace millrace::h2
