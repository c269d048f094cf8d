#include "server/rt/pool.h"

namespace millrace::rt {

Pool::Pool(std::size_t threads) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Pool::~Pool() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Pool::push(Job* job) {
  {
    std::lock_guard lock(mutex_);
    (last_ ? last_->next : first_) = job;
    last_ = job;
  }
  wake_.notify_one();
}

void Pool::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return first_ || stopping_; });
    if (!first_) return;
    Job* job = first_;
    first_ = job->next;
    if (!first_) last_ = nullptr;
    lock.unlock();
    job->execute();
    lock.lock();
  }
}

}  // namespace millrace::rt
