#include "handlers/assets/envelope.h"

#include "handlers/field_errors.h"
#include "server/http/status.h"

namespace millrace::handlers::assets {
namespace {

int status_of(const rt::Error& error) { return error.code == rt::Code::kForbidden ? 401 : http::status_of(error.code); }

}  // namespace

const Door door{
    .refuse = [](const rt::Error& error, const http::Exchange&) { return refuse_by_field(status_of(error), error); }};

http::Response answer(int status, std::string_view body) {
  return http::Response::text(status, "application/json", std::string(body));
}

}  // namespace millrace::handlers::assets
