// A multipart/form-data body, read as it arrives: one field or file after the other, a file's bytes as the slices they
// came in. Belongs to its exchange's loop.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "server/http/message.h"
#include "server/http/multipart_form.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::handlers {

bool is_form(const http::Request& request);

class Form {
 public:
  struct Entry {
    http::FormPart part;
    std::string value;  // of a field
    bool is_file() const noexcept { return part.file_name.has_value(); }
  };

  // kUnsupportedType, kInvalid. The exchange outlives the form.
  static rt::Result<Form> of(http::Exchange& exchange);

  // Nothing once the form has ended as a form must. What was not read of a file is dropped. kInvalid for a name that
  // came before.
  rt::Task<rt::Result<std::optional<Entry>>> next();
  // Bytes of the file that next() gave; an empty slice is its end.
  rt::Task<rt::Result<rt::Slice>> bytes();

 private:
  Form(http::Body& body, const std::string& boundary) : body_(&body), parser_(boundary) {}
  rt::Task<rt::Result<http::MultipartForm::Event>> event();

  http::Body* body_;
  http::MultipartForm parser_;
  std::set<std::string> names_;
  bool in_file_ = false;
};

// A field that stays in memory until the answer: kUnavailable when there is no room for it.
rt::Status keep_text(http::Exchange& exchange, const Form::Entry& field);

}  // namespace millrace::handlers
