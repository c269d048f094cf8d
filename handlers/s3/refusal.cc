#include "handlers/s3/refusal.h"

#include <algorithm>
#include <array>

#include "handlers/refusal.h"
#include "media/buckets/bucket.h"

namespace millrace::handlers::s3 {
namespace {

using rt::Code;

struct Row {
  Code code;
  std::string_view field;  // empty: any
  Reason reason;
};

// The first row that fits.
constexpr std::array kTable = {
    Row{Code::kNotFound, "bucket", reasons::kNoSuchBucket},
    Row{Code::kNotFound, "uploadId", reasons::kNoSuchUpload},
    Row{Code::kNotFound, "", reasons::kNoSuchKey},
    Row{Code::kConflict, "Idempotency-Key", reasons::kIdempotentParameterMismatch},
    Row{Code::kConflict, "", reasons::kOperationAborted},
    Row{Code::kForbidden, "", reasons::kAccessDenied},
    Row{Code::kUnauthenticated, "", reasons::kAccessDenied},
    Row{Code::kGone, "", reasons::kExpiredToken},
    Row{Code::kPreconditionFailed, "", reasons::kPreconditionFailed},
    Row{Code::kInvalid, "bucket", reasons::kInvalidBucketName},
    Row{Code::kInvalid, "part", reasons::kInvalidPart},
    Row{Code::kInvalid, "parts", reasons::kMalformedXml},
    Row{Code::kInvalid, "partOrder", reasons::kInvalidPartOrder},
    Row{Code::kInvalid, "partSize", reasons::kEntityTooSmall},
    Row{Code::kInvalid, "checksum", reasons::kBadDigest},
    Row{Code::kInvalid, "metadata", reasons::kMetadataTooLarge},
    Row{Code::kInvalid, "tags", reasons::kInvalidTag},
    Row{Code::kInvalid, "", reasons::kInvalidArgument},
    Row{Code::kUnprocessable, "", reasons::kInvalidRequest},
    Row{Code::kUnsupportedType, "", reasons::kInvalidRequest},
    Row{Code::kTooLarge, "", reasons::kEntityTooLarge},
    Row{Code::kLengthRequired, "", reasons::kMissingContentLength},
    Row{Code::kRangeUnsatisfiable, "", reasons::kInvalidRange},
    Row{Code::kMethod, "", reasons::kMethodNotAllowed},
    Row{Code::kQuotaExceeded, "", reasons::kQuotaExceeded},
    Row{Code::kTooMany, "bucket", reasons::kTooManyBuckets},
    Row{Code::kTooMany, "uploadId", reasons::kInvalidRequest},
    Row{Code::kTooMany, "", reasons::kSlowDown},
    Row{Code::kUnavailable, "", reasons::kServiceUnavailable},
    Row{Code::kCancelled, "", reasons::kServiceUnavailable},
    Row{Code::kFull, "", reasons::kInsufficientStorage},
    Row{Code::kTimeout, "", reasons::kRequestTimeout},
    Row{Code::kClosed, "", reasons::kIncompleteBody},
};

Reason reason_of(const rt::Error& error) {
  const auto fits = [&](const Row& row) {
    return row.code == error.code && (row.field.empty() || row.field == error.field);
  };
  const auto row = std::ranges::find_if(kTable, fits);
  return row == kTable.end() ? reasons::kInternalError : row->reason;
}

}  // namespace

Refusal::Refusal(const rt::Error& error) : Refusal(reason_of(error), public_message(error)) {
  replaced = media::is_replaced(error);
}

Refusal::Refusal(const http::sigv4::Failure& failure)
    : code(http::sigv4::code_of(failure.fault)),
      status(http::sigv4::status_of(failure.fault)),
      message(failure.message) {}

}  // namespace millrace::handlers::s3
