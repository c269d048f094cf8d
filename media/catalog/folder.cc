#include "media/catalog/folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "server/http/utf8.h"

namespace millrace::media {
namespace {

std::unexpected<rt::Error> invalid(std::string message) {
  return rt::fail(rt::Code::kInvalid, std::move(message), "folder");
}

bool is_bad_byte(unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; }

bool is_bad_name(std::string_view name) { return name.empty() || name == "." || name == ".."; }

}  // namespace

rt::Status check_folder(std::string_view path) {
  if (path.size() > kFolderMaxBytes) return invalid(fmt::format("a folder has at most {} bytes", kFolderMaxBytes));
  if (!http::is_utf8(path)) return invalid("a folder is UTF-8");
  if (std::ranges::any_of(path, is_bad_byte)) return invalid("a folder has no control characters and no backslashes");
  if (!is_at_or_below(path, kRootFolder)) return invalid("a folder begins with \"root\", as in \"root/my-folder\"");
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (is_bad_name(path.substr(at, end - at))) return invalid("a folder has no empty name, \".\" or \"..\" in it");
    at = end + 1;
  }
  return {};
}

bool is_at_or_below(std::string_view folder, std::string_view path) {
  return folder.starts_with(path) && (folder.size() == path.size() || folder[path.size()] == '/');
}

std::string child_on_the_way(std::string_view path, std::string_view folder) {
  if (folder.size() <= path.size() || !is_at_or_below(folder, path)) return {};
  return std::string(folder.substr(0, folder.find('/', path.size() + 1)));
}

}  // namespace millrace::media
