// The inside of a Transfer and of the Client it belongs to: libcurl's handle, its callbacks and what has arrived.
#pragma once

#include <curl/curl.h>

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "server/outbound/client.h"
#include "server/outbound/multi.h"
#include "server/outbound/transfer.h"
#include "server/rt/block.h"
#include "server/rt/event.h"
#include "server/rt/timer.h"

namespace millrace::outbound {

// What all transfers of a client share. Made ready on its loop, by the first of them.
struct Core {
  Core(const AddressPolicy& rules, ClientOptions wanted) : policy(rules), options(std::move(wanted)) {}

  void begin(Transfer::State& transfer);
  void end(Transfer::State& transfer);
  void stop();

  const AddressPolicy& policy;
  const ClientOptions options;
  rt::Budget own_budget{SIZE_MAX / 8};
  std::shared_ptr<rt::BlockPool> pool;
  std::unique_ptr<Multi> multi;
  std::set<Transfer::State*> running;
  bool stopped = false;
};

struct Transfer::State final : Multi::Handle {
  State(std::shared_ptr<Core> owner, Request wanted);
  ~State();

  void start();
  void stop(rt::Error why);
  void go_on();
  void ended(CURLcode code) override;
  rt::Error error() const;
  void see_head();

  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static std::size_t on_field(char* data, std::size_t, std::size_t bytes, void* self);
  static std::size_t on_body(char* data, std::size_t, std::size_t bytes, void* self);

  std::shared_ptr<Core> core;
  const Request request;
  CURL* easy = nullptr;
  curl_slist* fields = nullptr;
  char words[CURL_ERROR_SIZE] = {};

  Head head;
  bool has_head = false;
  std::size_t head_bytes = 0;
  std::deque<rt::Slice> pieces;
  std::size_t unread_bytes = 0;
  bool paused = false;
  std::optional<rt::Error> refused = {};  // an address of this host
  std::optional<rt::Status> end = {};
  rt::Event woken;
  std::unique_ptr<rt::Timer> look_again;  // for room in the budget
};

}  // namespace millrace::outbound
