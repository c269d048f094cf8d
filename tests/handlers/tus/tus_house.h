// A house asked in the words of tus 1.0 and of the IETF draft.
#pragma once

#include <gtest/gtest.h>

#include "server/http/crypto.h"
#include "tests/handlers/house.h"

namespace millrace::handlers::tus {

using FieldList = std::vector<std::pair<std::string, std::string>>;

inline std::string text_of(std::uint64_t number) { return std::to_string(number); }
inline std::string base64_of(std::string_view text) { return http::base64(http::bytes_of(text)); }

class TusHouse : public House {
 public:
  using House::House;

  Reply tus(std::string method, std::string target, FieldList fields = {}, std::string body = {}) {
    fields.emplace_back("tus-resumable", "1.0.0");
    return ask({.method = std::move(method),
                .target = std::move(target),
                .body = std::move(body),
                .fields = std::move(fields),
                .key = admin.bearer});
  }
  // The path of a new upload.
  std::string make(FieldList fields) {
    const Reply reply = tus("POST", "/files", std::move(fields));
    EXPECT_EQ(reply.status, 201) << reply.body;
    return path_in(reply.field("location"));
  }
  std::string make(std::uint64_t length) { return make({{"upload-length", text_of(length)}}); }
  std::string piece(const std::string& content) {
    const std::string path = make({{"upload-length", text_of(content.size())}, {"upload-concat", "partial"}});
    EXPECT_EQ(send(path, 0, content).status, 204);
    return path;
  }
  Reply send(std::string path, std::uint64_t offset, std::string body, FieldList fields = {}) {
    fields.emplace_back("upload-offset", text_of(offset));
    fields.emplace_back("content-type", "application/offset+octet-stream");
    return tus("PATCH", std::move(path), std::move(fields), std::move(body));
  }
  // Of the draft.
  Reply draft(std::string method, std::string target, FieldList fields = {}, std::string body = {}) {
    return ask({.method = std::move(method),
                .target = std::move(target),
                .body = std::move(body),
                .fields = std::move(fields),
                .key = admin.bearer});
  }
  Reply append(std::string path, std::uint64_t offset, bool rest, std::string body, FieldList fields = {}) {
    fields.emplace_back("upload-offset", text_of(offset));
    fields.emplace_back("upload-complete", rest ? "?1" : "?0");
    fields.emplace_back("content-type", "application/partial-upload");
    return draft("PATCH", std::move(path), std::move(fields), std::move(body));
  }
  std::string content(const std::string& path) { return call("GET", path).body; }

  static std::string path_in(const std::string& url) { return url.substr(url.find('/', url.find("//") + 2)); }
  static std::string id_in(const std::string& path) { return path.substr(path.rfind('/') + 1); }
};

}  // namespace millrace::handlers::tus
