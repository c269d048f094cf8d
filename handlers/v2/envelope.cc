#include "handlers/v2/envelope.h"

#include "handlers/refusal.h"
#include "server/http/json.h"
#include "server/http/status.h"

namespace millrace::handlers::v2 {
namespace {

constexpr const char* kJsonType = "application/json";

}  // namespace

const Door door{.refuse = [](const rt::Error& error, const http::Exchange&) { return refuse(error); }};

http::Response success(int status, std::string_view data) {
  http::JsonWriter json;
  json.begin_object().member("status", "success").key("data").raw(data.empty() ? "null" : data).end_object();
  return http::Response::text(status, kJsonType, json.take());
}

http::Response refuse(const rt::Error& error) {
  if (error.field.empty()) return refuse(error, "null");
  http::JsonWriter data;
  data.begin_object().member(error.field, error.message).end_object();
  return refuse(error, data.text());
}

http::Response refuse(const rt::Error& error, std::string_view data) {
  const int status = http::status_of(error.code);
  http::JsonWriter json;
  json.begin_object().member("status", status < 500 ? "fail" : "error").key("data").raw(data);
  json.member("message", public_message(error)).end_object();
  http::Response response = http::Response::text(status, kJsonType, json.take());
  add_refusal_fields(response, error);
  return response;
}

}  // namespace millrace::handlers::v2
