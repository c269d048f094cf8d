#include "server/rt/block.h"

#include <mutex>
#include <new>
#include <vector>

namespace millrace::rt {
namespace {

constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kBlocksKept = 64;

}  // namespace

struct BlockPool::Shelf {
  std::mutex mutex;
  std::vector<Block*> blocks;
};

void Block::FreeDeleter::operator()(std::byte* memory) const noexcept {
  ::operator delete(memory, std::align_val_t(kPageBytes));
}

Block::Block(std::shared_ptr<BlockPool> pool)
    : data_(static_cast<std::byte*>(::operator new(kBlockBytes, std::align_val_t(kPageBytes)))),
      pool_(std::move(pool)) {}

Slice Block::fill(std::size_t bytes) noexcept {
  const std::byte* start = data_.get() + filled_;
  filled_ += bytes;
  return {Ref<Owner>::share(this), start, bytes};
}

void Block::dispose() noexcept {
  // Held until the end: giving the block back may drop the pool's last owner.
  std::shared_ptr<BlockPool> pool = std::move(pool_);
  pool->give_back(this);
}

std::shared_ptr<BlockPool> BlockPool::make(Budget& budget) { return std::shared_ptr<BlockPool>(new BlockPool(budget)); }

BlockPool::BlockPool(Budget& budget) : budget_(budget), shelf_(std::make_unique<Shelf>()) {}

BlockPool::~BlockPool() {
  for (Block* block : shelf_->blocks) delete block;
}

Block& BlockPool::current() {
  // Nobody else references it: start again at the front, where the cache is warm.
  if (current_ && current_->unique()) current_->filled_ = 0;
  if (!current_ || current_->room().size() < kReadRoomMinBytes) current_ = Ref<Block>::adopt(take());
  return *current_;
}

bool BlockPool::can_read() const noexcept {
  if (!current_ || !budget_.exhausted()) return true;
  return current_->unique() || kBlockBytes - current_->filled_ >= kReadRoomMinBytes;
}

void BlockPool::rest() { current_ = {}; }

Block* BlockPool::take() {
  budget_.charge(kBlockBytes);
  Block* block = nullptr;
  {
    std::lock_guard lock(shelf_->mutex);
    if (!shelf_->blocks.empty()) {
      block = shelf_->blocks.back();
      shelf_->blocks.pop_back();
    }
  }
  if (!block) return new Block(shared_from_this());
  block->filled_ = 0;
  block->pool_ = shared_from_this();
  block->revive();
  return block;
}

void BlockPool::give_back(Block* block) noexcept {
  budget_.refund(kBlockBytes);
  {
    std::lock_guard lock(shelf_->mutex);
    if (shelf_->blocks.size() < kBlocksKept) {
      shelf_->blocks.push_back(block);
      return;
    }
  }
  delete block;
}

}  // namespace millrace::rt
