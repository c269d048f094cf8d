#include "handlers/s3/acl.h"

#include "handlers/s3/envelope.h"
#include "handlers/s3/payload.h"
#include "media/buckets/buckets.h"

namespace millrace::handlers::s3 {
namespace {

using http::Response;

constexpr std::size_t kAclBytesMax = 64 * 1024;

Response private_acl(const std::string& tenant) {
  http::XmlWriter xml("AccessControlPolicy", kNamespace);
  write_owner(xml, tenant);
  xml.begin("AccessControlList").begin("Grant").begin("Grantee");
  xml.attribute("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance").attribute("xsi:type", "CanonicalUser");
  xml.element("ID", tenant).element("DisplayName", tenant).end().element("Permission", "FULL_CONTROL");
  return xml_response(xml);
}

// A policy that gives the owner everything and nobody else anything.
bool is_private(const http::Xml& policy, const std::string& tenant) {
  const auto list = policy.child("AccessControlList");
  if (!list) return false;
  for (const http::Xml& grant : list->children("Grant")) {
    const auto grantee = grant.child("Grantee");
    if (!grantee || grantee->text("ID") != tenant || grant.text("Permission") != "FULL_CONTROL") return false;
  }
  return true;
}

// A canned ACL that is not private was refused at the front (front.cc).
rt::Task<Status> read_acl(const Call& call) {
  const auto text = co_await read_document(call.exchange, call.caller, kAclBytesMax);
  if (!text) co_return std::unexpected(text.error());
  if (text->empty()) {
    if (call.request().fields.get("x-amz-acl")) co_return Status();
    co_return refuse(reasons::kInvalidRequest, "Your request was missing an access control list.");
  }
  const auto policy = http::Xml::parse(*text, "AccessControlPolicy");
  if (!policy) co_return refuse(reasons::kMalformedXml, policy.error().message);
  if (is_private(*policy, call.tenant())) co_return Status();
  co_return refuse(reasons::kNotImplemented, "Only private access control lists are offered.");
}

}  // namespace

void write_owner(http::XmlWriter& xml, std::string_view tenant, std::string_view element) {
  xml.begin(element).element("ID", tenant).element("DisplayName", tenant).end();
}

Answer bucket_acl(const Call& call) {
  auto bucket = co_await call.services.buckets.get(call.tenant(), call.target.bucket);
  if (!bucket) co_return pass(bucket);
  co_return private_acl(call.tenant());
}

Answer object_acl(const Call& call) {
  auto object = co_await call.services.buckets.object(call.tenant(), call.target.bucket, call.target.key);
  if (!object) co_return pass(object);
  co_return private_acl(call.tenant());
}

Answer put_bucket_acl(const Call& call) {
  auto bucket = co_await call.services.buckets.get(call.tenant(), call.target.bucket);
  if (!bucket) co_return pass(bucket);
  auto read = co_await read_acl(call);
  if (!read) co_return pass(read);
  co_return Response::empty(200);
}

Answer put_object_acl(const Call& call) {
  auto object = co_await call.services.buckets.object(call.tenant(), call.target.bucket, call.target.key);
  if (!object) co_return pass(object);
  auto read = co_await read_acl(call);
  if (!read) co_return pass(read);
  co_return Response::empty(200);
}

}  // namespace millrace::handlers::s3
