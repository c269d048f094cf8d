#include "handlers/s3/tagging.h"

#include "handlers/s3/envelope.h"
#include "handlers/s3/payload.h"
#include "media/buckets/buckets.h"

namespace millrace::handlers::s3 {
namespace {

// Ten tags of 128 and 256 characters, each of which may be an entity.
constexpr std::size_t kTaggingBytesMax = 128 * 1024;

Result<media::Tags> read_tags(const std::string& text) {
  const auto document = http::Xml::parse(text, "Tagging");
  if (!document) return refuse(reasons::kMalformedXml, document.error().message);
  const auto set = document->child("TagSet");
  if (!set) return refuse(reasons::kMalformedXml, "A Tagging has a TagSet.");
  media::Tags tags;
  for (const http::Xml& tag : set->children("Tag")) {
    const auto key = tag.text("Key");
    const auto value = tag.text("Value");
    if (!key || !value) return refuse(reasons::kMalformedXml, "A Tag has a Key and a Value.");
    if (!tags.emplace(*key, *value).second) {
      return refuse(reasons::kInvalidTag, "Cannot provide multiple Tags with the same key");
    }
  }
  return tags;
}

rt::Task<Status> set_tags(const Call& call, media::Tags tags) {
  auto set =
      co_await call.services.buckets.set_tags(call.tenant(), call.target.bucket, call.target.key, std::move(tags));
  if (!set) co_return pass(set);
  co_return Status();
}

}  // namespace

Answer get_tagging(const Call& call) {
  const auto object = co_await call.services.buckets.object(call.tenant(), call.target.bucket, call.target.key);
  if (!object) co_return std::unexpected(Refusal(object.error()));
  http::XmlWriter xml("Tagging", kNamespace);
  xml.begin("TagSet");
  for (const auto& [key, value] : object->tags) xml.begin("Tag").element("Key", key).element("Value", value).end();
  co_return xml_response(xml);
}

Answer put_tagging(const Call& call) {
  const auto text = co_await read_document(call.exchange, call.caller, kTaggingBytesMax);
  if (!text) co_return std::unexpected(text.error());
  auto tags = read_tags(*text);
  if (!tags) co_return pass(tags);
  auto set = co_await set_tags(call, std::move(*tags));
  if (!set) co_return pass(set);
  co_return http::Response::empty(200);
}

Answer delete_tagging(const Call& call) {
  auto set = co_await set_tags(call, {});
  if (!set) co_return pass(set);
  co_return http::Response::empty(204);
}

}  // namespace millrace::handlers::s3
