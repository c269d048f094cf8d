#include "server/ops/control.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <iterator>

#include "server/http/json.h"
#include "server/http/url.h"

namespace millrace::ops {
namespace {

constexpr std::size_t kAnswerBytesMax = 16 << 20;
constexpr int kAnswerSeconds = 30;

struct Request {
  std::string method;
  std::string target;
  std::string body;
};

struct Answer {
  int status = 0;
  std::string body;
};

rt::Result<http::Json> read_json_file(const std::filesystem::path& file, const char* hint) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return rt::fail(rt::Code::kNotFound, fmt::format("{} cannot be read: {}", file.string(), hint));
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  auto json = http::Json::parse_object(text);
  if (!json) return rt::fail(rt::Code::kInvalid, fmt::format("{}: {}", file.string(), json.error().message));
  return json;
}

// ADDRESS:PORT to connect to; a server that listens everywhere is reached on the loopback.
std::string reachable(std::string listen) {
  if (listen.starts_with("0.0.0.0:")) return "127.0.0.1" + listen.substr(7);
  if (listen.starts_with("[::]:")) return "[::1]" + listen.substr(4);
  return listen;
}

rt::Result<std::string> address_of(const KeyCommand& command) {
  if (command.server.starts_with("http://")) return command.server.substr(7, command.server.find('/', 7) - 7);
  if (!command.server.empty()) return rt::fail(rt::Code::kInvalid, "--server must be http://ADDRESS:PORT");
  const auto json = read_json_file(command.data / "server.json", "no server runs on this data directory");
  if (!json) return std::unexpected(json.error());
  auto listen = json->required_text("listen");
  if (!listen) return listen;
  return reachable(*listen);
}

rt::Result<int> connect_to(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  std::string host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string port = colon == std::string::npos ? "80" : address.substr(colon + 1);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return rt::fail(rt::Code::kUnavailable, fmt::format("{}: {}", address, gai_strerror(error)));
  }
  const int descriptor = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{kAnswerSeconds, 0};
  setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const int connected = connect(descriptor, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  if (connected == 0) return descriptor;
  const std::string reason = std::strerror(errno);
  close(descriptor);
  return rt::fail(rt::Code::kUnavailable, fmt::format("{}: {}", address, reason));
}

rt::Status send_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent <= 0) return rt::fail(rt::Code::kClosed, "the server took no request");
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return {};
}

rt::Result<std::string> receive_all(int descriptor) {
  std::string text;
  char piece[16 * 1024];
  while (text.size() < kAnswerBytesMax) {
    const ssize_t got = recv(descriptor, piece, sizeof piece, 0);
    if (got < 0) return rt::fail(rt::Code::kTimeout, "the server gave no answer");
    if (got == 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
  }
  return rt::fail(rt::Code::kTooLarge, "the answer is too long");
}

// Our own server's answer to Connection: close: a status line, fields, an empty line, the body to the end.
rt::Result<Answer> parse_answer(const std::string& text) {
  const std::size_t head_end = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.1 ") || text.size() < 12 || head_end == std::string::npos) {
    return rt::fail(rt::Code::kInvalid, "this is no answer of a Millrace server");
  }
  return Answer{std::atoi(text.c_str() + 9), text.substr(head_end + 4)};
}

rt::Result<Answer> ask(const std::string& address, const std::string& key, const Request& request) {
  const auto descriptor = connect_to(address);
  if (!descriptor) return std::unexpected(descriptor.error());
  const std::string text = fmt::format(
      "{} {} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n"
      "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
      request.method, request.target, address, key, request.body.size(), request.body);
  auto sent = send_all(*descriptor, text);
  auto received = sent ? receive_all(*descriptor) : rt::Result<std::string>(rt::pass(sent));
  close(*descriptor);
  if (!received) return rt::pass(received);
  return parse_answer(*received);
}

Request request_of(const KeyCommand& command) {
  const std::string query = command.tenant.empty() ? "" : "?tenant=" + http::percent_encode(command.tenant);
  if (command.action == KeyCommand::Action::kList) return {"GET", "/v2/keys" + query, ""};
  if (command.action == KeyCommand::Action::kRevoke) {
    return {"DELETE", "/v2/keys/" + http::percent_encode(command.id) + query, ""};
  }
  http::JsonWriter json;
  json.begin_object();
  if (!command.tenant.empty()) json.member("tenant", command.tenant);
  if (!command.name.empty()) json.member("name", command.name);
  if (!command.scopes.empty()) json.member("scopes", command.scopes);
  json.end_object();
  return {"POST", "/v2/keys", json.take()};
}

rt::Result<std::string> text_of(const KeyCommand& command, const Answer& answer) {
  const auto json = http::Json::parse_object(answer.body);
  if (!json) return rt::fail(rt::Code::kInvalid, "this is no answer of a Millrace server");
  if (answer.status >= 300) {
    const auto message = json->text("message");
    return rt::fail(rt::Code::kInvalid, message && *message ? **message : fmt::format("status {}", answer.status));
  }
  const auto data = json->value("data");
  if (!data || !*data || (*data)->is_null()) return std::string();
  if (command.action != KeyCommand::Action::kList) return (*data)->dump() + "\n";
  std::string lines;
  const auto items = (*data)->objects("items");
  if (!items || !*items) return lines;
  for (const http::Json& item : **items) lines += item.dump() + "\n";
  return lines;
}

}  // namespace

std::string render(const Whereabouts& whereabouts, int pid) {
  http::JsonWriter json;
  json.begin_object().member("listen", whereabouts.listen);
  json.member("tls", whereabouts.tls.empty() ? std::nullopt : std::optional(whereabouts.tls));
  json.member("pid", pid).end_object();
  return json.take() + "\n";
}

rt::Status write_whole(const std::filesystem::path& file, const std::string& text) {
  const std::filesystem::path draft = file.string() + ".new";
  std::ofstream stream(draft, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.close();
  std::error_code error;
  if (stream) std::filesystem::rename(draft, file, error);
  if (stream && !error) return {};
  return rt::fail(rt::Code::kIo, fmt::format("{} cannot be written", file.string()));
}

rt::Result<std::string> run_key_command(const KeyCommand& command) {
  const auto address = address_of(command);
  if (!address) return std::unexpected(address.error());
  const auto json = read_json_file(command.data / "admin-key.json", "it holds the key to ask with");
  if (!json) return std::unexpected(json.error());
  const auto key = json->required_text("key");
  if (!key) return std::unexpected(key.error());
  const auto answer = ask(*address, *key, request_of(command));
  if (!answer) return std::unexpected(answer.error());
  return text_of(command, *answer);
}

}  // namespace millrace::ops
