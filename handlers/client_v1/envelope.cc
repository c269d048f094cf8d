#include "handlers/client_v1/envelope.h"

#include "handlers/field_errors.h"
#include "server/http/json.h"
#include "server/http/status.h"

namespace millrace::handlers::client_v1 {
namespace {

constexpr const char* kJsonType = "application/json";

int status_of(const rt::Error& error) {
  return error.code == rt::Code::kInvalid && !error.field.empty() ? 422 : http::status_of(error.code);
}

}  // namespace

const Door door{
    .refuse = [](const rt::Error& error, const http::Exchange&) { return refuse_by_field(status_of(error), error); }};

http::Response success(std::string_view data) {
  http::JsonWriter json;
  json.begin_object().key("data").raw(data).end_object();
  return http::Response::text(200, kJsonType, json.take());
}

http::Response accepted(std::string_view message, std::string_view data) {
  http::JsonWriter json;
  json.begin_object().member("message", message).key("data").raw(data).end_object();
  return http::Response::text(202, kJsonType, json.take());
}

}  // namespace millrace::handlers::client_v1
