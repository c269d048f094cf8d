#include "server/h2/context.h"

#include "server/h2/stream.h"

namespace millrace::h2 {
namespace {

constexpr std::size_t kSpareStreams = 1024;

}  // namespace

Context::Context(http::Service& s, const Limits& l, rt::Budget& b, Stats& counted)
    : service(s), limits(l), budget(b), stats(counted) {}

Context::~Context() = default;

std::unique_ptr<Stream> Context::take_stream() {
  if (spare_.empty()) return std::make_unique<Stream>();
  std::unique_ptr<Stream> stream = std::move(spare_.back());
  spare_.pop_back();
  return stream;
}

void Context::give_back(std::unique_ptr<Stream> stream) {
  if (spare_.size() < kSpareStreams) spare_.push_back(std::move(stream));
}

}  // namespace millrace::h2
