// Gateway: the one service behind every listener. Finds out who really asks, answers CORS preflights, routes (a signed
// request goes to the S3 door whatever its path, everything else by path), tells who asked what it may still ask for,
// and refuses in the door's envelope. One for all loops; it keeps nothing between requests.
#pragma once

#include "handlers/services.h"
#include "server/http/message.h"
#include "server/http/router.h"

namespace millrace::handlers {

class Gateway final : public http::Service {
 public:
  // `services` outlive it.
  explicit Gateway(Services& services);

  rt::Task<http::Response> answer(http::Exchange& exchange) override;
  void finished(const http::Exchange&, const http::Outcome&) override {}

  // Every address of every door but S3's, which has a table of its own (s3/operation.h).
  std::vector<const http::Route*> routes() const;
  // Patterns of all routes, for metrics.
  std::vector<std::string> patterns() const;

 private:
  rt::Task<http::Response> route(http::Exchange& exchange);
  http::Response preflight(const http::Request& request) const;
  void allow(const http::Request& request, http::Fields& fields) const;
  bool is_upload_put(const http::Request& request) const;

  Services& services_;
  http::Router by_path_;
  http::Router uploads_;  // presigned addresses of uploads
};

}  // namespace millrace::handlers
