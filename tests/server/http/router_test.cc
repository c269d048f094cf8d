#include "server/http/router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::http {
namespace {

using testing::ElementsAre;

Handler nothing() {
  return [](Exchange&) -> rt::Task<Response> { co_return Response::empty(200); };
}

struct Doors : Router {
  Doors() {
    add(Method::kGet, "/v2/uploads", nothing());
    add(Method::kPost, "/v2/uploads", nothing());
    add(Method::kGet, "/v2/uploads/{id}", nothing());
    add(Method::kGet, "/v2/uploads/imports", nothing());
    add(Method::kPost, "/v2/uploads/{id}/complete", nothing());
  }
};

std::string pattern_of(const Router& router, Method method, std::string_view path) {
  const auto match = router.match(method, path);
  return match && match->route ? match->route->pattern : "";
}

TEST(Router, a_literal_beats_a_parameter) {
  const Doors router;
  EXPECT_EQ(pattern_of(router, Method::kGet, "/v2/uploads/imports"), "/v2/uploads/imports");
  EXPECT_EQ(pattern_of(router, Method::kGet, "/v2/uploads/import"), "/v2/uploads/{id}");
}

TEST(Router, decodes_parameters) {
  const Doors router;
  const auto match = router.match(Method::kPost, "/v2/uploads/a%2Fb%20c/complete");
  ASSERT_TRUE(match && match->route);
  EXPECT_THAT(match->params, ElementsAre("a/b c"));
  EXPECT_EQ(router.match(Method::kGet, "/v2/uploads/%zz").error().code, rt::Code::kInvalid);
}

TEST(Router, tells_what_a_path_allows) {
  const Doors router;
  EXPECT_EQ(router.match(Method::kDelete, "/v2/uploads")->allow, "GET, POST");
  EXPECT_EQ(router.match(Method::kGet, "/v2/nothing")->allow, "");
  EXPECT_EQ(pattern_of(router, Method::kHead, "/v2/uploads"), "/v2/uploads");
}

TEST(Router, matches_whole_paths_only) {
  const Doors router;
  for (const char* path : {"", "/", "/v2", "v2/uploads", "/v2/uploads/", "/v2/uploads/x/y", "/v2//uploads"}) {
    EXPECT_EQ(pattern_of(router, Method::kGet, path), "") << path;
  }
}

}  // namespace
}  // namespace millrace::http
