#include "handlers/s3/deletes.h"

#include <algorithm>

#include "handlers/s3/envelope.h"
#include "handlers/s3/object_fields.h"
#include "handlers/s3/payload.h"
#include "media/buckets/buckets.h"

namespace millrace::handlers::s3 {
namespace {

constexpr std::size_t kDeletesMax = 1000;
// As S3: a thousand keys of 1 KiB with their elements.
constexpr std::size_t kDeleteBytesMax = 2 * 1024 * 1024;

struct Wanted {
  std::string key;
  std::string version;
  std::string etag;
};

Result<std::vector<Wanted>> read_wanted(const http::Xml& document) {
  std::vector<Wanted> wanted;
  for (const http::Xml& object : document.children("Object")) {
    auto key = object.text("Key");
    if (!key || key->empty()) return refuse(reasons::kMalformedXml, "An Object has no Key.");
    wanted.push_back({std::move(*key), object.text("VersionId").value_or(""),
                      std::string(bare_etag(object.text("ETag").value_or("")))});
  }
  if (wanted.empty() || wanted.size() > kDeletesMax) {
    return refuse(reasons::kMalformedXml, "A Delete names 1 to 1000 objects.");
  }
  return wanted;
}

void write_error(http::XmlWriter& xml, const Wanted& wanted, const Refusal& refusal) {
  xml.begin("Error").element("Key", wanted.key);
  if (!wanted.version.empty()) xml.element("VersionId", wanted.version);
  xml.element("Code", refusal.code).element("Message", refusal.message).end();
}

void write_deleted(http::XmlWriter& xml, const Wanted& wanted) {
  xml.begin("Deleted").element("Key", wanted.key);
  if (!wanted.version.empty()) xml.element("VersionId", wanted.version);
  xml.end();
}

bool is_of_no_version(const Wanted& wanted) { return !wanted.version.empty() && wanted.version != "null"; }

// Those that ask for a condition or a version are looked at one by one.
bool is_plain(const Wanted& wanted) { return wanted.etag.empty() && !is_of_no_version(wanted); }

rt::Task<Status> delete_one(const Call& call, const Wanted& wanted) {
  if (is_of_no_version(wanted)) {
    co_return refuse(reasons::kNoSuchVersion, "Buckets are not versioned: the only version is null.");
  }
  auto removed =
      co_await call.services.buckets.remove_object(call.tenant(), call.target.bucket, wanted.key, wanted.etag);
  if (!removed) co_return pass(removed);
  co_return Status();
}

std::vector<std::string> plain_keys(const std::vector<Wanted>& all) {
  std::vector<std::string> keys;
  for (const Wanted& wanted : all) {
    if (is_plain(wanted)) keys.push_back(wanted.key);
  }
  return keys;
}

}  // namespace

Answer delete_object(const Call& call) {
  const std::string if_match(bare_etag(call.field("if-match")));
  auto removed =
      co_await call.services.buckets.remove_object(call.tenant(), call.target.bucket, call.target.key, if_match);
  if (!removed) co_return pass(removed);
  co_return http::Response::empty(204);
}

Answer delete_objects(const Call& call) {
  const auto text = co_await read_document(call.exchange, call.caller, kDeleteBytesMax);
  if (!text) co_return std::unexpected(text.error());
  const auto document = http::Xml::parse(*text, "Delete");
  if (!document) co_return refuse(reasons::kMalformedXml, document.error().message);
  const auto wanted = read_wanted(*document);
  if (!wanted) co_return std::unexpected(wanted.error());
  const bool quiet = document->text("Quiet") == "true";
  const auto removed =
      co_await call.services.buckets.remove_objects(call.tenant(), call.target.bucket, plain_keys(*wanted));
  if (!removed) co_return std::unexpected(Refusal(removed.error()));
  http::XmlWriter xml("DeleteResult", kNamespace);
  auto next = removed->begin();
  for (const Wanted& each : *wanted) {
    Status status;
    if (!is_plain(each)) {
      status = co_await delete_one(call, each);
    } else if (const auto& done = *next++; !done.status) {
      status = std::unexpected(Refusal(done.status.error()));
    }
    if (!status) write_error(xml, each, status.error());
    if (status && !quiet) write_deleted(xml, each);
  }
  co_return xml_response(xml);
}

}  // namespace millrace::handlers::s3
