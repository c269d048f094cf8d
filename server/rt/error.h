// Run-time failure as a value. Every function that can fail returns Result<T>; exceptions never cross a function of
// ours. An Error is translated once at each library's door and mapped to each HTTP envelope once (http/status.h).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace millrace::rt {

enum class Code : std::uint8_t {
  kInvalid,          // malformed input; `field` names what
  kUnauthenticated,  // no or a wrong key
  kForbidden,        // a valid key without the scope
  kNotFound,         // absent, or another tenant's
  kMethod,           // the resource exists, the method does not
  kConflict,         // the state forbids it, or a lost race
  kGone,             // existed, expired
  kLengthRequired,
  kPreconditionFailed,
  kTooLarge,
  kUnsupportedType,
  kRangeUnsatisfiable,
  kUnprocessable,  // well-formed, but its content cannot be accepted
  kTooMany,        // rate limit or a bounded table is full; retry later
  kUnavailable,    // draining or overloaded; retry later
  kFull,           // no space on the disk
  kTimeout,        // a deadline passed
  kCancelled,      // we stopped it
  kClosed,         // the peer went away
  kDamaged,        // stored bytes do not match their checksum
  kIo,             // the operating system said no
  kInternal,
  kQuotaExceeded,  // the tenant has used up what it may keep or encode; trying again does not help
};

struct Error {
  Code code = Code::kInternal;
  std::string message;
  std::string field = {};  // the offending input field, empty when none
};

template <class T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

inline std::unexpected<Error> fail(Code code, std::string message, std::string field = {}) {
  return std::unexpected(Error{code, std::move(message), std::move(field)});
}

// Passes a callee's error on from a function with another value type.
template <class T>
std::unexpected<Error> pass(Result<T>& failed) {
  return std::unexpected(std::move(failed.error()));
}

}  // namespace millrace::rt
