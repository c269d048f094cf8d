// House: the gateway over real domain services and a store in memory, asked like a protocol session asks it. For tables
// of (request, expected reply).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "handlers/gateway.h"
#include "handlers/services.h"
#include "media/domain.h"
#include "server/http/json.h"
#include "server/http/message.h"
#include "tests/media/fake_store.h"

namespace millrace::handlers {

struct Ask {
  std::string method = "GET";
  std::string target = "/";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> fields = {};
  std::string key = {};  // a bearer
  bool breaks = false;   // the peer leaves after these bytes
  std::string peer = "192.0.2.9";
  bool measured = true;  // with a length, unless it breaks
  std::vector<std::pair<std::string, std::string>> trailers = {};
  bool counts_turns = false;
  bool peer_left = false;  // though the whole request has come
};

struct Reply {
  int status = 0;
  http::Fields fields;
  std::string body;
  std::optional<std::uint64_t> content_length;
  std::string request_id;
  std::string tenant;
  bool source_failed = false;
  std::vector<std::pair<int, http::Fields>> informed = {};  // informational responses before it
  int turns = 0;                                            // that others had meanwhile, if they were to be counted

  std::string field(std::string_view name) const { return std::string(fields.get(name).value_or("")); }
  // A text or number inside the JSON body: "data.input.url"; "null", or "absent" when it is not there.
  std::string at(std::string_view path) const;
};

class House {
 public:
  explicit House(Settings settings = {});
  ~House();

  Reply ask(const Ask& request);
  // The same with the admin's key, and JSON as the content type of a body.
  Reply call(const std::string& method, const std::string& target, const std::string& body = {},
             std::vector<std::pair<std::string, std::string>> fields = {});

  // Creates an upload of type put; returns its id and the path and query of its address.
  std::pair<std::string, std::string> new_put(const std::string& more = {});
  // The whole way of a file; returns the media's id.
  std::string ingest(const std::string& content);

  // Its services on another store before this one; the tenants stay.
  void stand_on(store::Store& other, Settings settings);

  media::NewKey admin;
  rt::Budget budget{std::size_t{64} << 20};
  rt::TextShare text{budget};
  media::FakeStore store;
  std::unique_ptr<media::Tenants> tenants;
  std::unique_ptr<media::Domain> domain;
  // Of the domain.
  media::Catalog* catalog = nullptr;
  media::Jobs* jobs = nullptr;
  media::Uploads* uploads = nullptr;
  media::Buckets* buckets = nullptr;
  std::unique_ptr<Services> services;
  std::unique_ptr<Gateway> gateway;
};

}  // namespace millrace::handlers
