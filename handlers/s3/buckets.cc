#include "handlers/s3/buckets.h"

#include "handlers/s3/acl.h"
#include "handlers/s3/envelope.h"
#include "handlers/s3/payload.h"
#include "media/buckets/buckets.h"
#include "server/http/date.h"

namespace millrace::handlers::s3 {
namespace {

using http::Response;

constexpr std::size_t kConfigurationBytesMax = 64 * 1024;
constexpr std::string_view kUsEast = "us-east-1";  // which S3 writes as no constraint

// The region a client asks for is not ours to choose: one server is one region, whatever it is called.
rt::Task<Status> read_configuration(const Call& call) {
  const auto text = co_await read_document(call.exchange, call.caller, kConfigurationBytesMax);
  if (!text) co_return std::unexpected(text.error());
  if (text->empty()) co_return Status();
  const auto xml = http::Xml::parse(*text, "CreateBucketConfiguration");
  if (!xml) co_return refuse(reasons::kMalformedXml, xml.error().message);
  co_return Status();
}

}  // namespace

Answer list_buckets(const Call& call) {
  const auto buckets = co_await call.services.buckets.list(call.tenant());
  if (!buckets) co_return std::unexpected(Refusal(buckets.error()));
  const std::string prefix = call.target.value("prefix");
  http::XmlWriter xml("ListAllMyBucketsResult", kNamespace);
  write_owner(xml, call.tenant());
  xml.begin("Buckets");
  for (const media::Bucket& bucket : *buckets) {
    if (!bucket.name.starts_with(prefix)) continue;
    xml.begin("Bucket").element("Name", bucket.name).element("CreationDate", http::iso_time(bucket.created_ms)).end();
  }
  co_return xml_response(xml);
}

Answer create_bucket(const Call& call) {
  auto read = co_await read_configuration(call);
  if (!read) co_return pass(read);
  auto created = co_await call.services.buckets.create(call.tenant(), call.target.bucket);
  if (!created && created.error().code == rt::Code::kConflict) {
    co_return refuse(reasons::kBucketAlreadyOwnedByYou,
                     "Your previous request to create the named bucket succeeded and you already own it.");
  }
  if (!created) co_return pass(created);
  Response response = Response::empty(200);
  response.fields.add("location", "/" + call.target.bucket);
  co_return response;
}

Answer head_bucket(const Call& call) {
  auto bucket = co_await call.services.buckets.get(call.tenant(), call.target.bucket);
  if (!bucket) co_return pass(bucket);
  Response response = Response::empty(200);
  response.fields.add("x-amz-bucket-region", call.services.settings.region);
  co_return response;
}

Answer delete_bucket(const Call& call) {
  auto removed = co_await call.services.buckets.remove(call.tenant(), call.target.bucket);
  if (!removed && removed.error().code == rt::Code::kConflict) {
    co_return refuse(reasons::kBucketNotEmpty, "The bucket you tried to delete is not empty.");
  }
  if (!removed) co_return pass(removed);
  co_return Response::empty(204);
}

Answer bucket_location(const Call& call) {
  auto bucket = co_await call.services.buckets.get(call.tenant(), call.target.bucket);
  if (!bucket) co_return pass(bucket);
  http::XmlWriter xml("LocationConstraint", kNamespace);
  const std::string& region = call.services.settings.region;
  if (region != kUsEast) xml.text(region);
  co_return xml_response(xml);
}

Answer bucket_versioning(const Call& call) {
  auto bucket = co_await call.services.buckets.get(call.tenant(), call.target.bucket);
  if (!bucket) co_return pass(bucket);
  http::XmlWriter xml("VersioningConfiguration", kNamespace);
  co_return xml_response(xml);
}

}  // namespace millrace::handlers::s3
