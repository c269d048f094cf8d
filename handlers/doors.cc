#include "handlers/doors.h"

#include "handlers/tus/envelope.h"
#include "handlers/v2/envelope.h"

namespace millrace::handlers {

const Door& door_at(std::string_view path) {
  const bool is_tus = path == "/files" || path.starts_with("/files/");
  return is_tus ? tus::door : v2::door;
}

}  // namespace millrace::handlers
