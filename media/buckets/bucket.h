// Buckets and what they hold, as values. Names of buckets are a tenant's own: two tenants may use the same.
//
// Errors of the services name their cause in Error::field with the words below, so that a door can tell them apart:
//   kNotFound            bucket | key | uploadId
//   kConflict            bucket (exists; or, when removed, is not empty)
//   kForbidden           bucket (`uploads` cannot be removed, its objects neither removed nor tagged), key (no such
//                        open upload)
//   kPreconditionFailed  if-match | if-none-match
//   kInvalid             bucket, key, partNumber, parts (empty or too many), part (missing, or another etag or
//   checksum),
//                        partOrder, partSize (too small), checksum, fileSize, metadata, tags
//   kUnprocessable       checksum (one that such an upload cannot have, or must have and has not)
//   kTooLarge            fileSize
//   kUnavailable         object (was replaced or removed after it was looked up: is_replaced())
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/buckets/checksum.h"
#include "media/uploads/arrivals.h"
#include "store/store.h"

namespace millrace::media {

// Every tenant has it: `{uploadId}/{fileName}` is where the bytes of an open upload go.
inline constexpr std::string_view kUploadsBucket = "uploads";

inline constexpr std::size_t kKeyMaxBytes = 1024;
inline constexpr std::size_t kObjectMetadataMaxBytes = 2048;  // names and values together, as S3 has it
inline constexpr std::size_t kObjectTagsMax = 10;
inline constexpr std::size_t kTagNameMaxCharacters = 128;
inline constexpr std::size_t kTagValueMaxCharacters = 256;
inline constexpr std::size_t kHeaderMaxBytes = 4096;  // of one kept header field
inline constexpr std::uint64_t kObjectMaxBytes = 5ull << 40;
inline constexpr std::size_t kBucketsMax = 1000;  // of one tenant, as S3's service quota

struct Bucket {
  std::string tenant;
  std::string name;
  std::int64_t created_ms = 0;
  bool removing = false;  // somebody looks whether it is empty; a write calls that off
  store::Revision revision = 0;
};

using Tags = std::map<std::string, std::string>;

// What a sender says of an object and readers get back as it was; empty: not said.
struct ObjectHeaders {
  std::string content_type = {};
  std::string cache_control = {};
  std::string content_disposition = {};
  std::string content_encoding = {};
  std::string content_language = {};
  std::string expires = {};
  std::string website_redirect = {};
  std::map<std::string, std::string> metadata = {};  // x-amz-meta-*, names without that, in lower case
  bool operator==(const ObjectHeaders&) const = default;
};

struct BucketObject {
  std::string tenant;
  std::string bucket;
  std::string key;
  store::ObjectId object;
  std::uint64_t size_bytes = 0;
  std::string etag;  // without quotes
  std::vector<Checksum> checksums;
  ObjectHeaders headers;
  Tags tags;
  std::uint32_t part_count = 0;  // 0: was not made of parts
  std::int64_t modified_ms = 0;
  store::Revision revision = 0;
};

// One of the parts an object was made of.
struct ObjectPart {
  std::uint32_t number = 0;  // as it was uploaded with
  std::uint64_t size_bytes = 0;
  std::vector<Checksum> checksums;
};

// What must be true for a write to happen; ETags without quotes, or "*"; empty: nothing asked.
struct WriteCondition {
  std::string if_match = {};
  std::string if_none_match = {};
};

// Where bytes of an object or a part go before they are committed.
struct Intake {
  std::unique_ptr<store::Writer> writer;
  std::uint64_t bytes_max = 0;
  Arrival arrival = {};  // what comes is told to it
};

// One page of a list of keys, in the order of their bytes.
struct KeyListing {
  std::string prefix = {};
  std::string delimiter = {};  // keys are grouped by what follows the prefix up to this; empty: not
  std::string after = {};      // a key, or a common prefix that was listed last
  std::size_t limit = 1000;    // keys and common prefixes together
};

// Bytes of an object were asked for that is not there any more; what its key names now must be looked up again.
std::unexpected<rt::Error> object_replaced();
bool is_replaced(const rt::Error& error);

// kInvalid, the field "key": 1 to 1024 bytes of UTF-8 without NUL.
rt::Status check_object_key(std::string_view key);
// kInvalid, the field "bucket": S3's rules, 3 to 63 lower-case letters, digits, '-' and '.'.
rt::Status check_bucket_name(std::string_view name);
// kInvalid, the fields "metadata" and "tags".
rt::Status check_headers(const ObjectHeaders& headers);
rt::Status check_tags(const Tags& tags);

// MD5 in hexadecimal when it is known (16 raw bytes), else the bytes' CRC64NVME and size with a dash behind, which no
// client takes for an MD5.
std::string etag_of(const std::string& md5, std::uint64_t crc64nvme, std::uint64_t size_bytes);

}  // namespace millrace::media
