#include "handlers/openapi.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "handlers/s3/operation.h"
#include "tests/handlers/house.h"

namespace millrace::handlers {
namespace {

using testing::IsEmpty;

using Names = std::set<std::string>;

http::Json document() {
  auto json = http::Json::parse_object(openapi_text());
  EXPECT_TRUE(json);
  return *json;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

// A path has methods, and parameters that they share.
bool is_method(const std::string& member) { return member != "parameters"; }

bool is_s3(const http::Json& operation) {
  const auto tags = operation.texts("tags");
  return tags && *tags && std::ranges::count(**tags, "s3") > 0;
}

// "get /v2/uploads"; of S3's operations "get /{bucket}#acl GetBucketAcl".
Names documented(bool s3) {
  Names names;
  for (const auto& [path, item] : (*document().object("paths"))->members()) {
    for (const auto& [member, operation] : item.members()) {
      if (!is_method(member) || is_s3(operation) != s3) continue;
      const std::string name = member + " " + path;
      names.insert(s3 ? name + " " + *operation.required_text("operationId") : name);
    }
  }
  return names;
}

Names without(Names all, const Names& these) {
  std::erase_if(all, [&](const std::string& name) { return these.contains(name); });
  return all;
}

// Where the document puts an operation that S3 tells apart by a parameter and a field.
std::string place_of(const s3::Operation& operation) {
  if (operation.level == s3::Level::kService) return "/#buckets";
  std::string path = operation.level == s3::Level::kBucket ? "/{bucket}" : "/{bucket}/{key}";
  for (const std::string_view mark : {operation.parameter, operation.field}) {
    if (!mark.empty()) path.append(path.contains('#') ? "&" : "#").append(mark);
  }
  return path;
}

TEST(Openapi, CoversEveryRouteAndNothingElse) {
  House house;
  Names routed;
  for (const http::Route* route : house.gateway->routes()) {
    routed.insert(lower(http::name_of(route->method)) + " " + route->pattern);
  }
  ASSERT_FALSE(routed.empty());
  EXPECT_THAT(without(routed, documented(false)), IsEmpty()) << "answered but not documented";
  EXPECT_THAT(without(documented(false), routed), IsEmpty()) << "documented but not answered";
}

TEST(Openapi, CoversEveryOperationOfS3AndNothingElse) {
  Names offered;
  for (const s3::Operation& operation : s3::operations()) {
    offered.insert(lower(http::name_of(operation.method)) + " " + place_of(operation) + " " +
                   std::string(operation.name));
  }
  ASSERT_FALSE(offered.empty());
  EXPECT_THAT(without(offered, documented(true)), IsEmpty()) << "offered but not documented";
  EXPECT_THAT(without(documented(true), offered), IsEmpty()) << "documented but not offered";
}

TEST(Openapi, IsServedToAnybody) {
  House house;
  const Reply reply = house.ask({.target = "/openapi.json"});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.field("content-type"), "application/json");
  EXPECT_EQ(reply.body, openapi_text());
  EXPECT_EQ(reply.at("openapi"), "3.1.0");
  EXPECT_NE(reply.at("info.version"), "absent");
}

TEST(Openapi, IsNotSentAgainUnchanged) {
  House house;
  const std::string etag = house.ask({.target = "/openapi.json"}).field("etag");
  ASSERT_THAT(etag, testing::MatchesRegex("\"[0-9a-f]+\""));
  const Reply again = house.ask({.target = "/openapi.json", .fields = {{"if-none-match", etag}}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(again.field("etag"), etag);
  EXPECT_EQ(house.ask({.target = "/openapi.json", .fields = {{"if-none-match", "\"other\""}}}).status, 200);
  EXPECT_EQ(house.ask({.target = "/openapi.json", .fields = {{"if-match", "\"other\""}}}).status, 412);
}

}  // namespace
}  // namespace millrace::handlers
