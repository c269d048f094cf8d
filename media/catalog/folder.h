// Folders: paths of names below `root`, "root/my-folder/2026". A folder is there while a media lies in it or below it.
// Names are case-sensitive and compared byte by byte.
#pragma once

#include <string>
#include <string_view>

#include "server/rt/error.h"

namespace millrace::media {

inline constexpr std::string_view kRootFolder = "root";
inline constexpr std::size_t kFolderMaxBytes = 1024;

// kInvalid, the field "folder", for what is no such path: another first name, empty names, `.` and `..`, control
// characters, backslashes, and what is not UTF-8.
rt::Status check_folder(std::string_view path);

// True for the folder itself too.
bool is_at_or_below(std::string_view folder, std::string_view path);
// The folder right below `path` that `folder` lies at or below; empty when there is none.
std::string child_on_the_way(std::string_view path, std::string_view folder);

}  // namespace millrace::media
