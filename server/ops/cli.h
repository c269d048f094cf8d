// The command line as a value. `millrace --help` is its contract; scripts rely on it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace millrace::ops {

struct ServeCommand {
  std::optional<std::filesystem::path> config;
  std::optional<std::string> data;
  std::optional<std::string> listen;
  std::optional<std::string> tls_listen;
  std::optional<std::filesystem::path> ready_file;
};

struct KeyCommand {
  enum class Action : std::uint8_t { kCreate, kList, kRevoke } action = Action::kList;
  std::filesystem::path data;
  std::string server;  // http://ADDRESS:PORT; empty: as the data directory tells
  std::string tenant;
  std::string name;
  std::vector<std::string> scopes;
  std::string id;
};

struct CheckCommand {
  std::filesystem::path data;
  bool repair = false;
};

struct VersionCommand {};

// Prints the documented configuration.
struct ConfigCommand {};

// Nothing to run: help was printed, or what was wrong.
struct NoCommand {
  int exit_code = 0;
};

using Command = std::variant<ServeCommand, KeyCommand, CheckCommand, VersionCommand, ConfigCommand, NoCommand>;

Command parse_command_line(int argc, const char* const* argv);

}  // namespace millrace::ops
