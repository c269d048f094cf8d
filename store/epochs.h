// Lets space be reclaimed only after everyone who might still read it is gone: a reader pins the epoch it began in and
// tells what it reads as soon as it knows; who reclaims ends the epoch and looks who of that time is left. Thread-safe;
// nobody waits here. A pin may outlive the Epochs.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "store/model.h"

namespace millrace::store {

class Epochs {
  struct Reading {
    std::uint64_t epoch;
    std::shared_ptr<const ObjectEntry> object;  // null: may come to read anything
  };
  struct State {
    std::mutex mutex;
    std::uint64_t current = 1;    // guarded by mutex
    std::list<Reading> readings;  // guarded by mutex
  };

 public:
  class Pin {
   public:
    Pin(std::shared_ptr<State> state, std::list<Reading>::iterator reading)
        : state_(std::move(state)), reading_(reading) {}
    Pin(Pin&& other) noexcept = default;
    Pin& operator=(Pin&&) = delete;
    ~Pin() {
      if (!state_) return;
      std::list<Reading> ended;  // outlives the lock
      std::lock_guard lock(state_->mutex);
      ended.splice(ended.begin(), state_->readings, reading_);
    }
    // From now on it keeps this object's chunks only.
    void narrow(std::shared_ptr<const ObjectEntry> object) {
      std::lock_guard lock(state_->mutex);
      reading_->object = std::move(object);
    }

   private:
    std::shared_ptr<State> state_;
    std::list<Reading>::iterator reading_;
  };

  Pin pin() {
    std::lock_guard lock(state_->mutex);
    return {state_, state_->readings.insert(state_->readings.end(), {state_->current, nullptr})};
  }
  // Ends the current epoch and returns it.
  std::uint64_t end_epoch() {
    std::lock_guard lock(state_->mutex);
    return state_->current++;
  }
  // What is being read; none when one who began in this epoch or before may come to read anything.
  std::optional<std::vector<std::shared_ptr<const ObjectEntry>>> objects_read(std::uint64_t epoch) const {
    std::vector<std::shared_ptr<const ObjectEntry>> objects;
    std::lock_guard lock(state_->mutex);
    for (const Reading& reading : state_->readings) {
      if (reading.object) {
        objects.push_back(reading.object);
      } else if (reading.epoch <= epoch) {
        return std::nullopt;
      }
    }
    return objects;
  }

 private:
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace millrace::store
