// What completing a multipart upload makes of the parts that came and the list a client completes with: pure rules of
// S3. Any thread.
#pragma once

#include <string>
#include <vector>

#include "media/buckets/multipart.h"
#include "media/buckets/multiparts.h"
#include "server/rt/error.h"

namespace millrace::media {

// kInvalid, the fields "parts" (none or too many) and "partOrder".
rt::Status check_list(const std::vector<NamedPart>& named);
// Equal for equal lists: 32 raw bytes.
std::string digest_of(const std::vector<NamedPart>& named);

struct Choice {
  std::vector<MultipartPart> chosen;  // in their order
  std::vector<MultipartPart> others;
};
// `named` passed check_list(). kInvalid, the fields "part" and, when all are there, "partSize".
rt::Result<Choice> choose(std::vector<MultipartPart> parts, const std::vector<NamedPart>& named,
                          std::uint64_t part_min_bytes);

// The object that joins the chosen parts; `object` and `revision` are the caller's to set. kInvalid, the fields
// "checksum" and "fileSize", when it is not what the client says it is; kUnprocessable, "checksum", when that cannot be
// known; kTooLarge.
rt::Result<BucketObject> joined(const Multipart& multipart, const std::vector<MultipartPart>& chosen,
                                const CompleteMultipart& input, std::int64_t now_ms);
std::uint64_t crc64nvme_of(const std::vector<MultipartPart>& chosen);
// What readers may ask of the parts later.
std::vector<ObjectPart> parts_of(const Multipart& multipart, const std::vector<MultipartPart>& chosen);

}  // namespace millrace::media
