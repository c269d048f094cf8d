#include "handlers/s3/operation.h"

#include <algorithm>
#include <array>

#include "handlers/auth.h"
#include "handlers/s3/acl.h"
#include "handlers/s3/attributes.h"
#include "handlers/s3/buckets.h"
#include "handlers/s3/copies.h"
#include "handlers/s3/deletes.h"
#include "handlers/s3/listings.h"
#include "handlers/s3/multipart.h"
#include "handlers/s3/objects.h"
#include "handlers/s3/parts.h"
#include "handlers/s3/tagging.h"

namespace millrace::handlers::s3 {
namespace {

using http::Method;
using media::UploadAction;

constexpr media::Scopes kWrite = scopes_of({media::Scope::kUploads});
constexpr media::Scopes kRead = scopes_of({media::Scope::kUploads, media::Scope::kDownloads});
constexpr UploadAction kOther = UploadAction::kOther;

// The more particular first.
constexpr std::array kOperations = {
    Operation{"ListBuckets", Method::kGet, Level::kService, "", "", kRead, kOther, list_buckets},

    Operation{"GetBucketLocation", Method::kGet, Level::kBucket, "location", "", kRead, kOther, bucket_location},
    Operation{"GetBucketVersioning", Method::kGet, Level::kBucket, "versioning", "", kRead, kOther, bucket_versioning},
    Operation{"GetBucketAcl", Method::kGet, Level::kBucket, "acl", "", kRead, kOther, bucket_acl},
    Operation{"PutBucketAcl", Method::kPut, Level::kBucket, "acl", "", kWrite, kOther, put_bucket_acl},
    Operation{"ListMultipartUploads", Method::kGet, Level::kBucket, "uploads", "", kRead, UploadAction::kListMultiparts,
              list_multiparts},
    Operation{"ListObjectVersions", Method::kGet, Level::kBucket, "versions", "", kRead, kOther, list_versions},
    Operation{"ListObjectsV2", Method::kGet, Level::kBucket, "list-type", "", kRead, kOther, list_objects_v2},
    Operation{"ListObjects", Method::kGet, Level::kBucket, "", "", kRead, kOther, list_objects_v1},
    Operation{"HeadBucket", Method::kHead, Level::kBucket, "", "", kRead, kOther, head_bucket},
    Operation{"DeleteObjects", Method::kPost, Level::kBucket, "delete", "", kWrite, kOther, delete_objects},
    Operation{"CreateBucket", Method::kPut, Level::kBucket, "", "", kWrite, kOther, create_bucket},
    Operation{"DeleteBucket", Method::kDelete, Level::kBucket, "", "", kWrite, kOther, delete_bucket},

    Operation{"ListParts", Method::kGet, Level::kObject, "uploadId", "", kRead, UploadAction::kListParts, list_parts},
    Operation{"GetObjectTagging", Method::kGet, Level::kObject, "tagging", "", kRead, kOther, get_tagging},
    Operation{"GetObjectAttributes", Method::kGet, Level::kObject, "attributes", "", kRead, kOther, get_attributes},
    Operation{"GetObjectAcl", Method::kGet, Level::kObject, "acl", "", kRead, kOther, object_acl},
    Operation{"GetObject", Method::kGet, Level::kObject, "", "", kRead, kOther, get_object},
    Operation{"HeadObject", Method::kHead, Level::kObject, "", "", kRead, kOther, get_object},
    Operation{"UploadPartCopy", Method::kPut, Level::kObject, "uploadId", "x-amz-copy-source", kWrite, kOther,
              copy_part},
    Operation{"UploadPart", Method::kPut, Level::kObject, "uploadId", "", kWrite, UploadAction::kPutPart, upload_part},
    Operation{"PutObjectTagging", Method::kPut, Level::kObject, "tagging", "", kWrite, kOther, put_tagging},
    Operation{"PutObjectAcl", Method::kPut, Level::kObject, "acl", "", kWrite, kOther, put_object_acl},
    Operation{"CopyObject", Method::kPut, Level::kObject, "", "x-amz-copy-source", kWrite, kOther, copy_object},
    Operation{"PutObject", Method::kPut, Level::kObject, "", "", kWrite, UploadAction::kPutObject, put_object},
    Operation{"CreateMultipartUpload", Method::kPost, Level::kObject, "uploads", "", kWrite,
              UploadAction::kCreateMultipart, create_multipart},
    Operation{"CompleteMultipartUpload", Method::kPost, Level::kObject, "uploadId", "", kWrite,
              UploadAction::kCompleteMultipart, complete_multipart},
    Operation{"AbortMultipartUpload", Method::kDelete, Level::kObject, "uploadId", "", kWrite,
              UploadAction::kAbortMultipart, abort_multipart},
    Operation{"DeleteObjectTagging", Method::kDelete, Level::kObject, "tagging", "", kWrite, kOther, delete_tagging},
    Operation{"DeleteObject", Method::kDelete, Level::kObject, "", "", kWrite, kOther, delete_object},
};

// Parameters that mean an operation of their own; without an entry above they are not offered.
constexpr std::array<std::string_view, 40> kSubresources = {"accelerate",
                                                            "acl",
                                                            "analytics",
                                                            "attributes",
                                                            "cors",
                                                            "delete",
                                                            "encryption",
                                                            "intelligent-tiering",
                                                            "inventory",
                                                            "legal-hold",
                                                            "lifecycle",
                                                            "location",
                                                            "logging",
                                                            "metadataConfiguration",
                                                            "metadataInventoryTable",
                                                            "metadataJournalTable",
                                                            "metadataTable",
                                                            "metrics",
                                                            "notification",
                                                            "object-lock",
                                                            "ownershipControls",
                                                            "policy",
                                                            "policyStatus",
                                                            "publicAccessBlock",
                                                            "renameObject",
                                                            "replication",
                                                            "requestPayment",
                                                            "restore",
                                                            "retention",
                                                            "select",
                                                            "select-type",
                                                            "session",
                                                            "tagging",
                                                            "torrent",
                                                            "uploadId",
                                                            "uploads",
                                                            "versioning",
                                                            "versions",
                                                            "website",
                                                            "append"};

Level level_of(const Target& target) {
  if (target.bucket.empty()) return Level::kService;
  return target.key.empty() ? Level::kBucket : Level::kObject;
}

bool is_subresource(std::string_view name) { return std::ranges::find(kSubresources, name) != kSubresources.end(); }

// The parameter that says which operation is meant; empty when there is none.
std::string_view subresource_of(const Target& target) {
  const auto found = std::ranges::find_if(target.query, [](const auto& pair) { return is_subresource(pair.first); });
  return found == target.query.end() ? std::string_view() : std::string_view(found->first);
}

}  // namespace

std::span<const Operation> operations() { return kOperations; }

Result<const Operation*> find_operation(const http::Request& request, const Target& target) {
  const Level level = level_of(target);
  const std::string_view subresource = subresource_of(target);
  const auto fits = [&](const Operation& operation) {
    return operation.method == request.method && operation.level == level &&
           (operation.parameter.empty() ? subresource.empty() : target.has(operation.parameter)) &&
           (operation.field.empty() || request.fields.get(operation.field));
  };
  const auto found = std::ranges::find_if(kOperations, fits);
  if (found != kOperations.end()) return &*found;
  if (!subresource.empty()) {
    return refuse(reasons::kNotImplemented, "This server does not offer '" + std::string(subresource) + "' this way.");
  }
  return refuse(reasons::kMethodNotAllowed, "The specified method is not allowed against this resource.");
}

}  // namespace millrace::handlers::s3
