#include "server/ops/control.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace millrace::ops {
namespace {

namespace fs = std::filesystem;

// Answers one connection with a fixed text and keeps what was asked.
class OneAnswer {
 public:
  explicit OneAnswer(std::string answer) : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    bind(descriptor_, reinterpret_cast<sockaddr*>(&address), length);
    listen(descriptor_, 1);
    getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, answer] { serve(answer); });
  }
  ~OneAnswer() {
    if (thread_.joinable()) thread_.join();
    close(descriptor_);
  }
  int port() const { return port_; }
  std::string asked() {
    thread_.join();
    return asked_;
  }

 private:
  void serve(const std::string& answer) {
    const int peer = accept(descriptor_, nullptr, nullptr);
    char piece[4096];
    while (asked_.find("\r\n\r\n") == std::string::npos) {
      const ssize_t got = recv(peer, piece, sizeof piece, 0);
      if (got <= 0) break;
      asked_.append(piece, static_cast<std::size_t>(got));
    }
    send(peer, answer.data(), answer.size(), 0);
    close(peer);
  }

  int descriptor_;
  int port_ = 0;
  std::string asked_;
  std::thread thread_;
};

class ControlTest : public testing::Test {
 protected:
  void SetUp() override {
    data_ = fs::path(testing::TempDir()) / ("control" + std::to_string(getpid()));
    fs::create_directories(data_);
  }
  void TearDown() override { fs::remove_all(data_); }
  void write(const char* name, const std::string& text) { std::ofstream(data_ / name) << text; }
  void serve_at(int port) {
    write("admin-key.json", R"({"key":"sk-admin"})");
    ASSERT_TRUE(write_whole(data_ / "server.json", render({"0.0.0.0:" + std::to_string(port), ""}, 7)));
  }
  KeyCommand command(KeyCommand::Action action) {
    KeyCommand made;
    made.action = action;
    made.data = data_;
    return made;
  }

  fs::path data_;
};

TEST_F(ControlTest, TellsWhereTheServerIs) {
  EXPECT_EQ(render({"127.0.0.1:1", "127.0.0.1:2"}, 3),
            "{\"listen\":\"127.0.0.1:1\",\"tls\":\"127.0.0.1:2\",\"pid\":3}\n");
  EXPECT_EQ(render({"127.0.0.1:1", ""}, 3), "{\"listen\":\"127.0.0.1:1\",\"tls\":null,\"pid\":3}\n");
}

TEST_F(ControlTest, CreatesAKey) {
  OneAnswer server("HTTP/1.1 201 Created\r\n\r\n{\"status\":\"success\",\"data\":{\"id\":\"k1\",\"key\":\"sk-new\"}}");
  serve_at(server.port());
  KeyCommand create = command(KeyCommand::Action::kCreate);
  create.scopes = {"uploads"};
  const auto text = run_key_command(create);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(*text, "{\"id\":\"k1\",\"key\":\"sk-new\"}\n");
  const std::string asked = server.asked();
  EXPECT_TRUE(asked.starts_with("POST /v2/keys HTTP/1.1\r\n")) << asked;
  EXPECT_NE(asked.find("Authorization: Bearer sk-admin\r\n"), std::string::npos);
}

TEST_F(ControlTest, ListsKeysOneALine) {
  OneAnswer server("HTTP/1.1 200 OK\r\n\r\n{\"data\":{\"items\":[{\"id\":\"a\"},{\"id\":\"b\"}]}}");
  serve_at(server.port());
  KeyCommand list = command(KeyCommand::Action::kList);
  list.tenant = "t";
  EXPECT_EQ(run_key_command(list), "{\"id\":\"a\"}\n{\"id\":\"b\"}\n");
  EXPECT_TRUE(server.asked().starts_with("GET /v2/keys?tenant=t "));
}

TEST_F(ControlTest, PassesOnWhatTheServerSays) {
  OneAnswer server("HTTP/1.1 404 Not Found\r\n\r\n{\"status\":\"fail\",\"message\":\"there is no such key\"}");
  serve_at(server.port());
  KeyCommand revoke = command(KeyCommand::Action::kRevoke);
  revoke.id = "k9";
  const auto text = run_key_command(revoke);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().message, "there is no such key");
}

TEST_F(ControlTest, NeedsARunningServer) {
  const auto text = run_key_command(command(KeyCommand::Action::kList));
  ASSERT_FALSE(text);
  EXPECT_NE(text.error().message.find("no server runs"), std::string::npos);
}

}  // namespace
}  // namespace millrace::ops
