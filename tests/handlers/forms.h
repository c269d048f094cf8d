// Forms as clients send them, for asking a House.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/handlers/house.h"

namespace millrace::handlers {

inline std::string form_field(const std::string& name, const std::string& value) {
  return "--bOuNd\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
}

inline std::string form_file(const std::string& name, const std::string& file_name, const std::string& content,
                             const std::string& type = "video/mp4") {
  return "--bOuNd\r\nContent-Disposition: form-data; name=\"" + name + "\"; filename=\"" + file_name +
         "\"\r\nContent-Type: " + type + "\r\n\r\n" + content + "\r\n";
}

inline Reply send_form(House& house, const std::string& target, const std::string& parts,
                       std::vector<std::pair<std::string, std::string>> fields = {}, const std::string& key = {},
                       bool breaks = false) {
  fields.emplace_back("content-type", "multipart/form-data; boundary=bOuNd");
  return house.ask({.method = "POST",
                    .target = target,
                    .body = breaks ? parts : parts + "--bOuNd--\r\n",
                    .fields = std::move(fields),
                    .key = key.empty() ? house.admin.bearer : key,
                    .breaks = breaks});
}

// A key of the house's tenant with these scopes only.
inline std::string key_with(House& house, media::Scopes scopes) {
  return rt::run_until_done(house.tenants->create_key("default", "few", scopes))->bearer;
}

// The first member of that name anywhere in the JSON text.
inline std::string first(const std::string& body, const std::string& name) {
  const std::size_t at = body.find("\"" + name + "\":");
  if (at == std::string::npos) return "absent";
  const std::size_t begin = at + name.size() + 3;
  return body.substr(begin, body.find_first_of(",}]", begin) - begin);
}

}  // namespace millrace::handlers
