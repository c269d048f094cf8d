// Who asks at the S3 door: a signature, checked with the secret of an access key or of temporary credentials.
#pragma once

#include <optional>

#include "handlers/s3/refusal.h"
#include "handlers/services.h"
#include "media/tenants/principal.h"
#include "media/uploads/upload_keys.h"
#include "server/http/message.h"
#include "server/http/sigv4.h"

namespace millrace::handlers::s3 {

struct Caller {
  media::Principal principal;
  http::sigv4::Signature signature;
  http::Sha256Digest signing_key;               // for the signatures inside a streamed body
  std::optional<media::UploadAccess> confined;  // temporary credentials: to one upload
};

// Of a signed request; counted (admission.h). Notes the tenant in the exchange.
Result<Caller> authenticate(Services& services, http::Exchange& exchange);

}  // namespace millrace::handlers::s3
