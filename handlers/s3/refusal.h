// How the S3 door says no: a reason out of S3's list, which clients act on, and a message for people. Errors of the
// domain become one implicitly, by their code and the field they name (media/buckets/bucket.h), so an endpoint passes
// them on.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/message.h"
#include "server/http/sigv4.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::handlers::s3 {

struct Reason {
  std::string_view code;
  int status;
};

namespace reasons {
inline constexpr Reason kAccessDenied{"AccessDenied", 403};
inline constexpr Reason kBadDigest{"BadDigest", 400};
inline constexpr Reason kBucketAlreadyOwnedByYou{"BucketAlreadyOwnedByYou", 409};
inline constexpr Reason kBucketNotEmpty{"BucketNotEmpty", 409};
inline constexpr Reason kEntityTooLarge{"EntityTooLarge", 400};
inline constexpr Reason kEntityTooSmall{"EntityTooSmall", 400};
inline constexpr Reason kExpiredToken{"ExpiredToken", 400};
inline constexpr Reason kIdempotentParameterMismatch{"IdempotentParameterMismatch", 409};
inline constexpr Reason kIncompleteBody{"IncompleteBody", 400};
inline constexpr Reason kInsufficientStorage{"InsufficientStorage", 507};
inline constexpr Reason kInternalError{"InternalError", 500};
inline constexpr Reason kInvalidAccessKeyId{"InvalidAccessKeyId", 403};
inline constexpr Reason kInvalidArgument{"InvalidArgument", 400};
inline constexpr Reason kInvalidBucketName{"InvalidBucketName", 400};
inline constexpr Reason kInvalidDigest{"InvalidDigest", 400};
inline constexpr Reason kInvalidPart{"InvalidPart", 400};
inline constexpr Reason kInvalidPartNumber{"InvalidPartNumber", 416};
inline constexpr Reason kInvalidPartOrder{"InvalidPartOrder", 400};
inline constexpr Reason kInvalidRange{"InvalidRange", 416};
inline constexpr Reason kInvalidRequest{"InvalidRequest", 400};
inline constexpr Reason kInvalidStorageClass{"InvalidStorageClass", 400};
inline constexpr Reason kInvalidTag{"InvalidTag", 400};
inline constexpr Reason kInvalidToken{"InvalidToken", 400};
inline constexpr Reason kInvalidUri{"InvalidURI", 400};
inline constexpr Reason kKeyTooLong{"KeyTooLongError", 400};
inline constexpr Reason kMalformedXml{"MalformedXML", 400};
inline constexpr Reason kMaxMessageLength{"MaxMessageLengthExceeded", 400};
inline constexpr Reason kMetadataTooLarge{"MetadataTooLarge", 400};
inline constexpr Reason kMethodNotAllowed{"MethodNotAllowed", 405};
inline constexpr Reason kMissingContentLength{"MissingContentLength", 411};
inline constexpr Reason kNoSuchBucket{"NoSuchBucket", 404};
inline constexpr Reason kNoSuchKey{"NoSuchKey", 404};
inline constexpr Reason kNoSuchUpload{"NoSuchUpload", 404};
inline constexpr Reason kNoSuchVersion{"NoSuchVersion", 404};
inline constexpr Reason kNotImplemented{"NotImplemented", 501};
inline constexpr Reason kOperationAborted{"OperationAborted", 409};
inline constexpr Reason kPreconditionFailed{"PreconditionFailed", 412};
inline constexpr Reason kQuotaExceeded{"QuotaExceeded", 403};
inline constexpr Reason kRequestTimeout{"RequestTimeout", 400};
inline constexpr Reason kServiceUnavailable{"ServiceUnavailable", 503};
inline constexpr Reason kSlowDown{"SlowDown", 503};
inline constexpr Reason kTooManyBuckets{"TooManyBuckets", 400};
inline constexpr Reason kPayloadMismatch{"XAmzContentSHA256Mismatch", 400};
}  // namespace reasons

struct Refusal {
  Refusal(Reason reason, std::string text) : code(reason.code), status(reason.status), message(std::move(text)) {}
  Refusal(const rt::Error& error);               // NOLINT(google-explicit-constructor)
  Refusal(const http::sigv4::Failure& failure);  // NOLINT(google-explicit-constructor)

  std::string code;
  int status;
  std::string message;
  std::string content_range = {};  // of a 416
  bool replaced = false;           // the object was replaced after it was looked up: look again (current.h)
};

template <class T>
using Result = std::expected<T, Refusal>;
using Status = Result<void>;
using Answer = rt::Task<Result<http::Response>>;

inline std::unexpected<Refusal> refuse(Reason reason, std::string message) {
  return std::unexpected(Refusal(reason, std::move(message)));
}

// Passes a callee's refusal on from a function with another value type; for an Error there is rt::pass.
template <class T>
std::unexpected<Refusal> pass(std::expected<T, Refusal>& failed) {
  return std::unexpected(std::move(failed.error()));
}

}  // namespace millrace::handlers::s3
