// Control: what `millrace key` says to a running server: one HTTP/1.1 request over its clear-text listener with the
// admin key from the data directory. Blocks; for the command line only.
//
// DIR/server.json tells where the server listens; it is there while it serves.
#pragma once

#include <filesystem>
#include <string>

#include "server/ops/cli.h"
#include "server/rt/error.h"

namespace millrace::ops {

// Where a running server is reached, as the ready file and DIR/server.json have it.
struct Whereabouts {
  std::string listen;
  std::string tls;  // empty: no TLS listener
};
std::string render(const Whereabouts& whereabouts, int pid);
// Appears whole or not at all.
rt::Status write_whole(const std::filesystem::path& file, const std::string& text);

// Does it and gives the text to print.
rt::Result<std::string> run_key_command(const KeyCommand& command);

}  // namespace millrace::ops
