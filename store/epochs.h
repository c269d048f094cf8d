// Lets space be reclaimed only after everyone who might still read it is gone: a reader pins the epoch it began in; who
// reclaims ends the epoch and waits until it has drained. Thread-safe; nobody waits here.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

namespace millrace::store {

class Epochs {
 public:
  class Pin {
   public:
    Pin(Epochs& epochs, std::uint64_t epoch) : epochs_(&epochs), epoch_(epoch) {}
    Pin(Pin&& other) noexcept : epochs_(std::exchange(other.epochs_, nullptr)), epoch_(other.epoch_) {}
    Pin& operator=(Pin&&) = delete;
    ~Pin() {
      if (epochs_) epochs_->unpin(epoch_);
    }

   private:
    Epochs* epochs_;
    std::uint64_t epoch_;
  };

  Pin pin() {
    std::lock_guard lock(mutex_);
    ++pins_[current_];
    return {*this, current_};
  }
  // Ends the current epoch and returns it.
  std::uint64_t end_epoch() {
    std::lock_guard lock(mutex_);
    return current_++;
  }
  // Nobody who began in this epoch or before is left.
  bool drained(std::uint64_t epoch) const {
    std::lock_guard lock(mutex_);
    return pins_.empty() || pins_.begin()->first > epoch;
  }

 private:
  void unpin(std::uint64_t epoch) {
    std::lock_guard lock(mutex_);
    const auto pins = pins_.find(epoch);
    if (--pins->second == 0) pins_.erase(pins);
  }

  mutable std::mutex mutex_;
  std::uint64_t current_ = 1;                    // guarded by mutex_
  std::map<std::uint64_t, std::uint64_t> pins_;  // guarded by mutex_
};

}  // namespace millrace::store
