#include "handlers/field_errors.h"

#include "handlers/refusal.h"
#include "server/http/json.h"

namespace millrace::handlers {

http::Response refuse_by_field(int status, const rt::Error& error) {
  http::JsonWriter json;
  json.begin_object().member("message", public_message(error));
  if (!error.field.empty()) {
    json.key("errors").begin_object().key(error.field).begin_array().value(error.message).end_array().end_object();
  }
  json.end_object();
  http::Response response = http::Response::text(status, "application/json", json.take());
  add_refusal_fields(response, error);
  return response;
}

}  // namespace millrace::handlers
