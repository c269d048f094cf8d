#include "server/ops/cli.h"

#include <gtest/gtest.h>

namespace millrace::ops {
namespace {

Command parse(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "millrace");
  return parse_command_line(static_cast<int>(arguments.size()), arguments.data());
}

TEST(Cli, Serve) {
  const Command command = parse({"serve", "--config", "c.toml", "--data", "d", "--listen", "127.0.0.1:0",
                                 "--tls-listen", "127.0.0.1:1", "--ready-file", "r"});
  const auto& serve = std::get<ServeCommand>(command);
  EXPECT_EQ(serve.config, "c.toml");
  EXPECT_EQ(serve.data, "d");
  EXPECT_EQ(serve.listen, "127.0.0.1:0");
  EXPECT_EQ(serve.tls_listen, "127.0.0.1:1");
  EXPECT_EQ(serve.ready_file, "r");
  EXPECT_FALSE(std::get<ServeCommand>(parse({"serve"})).listen);
}

TEST(Cli, Key) {
  const Command command = parse({"key", "create", "--data", "d", "--scopes", "uploads,downloads", "--tenant", "t"});
  const auto& create = std::get<KeyCommand>(command);
  EXPECT_EQ(create.action, KeyCommand::Action::kCreate);
  EXPECT_EQ(create.scopes, (std::vector<std::string>{"uploads", "downloads"}));
  EXPECT_EQ(create.tenant, "t");
  const auto revoke = std::get<KeyCommand>(parse({"key", "revoke", "k1", "--data", "d"}));
  EXPECT_EQ(revoke.action, KeyCommand::Action::kRevoke);
  EXPECT_EQ(revoke.id, "k1");
  EXPECT_EQ(std::get<KeyCommand>(parse({"key", "list"})).data, "data");
}

TEST(Cli, Check) {
  const auto check = std::get<CheckCommand>(parse({"check", "--data", "d", "--repair"}));
  EXPECT_EQ(check.data, "d");
  EXPECT_TRUE(check.repair);
}

TEST(Cli, Version) { EXPECT_TRUE(std::holds_alternative<VersionCommand>(parse({"version"}))); }

TEST(Cli, HelpIsNoErrorAndNonsenseIs) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  EXPECT_EQ(std::get<NoCommand>(parse({"--help"})).exit_code, 0);
  for (const std::vector<const char*>& wrong :
       std::vector<std::vector<const char*>>{{}, {"brew"}, {"key"}, {"check"}, {"key", "revoke"}, {"serve", "--x"}}) {
    EXPECT_NE(std::get<NoCommand>(parse(wrong)).exit_code, 0);
  }
  EXPECT_NE(testing::internal::GetCapturedStdout().find("serve"), std::string::npos);
  EXPECT_FALSE(testing::internal::GetCapturedStderr().empty());
}

}  // namespace
}  // namespace millrace::ops
