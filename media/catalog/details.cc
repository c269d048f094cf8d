#include "media/catalog/details.h"

#include <fmt/format.h>

#include "media/catalog/folder.h"
#include "media/records/limits.h"

namespace millrace::media {
namespace {

rt::Status check_size(const std::string& text, const char* field, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return {};
  return rt::fail(rt::Code::kInvalid, fmt::format("{} has at most {} bytes", field, bytes_max), field);
}

}  // namespace

rt::Status check_details(const Details& details) {
  auto good = check_size(details.description, "description", kDescriptionMaxBytes);
  if (good) good = check_size(details.passthrough, "passthrough", kPassthroughMaxBytes);
  if (good && !details.folder.empty()) good = check_folder(details.folder);
  if (good && details.tags.size() > kTagsMax) {
    return rt::fail(rt::Code::kInvalid, fmt::format("there are at most {} tags", kTagsMax), "tags");
  }
  for (const std::string& tag : details.tags) {
    if (good) good = check_text(tag, {"a tag", "tags", 1, kTagMaxBytes});
  }
  return good;
}

}  // namespace millrace::media
