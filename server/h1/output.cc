#include "server/h1/output.h"

#include "server/rt/bus_guard.h"

namespace millrace::h1 {
namespace {

// Bodies up to here are copied behind their head.
constexpr std::size_t kCopyMaxBytes = 4 * 1024;
// A text that has grown larger is not kept for the next responses, so that an idle connection holds little.
constexpr std::size_t kTextKeptBytes = 16 * 1024;

}  // namespace

class Output::Text final : public rt::Owner {
 public:
  Text() = default;
  explicit Text(std::string text) : bytes(std::move(text)) {}
  std::string bytes;

 private:
  void dispose() noexcept override { delete this; }
};

Output::Output() : text_(rt::Ref<Text>::adopt(new Text)) {}

Output::~Output() = default;

std::string& Output::text() noexcept { return text_->bytes; }

void Output::append(rt::Slice slice) {
  if (slice.size() <= kCopyMaxBytes && try_append(slice)) return;
  slice_bytes_ += slice.size();
  pieces_.push_back({text_->bytes.size(), std::move(slice)});
}

// What cannot be read is left to the write, which fails of it.
bool Output::try_append(const rt::Slice& slice) {
  const std::size_t before = text_->bytes.size();
  text_->bytes.resize(before + slice.size());
  if (rt::try_copy(text_->bytes.data() + before, slice.data(), slice.size())) return true;
  text_->bytes.resize(before);
  return false;
}

void Output::append(std::string body) {
  if (body.size() <= kCopyMaxBytes) {
    text_->bytes.append(body);
    return;
  }
  auto owner = rt::Ref<Text>::adopt(new Text(std::move(body)));
  const auto bytes = std::as_bytes(std::span(owner->bytes));
  append(rt::Slice(rt::Ref<rt::Owner>::share(owner.get()), bytes.data(), bytes.size()));
}

std::size_t Output::bytes() const noexcept { return text_->bytes.size() + slice_bytes_; }

rt::Slices Output::take() {
  rt::Slices slices;
  slices.reserve(pieces_.size() * 2 + 1);
  const auto text = std::as_bytes(std::span(text_->bytes));
  std::size_t start = 0;
  const auto add_text = [&](std::size_t end) {
    if (end > start) slices.emplace_back(rt::Ref<rt::Owner>::share(text_.get()), text.data() + start, end - start);
    start = end;
  };
  for (Piece& piece : pieces_) {
    add_text(piece.text_end);
    slices.push_back(std::move(piece.slice));
  }
  add_text(text.size());
  pieces_.clear();
  slice_bytes_ = 0;
  text_ = fresh_text();
  return slices;
}

// Two texts take turns: one is filled while the other is written.
rt::Ref<Output::Text> Output::fresh_text() {
  rt::Ref<Text> fresh = std::exchange(spare_, text_);
  if (!fresh || !fresh->unique() || fresh->bytes.capacity() > kTextKeptBytes) fresh = rt::Ref<Text>::adopt(new Text);
  fresh->bytes.clear();
  return fresh;
}

}  // namespace millrace::h1
