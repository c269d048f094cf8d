#include "handlers/playback/envelope.h"

#include "handlers/playback/page.h"
#include "handlers/v2/envelope.h"

namespace millrace::handlers::playback {
namespace {

// A browser that was led here, not a player that loads a piece.
bool asks_for_page(const http::Request& request) {
  return request.fields.get("accept").value_or("").contains("text/html");
}

}  // namespace

const Door door{.refuse = [](const rt::Error& error, const http::Exchange& exchange) {
  http::Response response = v2::refuse(error);
  if (asks_for_page(exchange.request)) show_refusal(response, error);
  response.fields.add("cache-control", "no-store");
  return response;
}};

}  // namespace millrace::handlers::playback
