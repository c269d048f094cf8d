#include "handlers/object_body.h"

namespace millrace::handlers {
namespace {

constexpr std::size_t kFirstBytes = 256 * 1024;

class ObjectSource final : public http::Source {
 public:
  ObjectSource(rt::Slices first, std::unique_ptr<store::Reader> reader)
      : first_(std::move(first)), reader_(std::move(reader)) {}

  rt::Task<rt::Result<rt::Slices>> next(std::size_t want_bytes) override {
    if (first_.empty()) return reader_->next(want_bytes);
    return hand_over(std::exchange(first_, {}));
  }

 private:
  static rt::Task<rt::Result<rt::Slices>> hand_over(rt::Slices slices) { co_return slices; }

  rt::Slices first_;
  std::unique_ptr<store::Reader> reader_;
};

}  // namespace

rt::Task<rt::Status> set_object_body(http::Response& response, store::Store& store, store::ObjectId object,
                                     std::uint64_t offset, std::uint64_t length) {
  response.content_length = length;
  if (length == 0) co_return rt::Status();
  auto reader = co_await store.read(object, offset, length);
  if (!reader) co_return rt::pass(reader);
  co_return co_await set_object_body(response, std::move(*reader), length);
}

rt::Task<rt::Status> set_object_body(http::Response& response, std::unique_ptr<store::Reader> reader,
                                     std::uint64_t length) {
  response.content_length = length;
  auto first = co_await reader->next(kFirstBytes);
  if (!first) co_return rt::pass(first);
  if (first->size() == 1 && first->front().size() == length) {
    response.body = std::move(first->front());
  } else {
    response.body = std::make_unique<ObjectSource>(std::move(*first), std::move(reader));
  }
  co_return rt::Status();
}

}  // namespace millrace::handlers
