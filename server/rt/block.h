// Receive memory. A Block is a fixed run of bytes filled from the front by successive reads and referenced by Slices;
// when the last Slice goes it returns to its pool. A BlockPool belongs to one loop (its take() runs there), but
// Slices, and so returns, may come from any thread. All blocks count against the byte budget while they are out.
#pragma once

#include <memory>
#include <span>

#include "server/rt/budget.h"
#include "server/rt/bytes.h"

namespace millrace::rt {

inline constexpr std::size_t kBlockBytes = 256 * 1024;
// A read needs at least this much room left in a block, else a fresh one is taken.
inline constexpr std::size_t kReadRoomMinBytes = 64 * 1024;
// A body piece smaller than this is copied out, because a few bytes must not pin a whole block.
inline constexpr std::size_t kPinMinBytes = 4 * 1024;

class BlockPool;

class Block final : public Owner {
 public:
  std::span<std::byte> room() noexcept { return {data_.get() + filled_, kBlockBytes - filled_}; }
  // The next `bytes` of the room now hold data; returns them as a Slice.
  Slice fill(std::size_t bytes) noexcept;

 private:
  friend class BlockPool;
  struct FreeDeleter {
    void operator()(std::byte* memory) const noexcept;
  };
  explicit Block(std::shared_ptr<BlockPool> pool);
  void dispose() noexcept override;

  std::unique_ptr<std::byte, FreeDeleter> data_;
  std::size_t filled_ = 0;
  std::shared_ptr<BlockPool> pool_;  // null while the block rests in the pool
};

class BlockPool : public std::enable_shared_from_this<BlockPool> {
 public:
  static std::shared_ptr<BlockPool> make(Budget& budget);
  ~BlockPool();

  // The block to read into next, shared by all connections of the loop; has at least kReadRoomMinBytes of room.
  Block& current();
  // False when current() would have to take a block that the budget does not allow; readers wait then.
  bool can_read() const noexcept;
  // Drops the pool's own reference to the current block, so that an idle loop holds no memory.
  void rest();
  Budget& budget() noexcept { return budget_; }

 private:
  friend class Block;
  explicit BlockPool(Budget& budget);
  Block* take();
  void give_back(Block* block) noexcept;

  Budget& budget_;
  Ref<Block> current_;
  struct Shelf;
  std::unique_ptr<Shelf> shelf_;
};

}  // namespace millrace::rt
