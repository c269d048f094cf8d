#include "server/http/router.h"

#include <algorithm>

#include "server/http/url.h"

namespace millrace::http {

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::vector<const Route*> routes;
};

namespace {

bool is_parameter(std::string_view segment) { return segment.size() > 2 && segment.front() == '{'; }

std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view segment = path.substr(0, end);
  path.remove_prefix(end);
  return segment;
}

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}

Router::~Router() = default;

void Router::add(Method method, std::string pattern, Handler handler) {
  Node* node = root_.get();
  for (std::string_view rest = pattern; !rest.empty();) {
    const std::string_view segment = take_segment(rest);
    auto& child = is_parameter(segment) ? node->parameter : node->literals[std::string(segment)];
    if (!child) child = std::make_unique<Node>();
    node = child.get();
  }
  routes_.push_back(std::make_unique<Route>(Route{method, std::move(pattern), std::move(handler)}));
  node->routes.push_back(routes_.back().get());
}

rt::Result<Router::Match> Router::match(Method method, std::string_view path) const {
  Match match;
  const Node* node = root_.get();
  for (std::string_view rest = path; !rest.empty();) {
    if (rest.front() != '/') return match;
    const std::string_view segment = take_segment(rest);
    const auto literal = node->literals.find(segment);
    if (literal != node->literals.end()) {
      node = literal->second.get();
    } else if (node->parameter && !segment.empty()) {
      auto value = percent_decode(segment);
      if (!value) return rt::fail(rt::Code::kInvalid, "the path is not valid percent-encoding", "path");
      match.params.push_back(std::move(*value));
      node = node->parameter.get();
    } else {
      return match;
    }
  }
  const auto with = [&](Method wanted) {
    const auto found = std::ranges::find(node->routes, wanted, &Route::method);
    return found == node->routes.end() ? nullptr : *found;
  };
  match.route = with(method);
  if (!match.route && method == Method::kHead) match.route = with(Method::kGet);
  if (match.route) return match;
  for (const Route* route : node->routes) {
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += name_of(route->method);
  }
  return match;
}

}  // namespace millrace::http
