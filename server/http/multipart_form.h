// MultipartForm: an incremental parser of multipart/form-data (RFC 7578 on RFC 2046 §5.1). Slices go in as they arrive;
// files come out as parts of those slices, not copied, and small fields as whole texts. It takes any split of its input
// and keeps no more than one line of a part's header or one field. Stricter than the RFCs where leniency would let two
// readers see two forms: lines end with CRLF, a parameter or header stands once, text is UTF-8. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "server/http/form_part.h"
#include "server/rt/bytes.h"
#include "server/rt/error.h"

namespace millrace::http {

struct FormLimits {
  std::size_t parts_max = 64;
  std::size_t header_bytes_max = 8 * 1024;   // of one part
  std::size_t field_bytes_max = 64 * 1024;   // of one field's value
  std::size_t padding_bytes_max = 4 * 1024;  // before the first part and after the last
};

class MultipartForm {
 public:
  struct Event {
    enum class Kind : std::uint8_t {
      kNeedsInput,  // feed() the next slice, or finish()
      kField,       // `part` with its `value`
      kFile,        // `part`; its bytes follow
      kBytes,       // of the file: `bytes`, never empty
      kFileEnd,
      kEnd,  // after finish(): the form is whole
    };
    Kind kind = Kind::kNeedsInput;
    FormPart part = {};
    std::string value = {};
    rt::Slice bytes = {};
  };

  // `boundary` as boundary_of() gave it.
  explicit MultipartForm(std::string_view boundary, FormLimits limits = {});

  // Only after kNeedsInput.
  void feed(rt::Slice slice) { input_ = std::move(slice); }
  // No more will come.
  void finish() noexcept { finished_ = true; }
  // What comes next. kInvalid names what is wrong, kTooLarge a limit; nothing follows an error.
  rt::Result<Event> next();

 private:
  enum class State : std::uint8_t { kPreamble, kAfterBoundary, kHeaders, kField, kFile, kEpilogue };
  struct Found {
    rt::Slice before;  // what stood before the delimiter, or all of the input
    bool delimiter = false;
  };

  Found take_until_delimiter();
  bool goes_on();
  Found break_off();
  void remember_tail(std::string_view text);
  void meet_delimiter();
  rt::Result<bool> take_line(std::string& line);
  rt::Status skip_preamble();
  rt::Status after_boundary();
  rt::Status skip_epilogue();
  rt::Status count_padding(std::size_t bytes);
  rt::Result<Event> header_line();
  rt::Result<Event> start_content();
  rt::Result<Event> field_bytes();
  rt::Result<Event> file_bytes();
  rt::Result<Event> at_end() const;

  const std::string delimiter_;  // CRLF "--" boundary
  const FormLimits limits_;
  State state_ = State::kPreamble;
  bool finished_ = false;
  bool file_ended_ = false;  // kFileEnd comes next
  rt::Slice input_;
  std::size_t matched_ = 2;  // bytes of the delimiter at the end of what was read; the form begins as after a CRLF
  std::string line_;
  std::size_t header_bytes_ = 0;
  std::size_t padding_bytes_ = 0;
  std::size_t parts_ = 0;
  FormPartHeader header_;
  FormPart part_;
  std::string value_;
};

}  // namespace millrace::http
