#include "server/ops/cli.h"

#include <CLI/CLI.hpp>

namespace millrace::ops {
namespace {

constexpr const char* kDataDefault = "data";

// Makes `command` the result when `app` is the subcommand that was given.
template <class T>
void add_result(CLI::App& app, Command& result, std::shared_ptr<T> command) {
  app.callback([&result, command] { result = *command; });
}

void add_serve(CLI::App& app, Command& result) {
  CLI::App& serve = *app.add_subcommand("serve", "Serve until SIGTERM; SIGHUP rereads certificates and the log level");
  auto command = std::make_shared<ServeCommand>();
  serve.add_option("--config", command->config, "Configuration in TOML; `millrace config` prints it documented");
  serve.add_option("--data", command->data, "Data directory (store.directory)");
  serve.add_option("--listen", command->listen, "ADDRESS:PORT for clear text; port 0 takes a free one");
  serve.add_option("--tls-listen", command->tls_listen, "ADDRESS:PORT for TLS");
  serve.add_option("--ready-file", command->ready_file, "Written when it serves: {\"listen\", \"tls\", \"pid\"}");
  add_result(serve, result, command);
}

std::shared_ptr<KeyCommand> add_key_action(CLI::App& key, Command& result, const std::string& name,
                                           const std::string& description, KeyCommand::Action action) {
  CLI::App& app = *key.add_subcommand(name, description);
  auto command = std::make_shared<KeyCommand>();
  command->action = action;
  command->data = kDataDefault;
  app.add_option("--data", command->data, "Data directory of the running server, with its admin key");
  app.add_option("--server", command->server, "http://ADDRESS:PORT, when it is not the one the data directory tells");
  app.add_option("--tenant", command->tenant, "Tenant; made with its first key");
  if (action == KeyCommand::Action::kCreate) {
    app.add_option("--name", command->name, "What the key is for");
    app.add_option("--scopes", command->scopes, "uploads,imports,downloads,assets,… (all but admin)")->delimiter(',');
  }
  if (action == KeyCommand::Action::kRevoke) app.add_option("id", command->id, "The key's id")->required();
  add_result(app, result, command);
  return command;
}

void add_key(CLI::App& app, Command& result) {
  CLI::App& key = *app.add_subcommand("key", "Create, list and revoke keys of a running server");
  key.require_subcommand(1);
  add_key_action(key, result, "create", "Make a key; its secrets are printed once", KeyCommand::Action::kCreate);
  add_key_action(key, result, "list", "List keys", KeyCommand::Action::kList);
  add_key_action(key, result, "revoke", "End a key and every token made from it", KeyCommand::Action::kRevoke);
}

void add_check(CLI::App& app, Command& result) {
  CLI::App& check = *app.add_subcommand("check", "Verify a stopped store: exit 0 clean, 1 damage found, 2 not checked");
  auto command = std::make_shared<CheckCommand>();
  check.add_option("--data", command->data, "Data directory")->required();
  check.add_flag("--repair", command->repair, "Rebuild the index from the segments where it does not match them");
  add_result(check, result, command);
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
  Command result = NoCommand{};
  CLI::App app("Millrace, a media ingest server", "millrace");
  app.require_subcommand(1);
  add_serve(app, result);
  add_key(app, result);
  add_check(app, result);
  add_result(*app.add_subcommand("version", "Print the version"), result, std::make_shared<VersionCommand>());
  add_result(*app.add_subcommand("config", "Print every key of the configuration, documented, as TOML"), result,
             std::make_shared<ConfigCommand>());
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return NoCommand{app.exit(error)};
  }
  return result;
}

}  // namespace millrace::ops
