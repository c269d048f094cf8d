#include "handlers/playback/text_response.h"

#include "server/http/conditional.h"
#include "server/http/crypto.h"

namespace millrace::handlers::playback {
namespace {

constexpr std::size_t kTagCharacters = 32;

std::string who(bool is_public) { return is_public ? "public" : "private"; }

}  // namespace

rt::Result<http::Response> text_response(const http::Request& request, Text text) {
  const std::string digest = http::hex(http::sha256(http::bytes_of(text.text)));
  const http::Validators validators{"\"" + digest.substr(0, kTagCharacters) + "\"", std::nullopt};
  const http::Verdict verdict = http::evaluate_conditions(request, validators);
  if (verdict == http::Verdict::kPreconditionFailed) {
    return rt::fail(rt::Code::kPreconditionFailed, "the condition does not hold");
  }
  http::Response response;
  if (verdict == http::Verdict::kNotModified) {
    response.status = 304;
  } else {
    response = http::Response::text(200, std::move(text.content_type), std::move(text.text));
    response.fields.add("x-content-type-options", "nosniff");
  }
  response.fields.add("etag", validators.etag);
  response.fields.add("cache-control", text.cache_control);
  return response;
}

std::string changing(bool is_public) { return who(is_public) + ", max-age=60"; }

std::string unchanging(bool is_public) { return who(is_public) + ", max-age=31536000, immutable"; }

}  // namespace millrace::handlers::playback
