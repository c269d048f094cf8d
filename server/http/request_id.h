// Request ids: sixteen hexadecimal digits, unlike one another within a process and very likely between processes. Not a
// secret.
#pragma once

#include <string>

namespace millrace::http {

// Writes a fresh id into `id`, using its memory. Any thread.
void make_request_id(std::string& id);

}  // namespace millrace::http
