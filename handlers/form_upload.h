// A file that comes in a form becomes an upload: streamed into its receiver, the other fields gathered, wherever they
// stand.
#pragma once

#include <optional>
#include <string>

#include "handlers/form.h"
#include "handlers/services.h"
#include "media/uploads/upload.h"
#include "server/http/url.h"

namespace millrace::handlers {

// What was sent. Whoever gets one completes the upload or gives it up (drop_unused).
struct FormUpload {
  std::optional<media::Upload> upload;  // whole, not completed; nothing when there was no such file
  http::Pairs fields;                   // those the door wants

  // Equal for forms that say the same.
  std::string fingerprint() const;
};

// Whether the door wants a field; others are dropped. Refuses one as soon as it is there, so that a long file need not
// come first.
using CheckField = rt::Result<bool> (*)(const std::string& name, const std::string& value);

// Reads the whole form; the file with this name becomes the upload, other files are dropped. After an error nothing is
// left of it.
rt::Task<rt::Result<FormUpload>> receive_form(Services& services, http::Exchange& exchange, std::string tenant,
                                              std::string file_field, CheckField check);

// Forgets what was not completed, and its bytes.
rt::Task<void> drop_unused(Services& services, const media::Upload& upload);

// The form's current file into the receiver, which its owner finishes. kTooLarge when it would go beyond `end`.
rt::Task<rt::Status> pour(Form& form, media::Receiver& receiver, std::uint64_t end);

}  // namespace millrace::handlers
