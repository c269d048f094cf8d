#include "media/records/codec_bucket.h"

#include "media/media.pb.h"
#include "media/records/codec_wire.h"

namespace millrace::media {
namespace {

using namespace wire;

template <class Message>
void write_checksums(const std::vector<Checksum>& checksums, Message& out) {
  for (const Checksum& checksum : checksums) {
    auto* to = out.add_checksums();
    to->set_algorithm(number_of(checksum.algorithm));
    to->set_value(checksum.value);
    to->set_composite(checksum.composite);
  }
}

template <class Message>
bool read_checksums(const Message& in, std::vector<Checksum>& out) {
  for (const auto& checksum : in.checksums()) {
    Checksum& to = out.emplace_back(Checksum{.value = checksum.value(), .composite = checksum.composite()});
    if (!read_enum(checksum.algorithm(), ChecksumAlgorithm::kMd5, to.algorithm)) return false;
  }
  return true;
}

void write_headers(const ObjectHeaders& headers, record::ObjectHeaders& out) {
  out.set_content_type(headers.content_type);
  out.set_cache_control(headers.cache_control);
  out.set_content_disposition(headers.content_disposition);
  out.set_content_encoding(headers.content_encoding);
  out.set_content_language(headers.content_language);
  out.set_expires(headers.expires);
  out.set_website_redirect(headers.website_redirect);
  write_entries(headers.metadata, *out.mutable_metadata());
}

ObjectHeaders read_headers(const record::ObjectHeaders& in) {
  return {.content_type = in.content_type(),
          .cache_control = in.cache_control(),
          .content_disposition = in.content_disposition(),
          .content_encoding = in.content_encoding(),
          .content_language = in.content_language(),
          .expires = in.expires(),
          .website_redirect = in.website_redirect(),
          .metadata = read_entries(in.metadata())};
}

void write(const BucketObject& object, record::BucketObject& out) {
  out.set_tenant(object.tenant);
  out.set_bucket(object.bucket);
  out.set_key(object.key);
  write_object(object.object, *out.mutable_object());
  out.set_size_bytes(object.size_bytes);
  out.set_etag(object.etag);
  write_checksums(object.checksums, out);
  write_headers(object.headers, *out.mutable_headers());
  write_entries(object.tags, *out.mutable_tags());
  out.set_part_count(object.part_count);
  out.set_modified_ms(object.modified_ms);
}

rt::Result<BucketObject> read(const record::BucketObject& in, store::Revision revision) {
  BucketObject object{.tenant = in.tenant(),
                      .bucket = in.bucket(),
                      .key = in.key(),
                      .object = read_object(in.object()),
                      .size_bytes = in.size_bytes(),
                      .etag = in.etag(),
                      .checksums = {},
                      .headers = read_headers(in.headers()),
                      .tags = read_entries(in.tags()),
                      .part_count = in.part_count(),
                      .modified_ms = in.modified_ms(),
                      .revision = revision};
  if (!read_checksums(in, object.checksums)) return unknown_enum("checksum algorithm");
  return object;
}

}  // namespace

std::string encode(const Bucket& bucket) {
  record::Bucket out;
  out.set_name(bucket.name);
  out.set_tenant(bucket.tenant);
  out.set_created_ms(bucket.created_ms);
  out.set_removing(bucket.removing);
  return bytes_of(out);
}

rt::Result<Bucket> decode_bucket(const store::Record& record) {
  auto in = parse<record::Bucket>(record.value, "bucket");
  if (!in) return rt::pass(in);
  return Bucket{.tenant = in->tenant(),
                .name = in->name(),
                .created_ms = in->created_ms(),
                .removing = in->removing(),
                .revision = record.revision};
}

std::string encode(const BucketObject& object) {
  record::BucketObject out;
  write(object, out);
  return bytes_of(out);
}

rt::Result<BucketObject> decode_bucket_object(const store::Record& record) {
  auto in = parse<record::BucketObject>(record.value, "object of a bucket");
  if (!in) return rt::pass(in);
  return read(*in, record.revision);
}

std::string encode(const std::vector<ObjectPart>& parts) {
  record::ObjectParts out;
  for (const ObjectPart& part : parts) {
    auto* to = out.add_parts();
    to->set_number(part.number);
    to->set_size_bytes(part.size_bytes);
    write_checksums(part.checksums, *to);
  }
  return bytes_of(out);
}

rt::Result<std::vector<ObjectPart>> decode_object_parts(std::string_view bytes) {
  auto in = parse<record::ObjectParts>(bytes, "list of an object's parts");
  if (!in) return rt::pass(in);
  std::vector<ObjectPart> parts;
  for (const auto& from : in->parts()) {
    ObjectPart& part =
        parts.emplace_back(ObjectPart{.number = from.number(), .size_bytes = from.size_bytes(), .checksums = {}});
    if (!read_checksums(from, part.checksums)) return unknown_enum("checksum algorithm");
  }
  return parts;
}

std::string encode(const Multipart& multipart) {
  record::Multipart out;
  out.set_tenant(multipart.ref.tenant);
  out.set_bucket(multipart.ref.bucket);
  out.set_key(multipart.ref.key);
  out.set_id(multipart.ref.id);
  out.set_state(number_of(multipart.state));
  write_headers(multipart.headers, *out.mutable_headers());
  write_entries(multipart.tags, *out.mutable_tags());
  if (multipart.algorithm) out.set_algorithm(number_of(*multipart.algorithm));
  out.set_composite(multipart.composite);
  out.set_created_ms(multipart.created_ms);
  out.set_swept_ms(multipart.swept_ms);
  out.set_completed_parts(multipart.completed_parts);
  if (multipart.state == MultipartState::kCompleted) write(multipart.completed, *out.mutable_completed());
  return bytes_of(out);
}

rt::Result<Multipart> decode_multipart(const store::Record& record) {
  auto in = parse<record::Multipart>(record.value, "multipart upload");
  if (!in) return rt::pass(in);
  auto completed = read(in->completed(), 0);
  if (!completed) return rt::pass(completed);
  Multipart multipart{.ref = {.tenant = in->tenant(), .bucket = in->bucket(), .key = in->key(), .id = in->id()},
                      .headers = read_headers(in->headers()),
                      .tags = read_entries(in->tags()),
                      .algorithm = {},
                      .composite = in->composite(),
                      .created_ms = in->created_ms(),
                      .swept_ms = in->swept_ms(),
                      .completed_parts = in->completed_parts(),
                      .completed = std::move(*completed),
                      .revision = record.revision};
  if (!read_enum(in->state(), MultipartState::kCompleted, multipart.state)) return unknown_enum("multipart state");
  if (in->has_algorithm() && !read_enum(in->algorithm(), ChecksumAlgorithm::kMd5, multipart.algorithm.emplace())) {
    return unknown_enum("checksum algorithm");
  }
  return multipart;
}

std::string encode(const MultipartPart& part) {
  record::MultipartPart out;
  out.set_number(part.number);
  write_object(part.object, *out.mutable_object());
  out.set_size_bytes(part.size_bytes);
  out.set_crc32(part.crc32);
  out.set_crc64nvme(part.crc64nvme);
  out.set_etag(part.etag);
  write_checksums(part.checksums, out);
  out.set_modified_ms(part.modified_ms);
  return bytes_of(out);
}

rt::Result<MultipartPart> decode_multipart_part(const store::Record& record) {
  auto in = parse<record::MultipartPart>(record.value, "part");
  if (!in) return rt::pass(in);
  MultipartPart part{.number = in->number(),
                     .object = read_object(in->object()),
                     .size_bytes = in->size_bytes(),
                     .crc32 = in->crc32(),
                     .crc64nvme = in->crc64nvme(),
                     .etag = in->etag(),
                     .checksums = {},
                     .modified_ms = in->modified_ms(),
                     .revision = record.revision};
  if (!read_checksums(*in, part.checksums)) return unknown_enum("checksum algorithm");
  return part;
}

}  // namespace millrace::media
