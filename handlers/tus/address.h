// The address of an upload, and who may use it: a key of the tenant, or whoever was given the signed address. That one
// is good for sending, asking how far it is and giving up, and for nothing but its upload; it ends with the upload or
// with the key that it was made by, so it needs no expiry of its own and lives for as long as the upload is active.
#pragma once

#include <string>

#include "handlers/services.h"
#include "media/tenants/principal.h"
#include "media/uploads/upload.h"
#include "server/http/message.h"
#include "server/rt/error.h"

namespace millrace::handlers::tus {

struct Caller {
  media::Principal principal;
  bool by_address = false;  // without a key
};

// For callers that send their key with every request.
std::string upload_url(const Settings& settings, const http::Request& request, const std::string& upload_id);
// Works alone: for a browser that gets it from its own server.
std::string signed_upload_url(const Services& services, const http::Request& request, const std::string& key_id,
                              const std::string& upload_id);

// kUnauthenticated, kForbidden. Notes the tenant in the exchange.
rt::Result<Caller> caller_at(Services& services, http::Exchange& exchange, const std::string& upload_id);

}  // namespace millrace::handlers::tus
