// Conditional requests (RFC 9110 §13): whether what the client has, or believes we have, still holds.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "server/http/message.h"

namespace millrace::http {

// What is known of the current representation. `etag` as it goes into the field, quotes and W/ included.
struct Validators {
  std::string etag;
  std::optional<std::int64_t> last_modified;  // seconds since 1970
  bool exists = true;
};

enum class Verdict : std::uint8_t { kProceed, kNotModified, kPreconditionFailed };

// If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since, in the order of §13.2.2.
Verdict evaluate_conditions(const Request& request, const Validators& current);
// Whether a Range may be honoured: no If-Range, or one that matches strongly.
bool range_condition_holds(const Request& request, const Validators& current);

}  // namespace millrace::http
