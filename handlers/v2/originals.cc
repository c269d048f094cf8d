#include "handlers/v2/originals.h"

#include "handlers/original_response.h"
#include "handlers/v2/envelope.h"

namespace millrace::handlers::v2 {

Answer get_original(Services& services, http::Exchange& exchange, media::Principal principal) {
  return original_response(services, exchange, door, std::move(principal.tenant), exchange.params[0]);
}

}  // namespace millrace::handlers::v2
