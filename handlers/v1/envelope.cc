#include "handlers/v1/envelope.h"

#include <optional>

#include "handlers/refusal.h"
#include "server/http/absent.h"
#include "server/http/json.h"
#include "server/http/status.h"

namespace millrace::handlers::v1 {
namespace {

constexpr const char* kJsonType = "application/json";

std::string_view type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 402:
      return "quota_exceeded";
    case 403:
      return "permission_error";
    case 404:
    case 410:
      return "not_found";
    case 429:
      return "rate_limit_error";
    default:
      return status < 500 ? "invalid_request_error" : "api_error";
  }
}

}  // namespace

const Door door{.refuse = [](const rt::Error& error, const http::Exchange& exchange) {
  return refuse(http::status_of(error.code), "", error, exchange);
}};

http::Response answer(int status, std::string_view body) {
  return http::Response::text(status, kJsonType, std::string(body));
}

http::Response refuse(int status, std::string_view code, const rt::Error& error, const http::Exchange& exchange) {
  http::JsonWriter json;
  json.begin_object().key("error").begin_object().member("type", type_of(status));
  json.member_if("code", http::unless_empty(code)).member("message", public_message(error));
  json.member_if("param", http::unless_empty(error.field)).member("request_id", exchange.id).end_object().end_object();
  http::Response response = http::Response::text(status, kJsonType, json.take());
  add_refusal_fields(response, error);
  return response;
}

}  // namespace millrace::handlers::v1
