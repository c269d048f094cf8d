// The S3 door as a signing client sees it, for tests of what it answers.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "server/http/xml.h"
#include "tests/handlers/house.h"
#include "tests/handlers/s3/signing.h"

namespace millrace::handlers {

class S3Door : public testing::Test {
 protected:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  Reply send(Ask ask) { return house.ask(s3::signed_by(key, std::move(ask))); }
  Reply send(const std::string& method, const std::string& target, const std::string& body = {}, Fields fields = {}) {
    return send({.method = method, .target = target, .body = body, .fields = std::move(fields)});
  }
  // The code inside an error's XML.
  static std::string code(const Reply& reply) {
    const auto error = http::Xml::parse(reply.body, "Error");
    return error ? error->text("Code").value_or("") : "no error: " + reply.body;
  }
  Reply copy(const std::string& target, const std::string& source, Fields fields = {}) {
    fields.emplace_back("x-amz-copy-source", source);
    return send("PUT", target, "", std::move(fields));
  }

  House house;
  s3::Key key{house.admin.key.access_key_id, house.admin.secret_access_key};
};

}  // namespace millrace::handlers
