// What is signed with the server secret for others: the secret itself leaves nobody.
#include "media/tenants/signed_text.h"
#include "media/tenants/tenants.h"

namespace millrace::media {

std::string Tenants::sign(std::string_view purpose, std::string_view text) const {
  return sign_text(secret_, purpose, text);
}

std::optional<std::string> Tenants::read_signed(std::string_view purpose, std::string_view signed_text) const {
  return read_signed_text(secret_, purpose, signed_text);
}

}  // namespace millrace::media
