// Texts that are made when they are asked for: with a tag of their own content, so that they are not sent again
// unchanged.
#pragma once

#include <string>

#include "server/http/message.h"
#include "server/rt/error.h"

namespace millrace::handlers::playback {

struct Text {
  std::string content_type;
  std::string text;
  std::string cache_control;
};

// 200, 304; kPreconditionFailed.
rt::Result<http::Response> text_response(const http::Request& request, Text text);

// For what may change, a minute; for what never does, a year. Shared caches keep only what anyone may have.
std::string changing(bool is_public);
std::string unchanging(bool is_public);

}  // namespace millrace::handlers::playback
