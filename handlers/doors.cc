#include "handlers/doors.h"

#include "handlers/assets/envelope.h"
#include "handlers/client_v1/envelope.h"
#include "handlers/playback/envelope.h"
#include "handlers/tus/envelope.h"
#include "handlers/v1/envelope.h"
#include "handlers/v2/envelope.h"

namespace millrace::handlers {

namespace {

struct Prefix {
  std::string_view path;
  const Door& door;
};

const Prefix kPrefixes[] = {{"/api/client/v1", client_v1::door},
                            {"/v1", v1::door},
                            {"/assets", assets::door},
                            {"/files", tus::door},
                            {"/play", playback::door}};

bool is_below(std::string_view path, std::string_view prefix) {
  return path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
}

}  // namespace

const Door& door_at(std::string_view path) {
  for (const Prefix& prefix : kPrefixes) {
    if (is_below(path, prefix.path)) return prefix.door;
  }
  return v2::door;
}

}  // namespace millrace::handlers
