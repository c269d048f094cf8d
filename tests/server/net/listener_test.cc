// Real connections to a listener on 127.0.0.1, with sessions that echo.
#include "server/net/listener.h"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>

#include "server/rt/bus_guard.h"
#include "tests/server/net/connect.h"
#include "tests/server/rt/lost_bytes.h"

namespace millrace::net {
namespace {

constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Says which protocol was found and who the peer is, then sends back what comes.
class Echo final : public Session {
 public:
  Echo(Transport& transport, Wire wire) : transport_(transport), wire_(wire) {}

  rt::Task<void> run(rt::Slice first) override {
    const std::string hello = (wire_ == Wire::kHttp2 ? "h2 " : "h1 ") + transport_.peer_address() + "\n";
    rt::Status sent = co_await transport_.write(one(hello));
    if (sent && !first.empty()) sent = co_await transport_.write(one(first.text()));
    while (sent) {
      auto slice = co_await transport_.read(60'000ms);
      if (!slice || slice->empty()) break;
      rt::Slices back;
      back.push_back(std::move(*slice));
      sent = co_await transport_.write(std::move(back));
    }
    transport_.shut();
  }
  void drain() override {
    ++drained;
    if (obedient) transport_.close();
  }

  static int drained;
  static bool obedient;

 private:
  Transport& transport_;
  Wire wire_;
};
int Echo::drained = 0;
bool Echo::obedient = true;

std::unique_ptr<Session> make_echo(Transport& transport, Wire wire) { return std::make_unique<Echo>(transport, wire); }

struct House {
  explicit House(ListenerSetup setup, SessionFactory make_session = &make_echo) {
    Echo::drained = 0;
    Echo::obedient = true;
    auto bound = listen_on("127.0.0.1:0", 1, 16);
    EXPECT_TRUE(bound);
    address = bound->front().address();
    listener = std::make_unique<Listener>(std::move(bound->front()), std::move(setup), receive.pool,
                                          std::move(make_session), stats);
    listener->start();
  }
  std::unique_ptr<Socket> connect() {
    return std::make_unique<Socket>(connect_to(address), receive.pool, 5000ms, "127.0.0.1");
  }
  Receive receive;
  ListenerStats stats;
  std::string address;
  std::unique_ptr<Listener> listener;
};

rt::Task<std::string> exchange(House& house, std::string say, std::size_t expect_bytes) {
  auto socket = house.connect();
  rt::Status sent = co_await socket->write(one(say));
  EXPECT_TRUE(sent);
  co_return co_await read_text(*socket, expect_bytes);
}

TEST(Listening, OnePortForAllLoops) {
  auto bound = listen_on("127.0.0.1:0", 3, 16);
  ASSERT_TRUE(bound);
  ASSERT_EQ(bound->size(), 3u);
  EXPECT_EQ(bound->at(0).address(), bound->at(2).address());
  EXPECT_NE(bound->at(0).address(), "127.0.0.1:0");
  for (const char* wrong : {"127.0.0.1", "localhost:80", "127.0.0.1:70000", "127.0.0.1:", ""}) {
    EXPECT_FALSE(listen_on(wrong, 1, 16)) << wrong;
  }
}

TEST(Listener, FindsTheProtocolAndPassesTheFirstBytesOn) {
  auto story = []() -> rt::Task<void> {
    House house({});
    const std::string h2 = std::string(kPreface) + "more";
    const std::string two = co_await exchange(house, h2, 13 + h2.size());
    EXPECT_EQ(two, "h2 127.0.0.1\n" + h2);
    const std::string one_one = co_await exchange(house, "PUT / HTTP/1.1\r\n", 29);
    EXPECT_EQ(one_one, "h1 127.0.0.1\nPUT / HTTP/1.1\r\n");
    const std::string short_one = co_await exchange(house, "PRO", 16);
    EXPECT_EQ(short_one, "h1 127.0.0.1\nPRO");
    co_await house.listener->stop(1000ms);
    EXPECT_EQ(house.stats.accepted.load(), 3u);
    EXPECT_EQ(house.stats.open(), 0u);
  };
  rt::run_until_done(story());
}

TEST(Listener, ThePrefaceMayComeInPieces) {
  auto story = []() -> rt::Task<void> {
    House house({});
    auto socket = house.connect();
    for (const char& c : kPreface) {
      rt::Status sent = co_await socket->write(one(std::string(1, c)));
      EXPECT_TRUE(sent);
      co_await rt::sleep(0ms);
    }
    const std::string got = co_await read_text(*socket, 13 + kPreface.size());
    EXPECT_EQ(got, "h2 127.0.0.1\n" + std::string(kPreface));
    socket->close();
    co_await house.listener->stop(1000ms);
  };
  rt::run_until_done(story());
}

TEST(Listener, BelievesTheProxyHeaderOfTrustedPeersOnly) {
  auto story = []() -> rt::Task<void> {
    const std::string header = "PROXY TCP4 203.0.113.9 127.0.0.1 4711 80\r\n";
    ListenerSetup trusting;
    trusting.proxy_protocol = true;
    trusting.trusted = *Networks::parse({"127.0.0.0/8"});
    {
      House house(trusting);
      const std::string told = co_await exchange(house, header + "GET /", 20);
      EXPECT_EQ(told, "h1 203.0.113.9\nGET /");
      const std::string own = co_await exchange(house, "GET /", 18);
      EXPECT_EQ(own, "h1 127.0.0.1\nGET /") << "a trusted peer may speak for itself";
      const std::string broken = co_await exchange(house, "PROXY TCP4 nonsense\r\n", 1);
      EXPECT_EQ(broken, "");
      EXPECT_EQ(house.stats.proxy_rejected.load(), 1u);
      co_await house.listener->stop(1000ms);
    }
    trusting.trusted = *Networks::parse({"198.51.100.1"});
    House house(trusting);
    const std::string stranger = co_await exchange(house, header, 13 + header.size());
    EXPECT_EQ(stranger, "h1 127.0.0.1\n" + header);
    co_await house.listener->stop(1000ms);
  };
  rt::run_until_done(story());
}

TEST(Listener, ConnectionsAboveTheLimitAreClosed) {
  auto story = []() -> rt::Task<void> {
    ListenerSetup setup;
    setup.limits.connections_max = 1;
    House house(setup);
    auto first = house.connect();
    rt::Status sent = co_await first->write(one("GET"));
    EXPECT_TRUE(sent);
    const std::string hello = co_await read_text(*first, 16);
    EXPECT_EQ(hello, "h1 127.0.0.1\nGET");
    const std::string nothing = co_await exchange(house, "GET", 1);
    EXPECT_EQ(nothing, "");
    EXPECT_EQ(house.stats.refused.load(), 1u);
    first->close();
    co_await house.listener->stop(1000ms);
  };
  rt::run_until_done(story());
}

TEST(Listener, ASilentConnectionIsClosed) {
  auto story = []() -> rt::Task<void> {
    ListenerSetup setup;
    setup.limits.first_bytes_ms = 20ms;
    House house(setup);
    auto socket = house.connect();
    auto end = co_await socket->read(5000ms);
    EXPECT_TRUE(end && end->empty());
    co_await house.listener->stop(1000ms);
  };
  rt::run_until_done(story());
}

TEST(Listener, StopDrainsAndThenCloses) {
  for (const bool obedient : {true, false}) {
    auto story = [](bool obeys) -> rt::Task<void> {
      House house({});
      Echo::obedient = obeys;
      auto socket = house.connect();
      rt::Status sent = co_await socket->write(one("GET"));
      EXPECT_TRUE(sent);
      const std::string hello = co_await read_text(*socket, 16);
      EXPECT_EQ(hello.size(), 16u);
      co_await house.listener->stop(obeys ? 60'000ms : 20ms);
      EXPECT_EQ(Echo::drained, 1);
      EXPECT_EQ(house.stats.open(), 0u);
    };
    rt::run_until_done(story(obedient));
  }
}

// OpenSSL's client side in memory, moved over a Socket.
class TlsClient {
 public:
  TlsClient(Socket& socket, const char* alpn, int version)
      : socket_(socket), context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_max_proto_version(context_, version);
    ssl_ = SSL_new(context_);
    in_ = BIO_new(BIO_s_mem());
    out_ = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl_, in_, out_);
    SSL_set_connect_state(ssl_);
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>(alpn), static_cast<unsigned>(std::strlen(alpn)));
  }
  ~TlsClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
  }
  rt::Task<bool> handshake() {
    for (;;) {
      const int result = SSL_do_handshake(ssl_);
      co_await send();
      if (result == 1) co_return true;
      const bool more = co_await receive();
      if (!more) co_return false;
    }
  }
  rt::Task<void> say(std::string text) {
    EXPECT_EQ(SSL_write(ssl_, text.data(), static_cast<int>(text.size())), static_cast<int>(text.size()));
    co_await send();
  }
  rt::Task<std::string> hear(std::size_t bytes) {
    std::string text;
    std::string room(64 << 10, '\0');
    while (text.size() < bytes) {
      const int got = SSL_read(ssl_, room.data(), static_cast<int>(room.size()));
      if (got > 0) {
        text.append(room.data(), static_cast<std::size_t>(got));
        continue;
      }
      const bool more = co_await receive();
      if (!more) break;
    }
    co_return text;
  }

