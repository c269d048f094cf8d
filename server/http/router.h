// Router: from method and path to a handler. Patterns are literal segments and {parameters}; a literal beats a
// parameter. Knows which methods a path has, for 405 with Allow.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/http/message.h"

namespace millrace::http {

using Handler = std::function<rt::Task<Response>(Exchange&)>;

struct Route {
  Method method;
  std::string pattern;
  Handler handler;
};

class Router {
 public:
  Router();
  ~Router();
  void add(Method method, std::string pattern, Handler handler);

  struct Match {
    const Route* route = nullptr;     // null: no such path, or not with this method
    std::vector<std::string> params;  // percent-decoded
    std::string allow;                // what the path allows, when only the method was wrong
  };
  // HEAD falls back to GET. kInvalid when a parameter is not valid percent-encoding.
  rt::Result<Match> match(Method method, std::string_view path) const;

  const std::vector<std::unique_ptr<Route>>& routes() const noexcept { return routes_; }

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace millrace::http
