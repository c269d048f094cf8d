#include "server/ops/config.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace millrace::ops {
namespace {

std::string error_of(const std::string& toml, const Environment& environment = {}) {
  const auto config = parse_config(toml, "m.toml", environment);
  return config ? "no error" : config.error().message;
}

Config config_of(const std::string& toml, const Environment& environment = {}) {
  auto config = parse_config(toml, "m.toml", environment);
  EXPECT_TRUE(config) << config.error().message;
  return config ? *config : Config();
}

std::filesystem::path project_file(const std::string& name) {
  for (auto folder = std::filesystem::current_path(); folder != folder.root_path(); folder = folder.parent_path()) {
    if (std::filesystem::exists(folder / name)) return folder / name;
  }
  return name;
}

TEST(Config, DefaultsWithoutAFile) {
  const auto config = load_config(std::nullopt, {});
  ASSERT_TRUE(config);
  EXPECT_EQ(config->server.listen, "127.0.0.1:8080");
  EXPECT_FALSE(config->store.dedup_across_tenants);
}

TEST(Config, ReadsEveryTypeFromTheFile) {
  const Config config = config_of(
      "[server]\nlisten = \"[::1]:0\"\nloops = 2\n[log]\nrequests = false\nformat = \"json\"\n"
      "[proxy]\ntrusted = [\"10.0.0.0/8\", \"fd00::/8\"]\n[public]\nbase_url = \"https://media.example.com\"\n");
  EXPECT_EQ(config.server.listen, "[::1]:0");
  EXPECT_EQ(config.server.loops, 2);
  EXPECT_FALSE(config.log.requests);
  EXPECT_EQ(config.log.format, "json");
  EXPECT_EQ(config.proxy.trusted, (std::vector<std::string>{"10.0.0.0/8", "fd00::/8"}));
  EXPECT_EQ(config.public_.base_url, "https://media.example.com");
}

TEST(Config, NamesTheLineOfWhatIsWrong) {
  EXPECT_EQ(error_of("[server]\n\nlissten = \"x\"\n"), "m.toml:3: server.lissten: is not a known key");
  EXPECT_EQ(error_of("[servre]\nlisten = 1\n"), "m.toml:1: servre: is not a known section");
  EXPECT_EQ(error_of("top = 1\n"), "m.toml:1: top: is not a known section");
  EXPECT_EQ(error_of("[server]\nloops = \"two\"\n"), "m.toml:2: server.loops: must be a whole number");
  EXPECT_EQ(error_of("[server]\nloops = 1.5\n"), "m.toml:2: server.loops: must be a whole number");
  EXPECT_EQ(error_of("[server]\nloops = 257\n"), "m.toml:2: server.loops: 257 is out of range: 0 to 256 threads");
  EXPECT_EQ(error_of("[log]\nformat = \"xml\"\n"), "m.toml:2: log.format: \"xml\" is not one of console|json");
  EXPECT_EQ(error_of("[proxy]\ntrusted = [\"10.0.0.0/33\"]\n"),
            "m.toml:2: proxy.trusted: \"10.0.0.0/33\" has a prefix length out of range");
  EXPECT_EQ(error_of("[proxy]\ntrusted = [1]\n"), "m.toml:2: proxy.trusted: must be a list of strings");
  EXPECT_EQ(error_of("[server]\nlisten = \"localhost\"\n"),
            "m.toml:2: server.listen: \"localhost\" is not ADDRESS:PORT (an IPv6 address in brackets)");
  EXPECT_TRUE(error_of("[server]\nlisten = \n").starts_with("m.toml:2: "));
}

TEST(Config, NamesTheFirstOfSeveralFaults) {
  EXPECT_EQ(error_of("[tls]\nzzz = 1\n[cors]\naaa = 1\n"), "m.toml:2: tls.zzz: is not a known key");
}

TEST(Config, EnvironmentWinsOverTheFile) {
  const Config config = config_of("[server]\nloops = 2\n", {"MILLRACE_SERVER_LOOPS=3", "MILLRACE_LOG_REQUESTS=false",
                                                            "MILLRACE_OUTBOUND_ALLOW=127.0.0.0/8,10.1.2.3",
                                                            "MILLRACE_STORE_FREE_SPACE_MIN_BYTES=0", "PATH=/bin"});
  EXPECT_EQ(config.server.loops, 3);
  EXPECT_FALSE(config.log.requests);
  EXPECT_EQ(config.outbound.allow, (std::vector<std::string>{"127.0.0.0/8", "10.1.2.3"}));
  EXPECT_EQ(config.store.free_space_min_bytes, 0);
}

TEST(Config, NamesTheVariableOfWhatIsWrong) {
  EXPECT_EQ(error_of("", {"MILLRACE_SERVER_LOOPS=x"}), "MILLRACE_SERVER_LOOPS: server.loops: must be a whole number");
  EXPECT_EQ(error_of("", {"MILLRACE_SERVER_LOOP=1"}), "MILLRACE_SERVER_LOOP: is not a known key");
  EXPECT_EQ(error_of("", {"MILLRACE_DATA=build/data", "MILLRACE_BINARY=x"}), "no error");
}

TEST(Config, ChecksKeysAgainstEachOther) {
  EXPECT_EQ(error_of("[store]\nchunk_min_bytes = 8388608\n"),
            "m.toml: store.chunk_average_bytes: must lie between store.chunk_min_bytes and store.chunk_max_bytes");
  EXPECT_EQ(error_of("[tls]\nkey = \"k.pem\"\n"), "m.toml: tls.key: a certificate and its key must be given together");
}

TEST(Config, MissingFileIsAnError) {
  const auto config = load_config("/nonexistent/m.toml", {});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message, "/nonexistent/m.toml: cannot be read");
}

TEST(Config, DefaultsSatisfyTheirOwnRules) {
  std::string toml = documented_config();
  for (std::size_t at = 0; (at = toml.find("\n#", at)) != std::string::npos; ++at) {
    if (toml[at + 2] != ' ') toml.erase(at + 1, 1);
  }
  EXPECT_EQ(error_of(toml), "no error");
}

TEST(Config, EveryKeyHasUnitAndReasonAndIsUnique) {
  std::set<std::string_view> names;
  for (const Key& key : config_keys()) {
    EXPECT_FALSE(key.unit.empty()) << key.name;
    EXPECT_GT(key.reason.size(), 20u) << key.name;
    EXPECT_TRUE(names.insert(key.name).second) << key.name;
  }
}

// `millrace config > conf/millrace.toml` writes it anew.
TEST(Config, TheDocumentedFileIsUpToDate) {
  std::ifstream stream(project_file("conf/millrace.toml"));
  ASSERT_TRUE(stream);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  EXPECT_EQ(text, documented_config());
}

}  // namespace
}  // namespace millrace::ops