 private:
  rt::Task<void> send() {
    char* data = nullptr;
    const long bytes = BIO_get_mem_data(out_, &data);
    if (bytes <= 0) co_return;
    const std::string out(data, static_cast<std::size_t>(bytes));
    (void)BIO_reset(out_);
    rt::Status sent = co_await socket_.write(one(out));
    (void)sent;
  }
  rt::Task<bool> receive() {
    auto slice = co_await socket_.read(5000ms);
    if (!slice || slice->empty()) co_return false;
    BIO_write(in_, slice->data(), static_cast<int>(slice->size()));
    co_return true;
  }
  Socket& socket_;
  SSL_CTX* context_;
  SSL* ssl_;
  BIO* in_;
  BIO* out_;
};

struct Scratch {
  Scratch() : path(std::filesystem::temp_directory_path() / ("millrace-tls-" + std::to_string(::getpid()))) {
    std::filesystem::remove_all(path);
  }
  ~Scratch() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

rt::Task<std::string> tls_hello(House& house, const char* alpn, int version) {
  auto socket = house.connect();
  TlsClient client(*socket, alpn, version);
  const bool shaken = co_await client.handshake();
  if (!shaken) co_return "no handshake";
  co_await client.say("hello");
  co_return co_await client.hear(13 + 5);
}

TEST(Tls, ServesBothVersionsAndPicksByAlpn) {
  Scratch scratch;
  auto story = [](Scratch& s) -> rt::Task<void> {
    auto files = development_certificate(s.path);
    EXPECT_TRUE(files);
    ListenerSetup setup;
    setup.tls = *TlsContext::load(*files);
    House house(setup);
    const std::string two = co_await tls_hello(house, "\x02h2", TLS1_3_VERSION);
    EXPECT_EQ(two, "h2 127.0.0.1\nhello");
    const std::string one_one = co_await tls_hello(house, "\x08http/1.1", TLS1_2_VERSION);
    EXPECT_EQ(one_one, "h1 127.0.0.1\nhello");
    const std::string none = co_await tls_hello(house, "", TLS1_3_VERSION);
    EXPECT_EQ(none, "h1 127.0.0.1\nhello") << "found from the first bytes";
    const std::string odd = co_await tls_hello(house, "\x04odd!", TLS1_3_VERSION);
    EXPECT_EQ(odd, "no handshake");
    EXPECT_EQ(house.stats.handshake_failures.load(), 1u);
    co_await house.listener->stop(1000ms);
  };
  rt::run_until_done(story(scratch));
}

rt::Task<void> say_much(TlsClient& client, std::string text) { co_await client.say(text); }

TEST(Tls, CarriesMuchBothWays) {
  Scratch scratch;
  auto story = [](Scratch& s) -> rt::Task<void> {
    ListenerSetup setup;
    setup.tls = *TlsContext::load(*development_certificate(s.path));
    House house(setup);
    auto socket = house.connect();
    TlsClient client(*socket, "\x02h2", TLS1_3_VERSION);
    const bool shaken = co_await client.handshake();
    EXPECT_TRUE(shaken);
    std::string text;
    for (int i = 0; i < 3'000'000; ++i) text += static_cast<char>(i * 13 % 251);
    rt::Scope scope;
    scope.spawn(say_much(client, text));
    const std::string got = co_await client.hear(13 + text.size());
    EXPECT_TRUE(got == "h2 127.0.0.1\n" + text);
    co_await scope.join();
    socket->close();
    co_await house.listener->stop(1000ms);
  };
  rt::run_until_done(story(scratch));
}

// Good bytes, then some that cannot be read.
class Loser final : public Session {
 public:
  explicit Loser(Transport& transport) : transport_(transport) {}
  rt::Task<void> run(rt::Slice) override {
    rt::Status sent = co_await transport_.write(one("good\n"));
    rt::Slices slices = one(std::string(100'000, 'y'));
    slices.push_back(rt::LostBytes::make(100'000, 8192));
    if (sent) sent = co_await transport_.write(std::move(slices));
    unreadable = !sent && sent.error().code == rt::Code::kIo;
    transport_.close();
  }
  void drain() override {}
  static bool unreadable;

 private:
  Transport& transport_;
};
bool Loser::unreadable = false;

std::unique_ptr<Session> make_loser(Transport& transport, Wire) { return std::make_unique<Loser>(transport); }

TEST(Tls, BytesThatCannotBeReadEndTheConnection) {
  rt::install_bus_guard();
  Scratch scratch;
  auto story = [](Scratch& s, bool encrypted) -> rt::Task<void> {
    ListenerSetup setup;
    if (encrypted) setup.tls = *TlsContext::load(*development_certificate(s.path));
    const std::uint64_t before = rt::unreadable_count();
    House house(setup, &make_loser);
    auto socket = house.connect();
    std::string got;
    if (encrypted) {
      TlsClient client(*socket, "\x02h2", TLS1_3_VERSION);
      const bool shaken = co_await client.handshake();
      EXPECT_TRUE(shaken);
      got = co_await client.hear(200'005);
    } else {
      co_await socket->write(one("PUT /"));
      got = co_await read_text(*socket, 200'005);
    }
    EXPECT_TRUE(got.starts_with("good\n"));
    EXPECT_LT(got.size(), 200'005u);
    EXPECT_EQ(got.find('\0'), std::string::npos) << "what cannot be read is not replaced";
    EXPECT_TRUE(Loser::unreadable);
    EXPECT_EQ(rt::unreadable_count(), before + 1);
    socket->close();
    co_await house.listener->stop(1000ms);
  };
  for (const bool encrypted : {true, false}) {
    Loser::unreadable = false;
    rt::run_until_done(story(scratch, encrypted));
  }
}

TEST(Tls, AHandshakeThatStallsIsDropped) {
  Scratch scratch;
  auto story = [](Scratch& s) -> rt::Task<void> {
    ListenerSetup setup;
    setup.tls = *TlsContext::load(*development_certificate(s.path));
    setup.limits.handshake_ms = 20ms;
    House house(setup);
    auto socket = house.connect();
    auto end = co_await socket->read(5000ms);
    EXPECT_TRUE(end && end->empty());
    EXPECT_EQ(house.stats.handshake_failures.load(), 1u);
    co_await house.listener->stop(1000ms);
  };
  rt::run_until_done(story(scratch));
}

TEST(Tls, ABrokenReloadKeepsTheOldCertificate) {
  Scratch scratch;
  auto story = [](Scratch& s) -> rt::Task<void> {
    auto files = development_certificate(s.path);
    auto again = development_certificate(s.path);
    EXPECT_TRUE(files && again && files->certificate == again->certificate);
    auto context = *TlsContext::load(*files);
    EXPECT_TRUE(context->reload());
    std::ofstream(files->certificate) << "not a certificate";
    EXPECT_FALSE(context->reload());
    ListenerSetup setup;
    setup.tls = context;
    House house(setup);
    const std::string still = co_await tls_hello(house, "\x02h2", TLS1_3_VERSION);
    EXPECT_EQ(still, "h2 127.0.0.1\nhello");
    co_await house.listener->stop(1000ms);
  };
  rt::run_until_done(story(scratch));
  EXPECT_FALSE(TlsContext::load({scratch.path / "absent.pem", scratch.path / "absent.pem"}));
}

}  // namespace
}  // namespace millrace::net
