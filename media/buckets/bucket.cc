#include "media/buckets/bucket.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/http/crypto.h"
#include "server/http/utf8.h"

namespace millrace::media {
namespace {

std::unexpected<rt::Error> invalid(std::string message, std::string field) {
  return rt::fail(rt::Code::kInvalid, std::move(message), std::move(field));
}

bool is_control(unsigned char c) { return c < 0x20 || c == 0x7f; }

bool is_line(std::string_view text) { return std::ranges::none_of(text, is_control); }

bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool looks_like_an_address(std::string_view name) {
  return std::ranges::all_of(name, [](char c) { return c == '.' || (c >= '0' && c <= '9'); }) &&
         std::ranges::count(name, '.') == 3;
}

}  // namespace

std::unexpected<rt::Error> object_replaced() {
  return rt::fail(rt::Code::kUnavailable, "the object is replaced faster than it can be read", "object");
}

bool is_replaced(const rt::Error& error) { return error.code == rt::Code::kUnavailable && error.field == "object"; }

rt::Status check_object_key(std::string_view key) {
  if (key.empty() || key.size() > kKeyMaxBytes) {
    return invalid(fmt::format("a key has 1 to {} bytes", kKeyMaxBytes), "key");
  }
  if (key.contains('\0') || !http::is_utf8(key)) return invalid("a key is UTF-8 without NUL", "key");
  return {};
}

rt::Status check_bucket_name(std::string_view name) {
  const auto allowed = [](char c) { return is_plain(c) || c == '-' || c == '.'; };
  const bool good = name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, allowed) &&
                    is_plain(name.front()) && is_plain(name.back()) && !name.contains("..") &&
                    !looks_like_an_address(name);
  if (good) return {};
  return invalid("a bucket's name has 3 to 63 lower-case letters, digits, '-' and '.', and is no address", "bucket");
}

rt::Status check_headers(const ObjectHeaders& headers) {
  for (const std::string* text :
       {&headers.content_type, &headers.cache_control, &headers.content_disposition, &headers.content_encoding,
        &headers.content_language, &headers.expires, &headers.website_redirect}) {
    if (text->size() > kHeaderMaxBytes || !is_line(*text)) {
      return invalid(fmt::format("a header field has at most {} bytes and no control characters", kHeaderMaxBytes),
                     "metadata");
    }
  }
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers.metadata) {
    bytes += name.size() + value.size();
    if (name.empty() || !is_line(name) || !is_line(value)) {
      return invalid("metadata has names, and no control characters", "metadata");
    }
  }
  if (bytes <= kObjectMetadataMaxBytes) return {};
  return invalid(fmt::format("metadata has at most {} bytes", kObjectMetadataMaxBytes), "metadata");
}

rt::Status check_tags(const Tags& tags) {
  const auto is_bad = [](std::string_view text, std::size_t characters_max) {
    return !is_line(text) || !http::is_utf8(text) || http::utf8_characters(text) > characters_max;
  };
  const auto is_bad_tag = [&](const auto& tag) {
    return tag.first.empty() || is_bad(tag.first, kTagNameMaxCharacters) || is_bad(tag.second, kTagValueMaxCharacters);
  };
  if (tags.size() <= kObjectTagsMax && std::ranges::none_of(tags, is_bad_tag)) return {};
  return invalid(fmt::format("at most {} tags, with names of 1 to {} and values of at most {} characters",
                             kObjectTagsMax, kTagNameMaxCharacters, kTagValueMaxCharacters),
                 "tags");
}

std::string etag_of(const std::string& md5, std::uint64_t crc64nvme, std::uint64_t size_bytes) {
  if (!md5.empty()) return http::hex(http::bytes_of(md5));
  return fmt::format("{:016x}{:016x}-1", crc64nvme, size_bytes);
}

}  // namespace millrace::media
