#include "server/http/forwarded.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "server/rt/text.h"

namespace millrace::http {
namespace {

using rt::lowered;
using rt::trimmed;

// More hops than this and somebody is playing.
constexpr std::size_t kHopsMax = 32;

// What one proxy said about the request as it received it.
struct Hop {
  std::string client;
  std::string proto;
  std::string host;
};

// The parts between separators outside of quotes.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == separator && !quoted)) {
      parts.push_back(trimmed(text.substr(start, i - start)));
      start = i + 1;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (text[i] == '\\' && quoted) {
      ++i;
    }
  }
  return parts;
}

std::string unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::string(text);
  std::string plain;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == '\\' && i + 2 < text.size()) ++i;
    plain += text[i];
  }
  return plain;
}

// All fields of that name as one list.
std::string joined(const Fields& fields, std::string_view name) {
  std::string list;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name != name) continue;
    if (!list.empty()) list += ',';
    list += fields[i].value;
  }
  return list;
}

// An address without its port and brackets; nothing for "unknown", obfuscated names and what is none.
std::optional<std::string> node_address(std::string_view node) {
  if (node.starts_with('[')) {
    node = node.substr(1, node.find(']') - 1);
  } else if (std::ranges::count(node, ':') == 1) {
    node = node.substr(0, node.find(':'));
  }
  unsigned char raw[16];
  std::string text(node);
  const int family = text.contains(':') ? AF_INET6 : AF_INET;
  if (inet_pton(family, text.c_str(), raw) != 1) return std::nullopt;
  return text;
}

bool is_host(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::ranges::all_of(host, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("-._~:[]").contains(c);
  });
}

std::vector<Hop> hops_of_forwarded(const std::string& list) {
  std::vector<Hop> hops;
  for (const std::string_view element : split(list, ',')) {
    Hop hop;
    for (const std::string_view pair : split(element, ';')) {
      const std::size_t equals = std::min(pair.find('='), pair.size());
      const std::string name = lowered(trimmed(pair.substr(0, equals)));
      std::string value = unquoted(trimmed(pair.substr(std::min(equals + 1, pair.size()))));
      if (name == "for")
        hop.client = std::move(value);
      else if (name == "proto")
        hop.proto = lowered(value);
      else if (name == "host")
        hop.host = std::move(value);
    }
    hops.push_back(std::move(hop));
  }
  return hops;
}

// The item for hop `index` of `count`: its own where every proxy added one, else the nearest proxy's word.
std::string item_for(const std::vector<std::string_view>& items, std::size_t index, std::size_t count) {
  return std::string(items.size() == count ? items[index] : items.back());
}

std::vector<Hop> hops_of_x_forwarded(const Fields& fields) {
  const std::string clients = joined(fields, "x-forwarded-for");
  const std::string protos = joined(fields, "x-forwarded-proto");
  const std::string hosts = joined(fields, "x-forwarded-host");
  const auto client_items = split(clients, ',');
  const auto proto_items = split(protos, ',');
  const auto host_items = split(hosts, ',');
  std::vector<Hop> hops;
  for (std::size_t i = 0; i < client_items.size(); ++i) {
    hops.push_back({std::string(client_items[i]), lowered(item_for(proto_items, i, client_items.size())),
                    item_for(host_items, i, client_items.size())});
  }
  return hops;
}

void believe(Request& request, const Hop& hop) {
  if (hop.proto == "https" || hop.proto == "http") request.peer.tls = hop.proto == "https";
  if (is_host(hop.host)) request.authority = hop.host;
}

}  // namespace

void apply_forwarded(Request& request, const std::function<bool(std::string_view address)>& trusts) {
  if (!trusts(request.peer.address)) return;
  const bool standard = request.fields.count("forwarded") > 0;
  const std::vector<Hop> hops =
      standard ? hops_of_forwarded(joined(request.fields, "forwarded")) : hops_of_x_forwarded(request.fields);
  if (hops.size() > kHopsMax) return;
  for (std::size_t i = hops.size(); i > 0; --i) {
    believe(request, hops[i - 1]);
    const auto client = node_address(hops[i - 1].client);
    if (!client) return;
    request.peer.address = *client;
    if (!trusts(*client)) return;
  }
}

}  // namespace millrace::http
