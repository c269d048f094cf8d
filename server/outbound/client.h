// Client: our requests to other servers (imports, webhooks), on one loop. Every address is checked after it was
// resolved, again at every redirect, and the connection goes to the very address that was checked
// (address_policy.h): a name that changes its mind in between gains nothing. Only http and https, HTTP/2 where TLS
// negotiates it, certificates verified; no proxy, cookies or .netrc of our environment.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/outbound/address_policy.h"
#include "server/outbound/transfer.h"
#include "server/rt/budget.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::outbound {

struct Response {
  int status = 0;
  Fields fields;  // names in lower case
  std::string body;
};

struct ClientOptions {
  std::string ca_file = {};      // certificates that are trusted beside the system's; empty: none
  rt::Budget* budget = nullptr;  // where what arrived and is unread counts; null: nowhere
};

class Client {
 public:
  // The policy (and the budget) outlive it. It belongs to the loop that first sends.
  explicit Client(const AddressPolicy& policy, ClientOptions options = {});
  // After stop(), or on its loop.
  ~Client();

  // A short exchange whose answer is kept whole. An error when there is no answer: kForbidden when the address may not
  // be called, kInvalid when the URL cannot be, kTimeout, kIo and kClosed in words; kCancelled after stop().
  rt::Task<rt::Result<Response>> send(Request request);
  // An answer in pieces. The transfer may be dropped at any time; it ends with that.
  std::unique_ptr<Transfer> open(Request request);
  // On its loop: ends all that runs and closes every connection.
  void stop();

 private:
  std::shared_ptr<Core> core_;
};

}  // namespace millrace::outbound
