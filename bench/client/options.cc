#include "bench/client/options.h"

#include <fmt/core.h>
#include <getopt.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

namespace millrace::bench {
namespace {

constexpr const char* kUsage = R"(usage: loadclient [options] [URL...]
  -i, --input FILE      one URL a line (- for stdin), after those on the command line
  -c, --connections N   connections (1)
  -m, --streams N       requests in flight on each connection (1; HTTP/1.1 always has one)
  -n, --requests N      requests in all; URLs are used in turn, again from the first (one for each URL)
      --each N          at most N requests on one connection
  -X, --method M        GET, PUT or POST (GET)
  -H, --header 'K: V'   a header of every request
  -s, --size BYTES      body of each PUT or POST; K, M, G are powers of 1024
      --shift BYTES     this many other bytes before each body
      --seed N          another seed, other bodies (1)
      --first N         number of the first body (0)
      --rate BYTES      upload at most this many bytes a second on each connection
      --think MS        pause of a connection between two requests
  -D, --duration S      go round the URLs for S seconds
      --h1              HTTP/1.1 (default: HTTP/2, by ALPN or prior knowledge)
      --connect A:P     dial this address, whatever the URLs say
      --verify          a GET must bring the body of its number
      --hold            print {"ready":true} when all is done, keep the connections until stdin ends
      --timeout S       give up after S seconds (600)
      --emit FILE       write body number --first of --size to FILE and end
Answers with one line of JSON; ends with 1 when a request failed.
)";

[[noreturn]] void usage(const std::string& why) {
  fmt::print(stderr, "loadclient: {}\n{}", why, kUsage);
  std::exit(2);
}

uint64_t parse_number(const char* text) {
  char* end = nullptr;
  uint64_t value = std::strtoull(text, &end, 10);
  if (end == text) usage(fmt::format("'{}' is no number", text));
  if (*end == 'K') value <<= 10;
  if (*end == 'M') value <<= 20;
  if (*end == 'G') value <<= 30;
  return value;
}

Header parse_header(const std::string& text) {
  const size_t colon = text.find(": ");
  if (colon == std::string::npos) usage(fmt::format("header '{}' has no ': '", text));
  Header header{text.substr(0, colon), text.substr(colon + 2)};
  for (char& c : header.name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return header;
}

void read_urls(std::istream& in, std::vector<std::string>& urls) {
  for (std::string line; std::getline(in, line);) {
    if (!line.empty()) urls.push_back(line);
  }
}

void read_url_file(const std::string& name, std::vector<std::string>& urls) {
  if (name == "-") return read_urls(std::cin, urls);
  std::ifstream file(name);
  if (!file) usage(fmt::format("cannot read {}", name));
  read_urls(file, urls);
}

enum Long { kEach = 256, kShift, kSeed, kFirst, kRate, kThink, kHttp1, kConnect, kVerify, kHold, kTimeout, kEmit };

constexpr option kLong[] = {
    {"input", required_argument, nullptr, 'i'},
    {"connections", required_argument, nullptr, 'c'},
    {"streams", required_argument, nullptr, 'm'},
    {"requests", required_argument, nullptr, 'n'},
    {"each", required_argument, nullptr, kEach},
    {"method", required_argument, nullptr, 'X'},
    {"header", required_argument, nullptr, 'H'},
    {"size", required_argument, nullptr, 's'},
    {"shift", required_argument, nullptr, kShift},
    {"seed", required_argument, nullptr, kSeed},
    {"first", required_argument, nullptr, kFirst},
    {"rate", required_argument, nullptr, kRate},
    {"think", required_argument, nullptr, kThink},
    {"duration", required_argument, nullptr, 'D'},
    {"h1", no_argument, nullptr, kHttp1},
    {"connect", required_argument, nullptr, kConnect},
    {"verify", no_argument, nullptr, kVerify},
    {"hold", no_argument, nullptr, kHold},
    {"timeout", required_argument, nullptr, kTimeout},
    {"emit", required_argument, nullptr, kEmit},
    {nullptr, 0, nullptr, 0},
};

void apply(Options& options, int key, const char* value) {
  switch (key) {
    case 'i':
      return read_url_file(value, options.urls);
    case 'c':
      options.connections = static_cast<uint32_t>(parse_number(value));
      return;
    case 'm':
      options.streams = static_cast<uint32_t>(parse_number(value));
      return;
    case 'n':
      options.requests = parse_number(value);
      return;
    case 'X':
      options.method = value;
      return;
    case 'H':
      options.headers.push_back(parse_header(value));
      return;
    case 's':
      options.size_bytes = parse_number(value);
      return;
    case 'D':
      options.duration_s = static_cast<uint32_t>(parse_number(value));
      return;
    case kEach:
      options.requests_each = parse_number(value);
      return;
    case kShift:
      options.shift_bytes = parse_number(value);
      return;
    case kSeed:
      options.seed = parse_number(value);
      return;
    case kFirst:
      options.first_body = parse_number(value);
      return;
    case kRate:
      options.rate_bytes = parse_number(value);
      return;
    case kThink:
      options.think_ms = static_cast<uint32_t>(parse_number(value));
      return;
    case kHttp1:
      options.http1 = true;
      return;
    case kConnect:
      options.connect = value;
      return;
    case kVerify:
      options.verify = true;
      return;
    case kHold:
      options.hold = true;
      return;
    case kTimeout:
      options.timeout_s = static_cast<uint32_t>(parse_number(value));
      return;
    case kEmit:
      options.emit = value;
      return;
    default:
      usage("unknown option");
  }
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  for (int key; (key = getopt_long(argc, argv, "i:c:m:n:X:H:s:D:", kLong, nullptr)) != -1;) apply(options, key, optarg);
  options.urls.insert(options.urls.begin(), argv + optind, argv + argc);
  if (!options.emit.empty()) return options;
  if (options.urls.empty()) usage("no URL");
  if (options.requests == 0) options.requests = options.duration_s ? UINT64_MAX : options.urls.size();
  if (options.http1) options.streams = 1;
  return options;
}

}  // namespace millrace::bench
