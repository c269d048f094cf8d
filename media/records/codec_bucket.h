// Records of buckets, their objects and multipart uploads to bytes and back, as codec.h for the others. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "media/buckets/bucket.h"
#include "media/buckets/multipart.h"
#include "server/rt/error.h"
#include "store/store.h"

namespace millrace::media {

std::string encode(const Bucket& bucket);
std::string encode(const BucketObject& object);
std::string encode(const std::vector<ObjectPart>& parts);
std::string encode(const Multipart& multipart);
std::string encode(const MultipartPart& part);

// These carry the record's revision.
rt::Result<Bucket> decode_bucket(const store::Record& record);
rt::Result<BucketObject> decode_bucket_object(const store::Record& record);
rt::Result<Multipart> decode_multipart(const store::Record& record);
rt::Result<MultipartPart> decode_multipart_part(const store::Record& record);
rt::Result<std::vector<ObjectPart>> decode_object_parts(std::string_view bytes);

}  // namespace millrace::media
