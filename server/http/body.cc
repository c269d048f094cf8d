#include "server/http/body.h"

namespace millrace::http {

void Body::open(CreditLine* credit, std::optional<std::uint64_t> length) {
  credit_ = credit;
  length_ = length;
}

void Body::push(rt::Slice slice) {
  waiting_bytes_ += slice.size();
  slices_.push_back(std::move(slice));
  wake();
}

void Body::end() {
  ended_ = true;
  wake();
}

void Body::fail(rt::Error error) {
  if (error_ || ended_) return;
  error_ = std::move(error);
  wake();
}

std::size_t Body::discard() {
  slices_.clear();
  return std::exchange(waiting_bytes_, 0) + std::exchange(uncredited_bytes_, 0);
}

void Body::clear() {
  credit_ = nullptr;
  length_.reset();
  slices_.clear();
  waiting_bytes_ = 0;
  uncredited_bytes_ = 0;
  delivered_bytes_ = 0;
  ended_ = false;
  error_.reset();
  waiter_ = {};
  trailers_.clear();
}

void Body::return_credit() {
  const std::size_t bytes = std::exchange(uncredited_bytes_, 0);
  if (bytes > 0 && credit_) credit_->consumed(bytes);
}

rt::Result<rt::Slice> Body::take() {
  if (!slices_.empty()) {
    rt::Slice slice = std::move(slices_.front());
    slices_.pop_front();
    waiting_bytes_ -= slice.size();
    uncredited_bytes_ = slice.size();
    delivered_bytes_ += slice.size();
    return slice;
  }
  if (error_) return std::unexpected(*error_);
  return rt::Slice();
}

void Body::wake() {
  if (waiter_) rt::Loop::current().ready(std::exchange(waiter_, {}));
}

rt::Task<rt::Result<std::string>> read_all(Body& body, std::size_t limit_bytes, rt::KeptText* kept) {
  std::string text;
  for (;;) {
    auto slice = co_await body.next();
    if (!slice) co_return rt::pass(slice);
    if (slice->empty()) co_return text;
    if (text.size() + slice->size() > limit_bytes) {
      co_return rt::fail(rt::Code::kTooLarge, "the body is larger than " + std::to_string(limit_bytes) + " bytes");
    }
    if (kept && !kept->add(slice->size())) {
      co_return rt::fail(rt::Code::kUnavailable, "too much text is sent at once; try again later");
    }
    text.append(slice->text());
  }
}

}  // namespace millrace::http
