// The one table from run-time errors to HTTP status codes; every door's envelope stands on it.
#pragma once

#include "server/rt/error.h"

namespace millrace::http {

constexpr int status_of(rt::Code code) noexcept {
  using rt::Code;
  switch (code) {
    case Code::kInvalid:
      return 400;
    case Code::kUnauthenticated:
      return 401;
    case Code::kQuotaExceeded:
      return 402;
    case Code::kForbidden:
      return 403;
    case Code::kNotFound:
      return 404;
    case Code::kMethod:
      return 405;
    case Code::kTimeout:
      return 408;
    case Code::kConflict:
      return 409;
    case Code::kGone:
      return 410;
    case Code::kLengthRequired:
      return 411;
    case Code::kPreconditionFailed:
      return 412;
    case Code::kTooLarge:
      return 413;
    case Code::kUnsupportedType:
      return 415;
    case Code::kRangeUnsatisfiable:
      return 416;
    case Code::kUnprocessable:
      return 422;
    case Code::kTooMany:
      return 429;
    case Code::kClosed:
      return 499;
    case Code::kCancelled:
    case Code::kUnavailable:
      return 503;
    case Code::kFull:
      return 507;
    case Code::kDamaged:
    case Code::kIo:
    case Code::kInternal:
      return 500;
  }
  return 500;
}

}  // namespace millrace::http
