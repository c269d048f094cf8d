// The keys of what was encoded, made as those in keys.h.
//
//   m/encoded/TENANT/YYYY-MM  EncodedMonth, of a calendar month (UTC). It is kept for good: a few bytes that are the
//   bill
#pragma once

#include "media/records/keys.h"

namespace millrace::media::keys {

// `month`: "2026-03".
inline std::string encoded_month(std::string_view owner, std::string_view month) {
  return fmt::format("m/encoded/{}/{}", owner, month);
}

}  // namespace millrace::media::keys
