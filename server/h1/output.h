// Output: response bytes on their way to the transport. Heads and small bodies are appended to one text, larger bodies
// are referenced; take() gives all of it as one gathered write. Owned by a Session, on its loop.
#pragma once

#include <string>
#include <vector>

#include "server/rt/bytes.h"

namespace millrace::h1 {

class Output {
 public:
  Output();
  ~Output();

  // Append here what is to be copied.
  std::string& text() noexcept;
  // References the bytes; a few are copied, because a gathered write of crumbs costs more than copying them.
  void append(rt::Slice slice);
  // Takes a large text over instead of copying it.
  void append(std::string body);

  bool empty() const noexcept { return bytes() == 0; }
  std::size_t bytes() const noexcept;
  // Everything so far, in its order; the text's memory is in use until the slices are gone.
  rt::Slices take();

 private:
  class Text;
  struct Piece {
    std::size_t text_end;  // the text up to here comes before the slice
    rt::Slice slice;
  };
  bool try_append(const rt::Slice& slice);
  rt::Ref<Text> fresh_text();

  rt::Ref<Text> text_;
  rt::Ref<Text> spare_;
  std::vector<Piece> pieces_;
  std::size_t slice_bytes_ = 0;
};

}  // namespace millrace::h1
