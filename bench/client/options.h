#pragma once

// The command line of the load client, parsed once into a value; nothing else reads argv.

#include <cstdint>
#include <string>
#include <vector>

namespace millrace::bench {

struct Header {
  std::string name;
  std::string value;
};

struct Options {
  std::vector<std::string> urls;
  std::string method = "GET";
  std::vector<Header> headers;
  std::string connect;  // "address:port" to dial in place of the URL's, as through a relay
  bool http1 = false;
  bool verify = false;  // compare what a GET brings with the body of the same number
  bool hold = false;    // when all is done keep the connections open until stdin ends

  uint32_t connections = 1;
  uint32_t streams = 1;                 // in flight on each connection
  uint64_t requests = 0;                // 0: one for each URL
  uint64_t requests_each = UINT64_MAX;  // at most this many on one connection
  uint64_t size_bytes = 0;
  uint64_t shift_bytes = 0;
  uint64_t seed = 1;
  uint64_t first_body = 0;   // number of the first body; request i sends body first_body + i
  uint64_t rate_bytes = 0;   // upload bytes per second on each connection, 0 for no limit
  uint32_t think_ms = 0;     // pause of a connection between two requests
  uint32_t duration_s = 0;   // go round the URLs for this long
  uint32_t timeout_s = 600;  // give up, whatever is missing
  std::string emit;          // write body `first_body` to this file and end
};

// Prints usage and ends the process on a bad command line.
Options parse_options(int argc, char** argv);

}  // namespace millrace::bench
