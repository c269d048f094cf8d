#include "server/outbound/client.h"

#include <algorithm>

#include "server/outbound/transfer_state.h"
#include "server/outbound/url.h"

namespace millrace::outbound {
namespace {

using rt::Code;

constexpr char kSchemes[] = "http,https";
// Per second. A server that trickles is as good as silent, but it would hold its place for ever.
constexpr long kLowSpeedBytes = 1024;
constexpr char kUserAgent[] = "millrace";

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  curl_easy_setopt(easy, option, value);
}

// No field may bring another one along.
bool is_field(const std::pair<std::string, std::string>& field) {
  const auto is_control = [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; };
  return !field.first.empty() && field.first.find(':') == std::string::npos &&
         std::ranges::none_of(field.first, is_control) && std::ranges::none_of(field.second, is_control);
}

rt::Status check(const Request& request) {
  if (auto parts = parse_url(request.url); !parts) return rt::pass(parts);
  if (!std::ranges::all_of(request.fields, is_field)) return rt::fail(Code::kInvalid, "not a header field");
  return {};
}

curl_slist* list_of(const Fields& fields) {
  // libcurl would wait for leave to send a longer body.
  curl_slist* list = curl_slist_append(nullptr, "Expect:");
  for (const auto& [name, value] : fields) {
    list = curl_slist_append(list, value.empty() ? (name + ";").c_str() : (name + ": " + value).c_str());
  }
  return list;
}

void set_method(CURL* easy, const Request& request) {
  if (request.method == "GET") return;
  if (request.method == "HEAD") return set(easy, CURLOPT_NOBODY, 1L);
  set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  set(easy, CURLOPT_POSTFIELDS, request.body.data());
  set(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_limits(CURL* easy, const Request& request) {
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_ms));
  set(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_ms));
  if (request.idle_ms > 0) {
    set(easy, CURLOPT_LOW_SPEED_LIMIT, kLowSpeedBytes);
    set(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>((request.idle_ms + 999) / 1000));
  }
  set(easy, CURLOPT_FOLLOWLOCATION, request.redirects_max > 0 ? 1L : 0L);
  set(easy, CURLOPT_MAXREDIRS, static_cast<long>(request.redirects_max));
}

void set_manners(CURL* easy) {
  set(easy, CURLOPT_PROTOCOLS_STR, kSchemes);
  set(easy, CURLOPT_REDIR_PROTOCOLS_STR, kSchemes);
  set(easy, CURLOPT_PROXY, "");
  set(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(easy, CURLOPT_NOSIGNAL, 1L);
  // An exchange that ends while its name is looked up must not wait for the thread that does.
  set(easy, CURLOPT_QUICK_EXIT, 1L);
  // Signed URLs hold for the bytes they have.
  set(easy, CURLOPT_PATH_AS_IS, 1L);
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_USERAGENT, kUserAgent);
}

}  // namespace

void Core::begin(Transfer::State& transfer) {
  if (!multi) {
    multi = std::make_unique<Multi>();
    pool = rt::BlockPool::make(options.budget ? *options.budget : own_budget);
  }
  running.insert(&transfer);
  multi->add(transfer.easy);
}

// Nobody is inside libcurl for this handle: it has ended, or who stops it is a coroutine.
void Core::end(Transfer::State& transfer) {
  if (running.erase(&transfer) == 0) return;
  multi->remove(transfer.easy);
  if (running.empty()) pool->rest();
}

void Core::stop() {
  stopped = true;
  while (!running.empty()) (*running.begin())->stop({Code::kCancelled, "the server stops"});
  multi.reset();
}

Transfer::State::State(std::shared_ptr<Core> owner, Request wanted)
    : core(std::move(owner)), request(std::move(wanted)) {}

Transfer::State::~State() {
  core->end(*this);
  if (easy) curl_easy_cleanup(easy);
  curl_slist_free_all(fields);
}

void Transfer::State::start() {
  if (core->stopped) return stop({Code::kCancelled, "the server stops"});
  if (auto good = check(request); !good) return stop(std::move(good.error()));
  look_again = std::make_unique<rt::Timer>([this] { go_on(); });
  easy = curl_easy_init();
  fields = list_of(request.fields);
  set(easy, CURLOPT_URL, request.url.c_str());
  set(easy, CURLOPT_HTTPHEADER, fields);
  set_method(easy, request);
  set_limits(easy, request);
  set_manners(easy);
  if (!core->options.ca_file.empty()) set(easy, CURLOPT_CAINFO, core->options.ca_file.c_str());
  set(easy, CURLOPT_ERRORBUFFER, words);
  set(easy, CURLOPT_PRIVATE, static_cast<Multi::Handle*>(this));
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &State::on_open);
  set(easy, CURLOPT_OPENSOCKETDATA, this);
  set(easy, CURLOPT_HEADERFUNCTION, &State::on_field);
  set(easy, CURLOPT_HEADERDATA, this);
  set(easy, CURLOPT_WRITEFUNCTION, &State::on_body);
  set(easy, CURLOPT_WRITEDATA, this);
  core->begin(*this);
}

Client::Client(const AddressPolicy& policy, ClientOptions options)
    : core_(std::make_shared<Core>(policy, std::move(options))) {}

Client::~Client() { core_->stop(); }

void Client::stop() { core_->stop(); }

std::unique_ptr<Transfer> Client::open(Request request) {
  auto state = std::make_unique<Transfer::State>(core_, std::move(request));
  state->start();
  return std::unique_ptr<Transfer>(new Transfer(std::move(state)));
}

rt::Task<rt::Result<Response>> Client::send(Request request) {
  const std::size_t bytes_max = request.response_bytes_max;
  const auto transfer = open(std::move(request));
  auto head = co_await transfer->head();
  if (!head) co_return rt::pass(head);
  Response response{head->status, std::move(head->fields), {}};
  while (response.body.size() < bytes_max) {
    auto piece = co_await transfer->next();
    if (!piece) co_return rt::pass(piece);
    if (piece->empty()) break;
    response.body += piece->text().substr(0, bytes_max - response.body.size());
  }
  co_return response;
}

}  // namespace millrace::outbound
