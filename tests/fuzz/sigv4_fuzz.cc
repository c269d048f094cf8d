// Hostile requests into SigV4: lines of `name: value` after a request target. Reading and checking a signature never
// crash and never accept; a URL presigned for the same path always does.
#include <cstdint>
#include <string>

#include "server/http/sigv4.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  using namespace millrace::http;
  std::string_view text(reinterpret_cast<const char*>(data), bytes);
  const auto take_line = [&] {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    return line;
  };
  Request request;
  request.method_text = "GET";
  request.target = take_line();
  request.authority = "h:1";
  const std::string path = request.target;
  while (!text.empty()) {
    const std::string_view line = take_line();
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos) request.fields.add(line.substr(0, colon), line.substr(colon + 2));
  }
  (void)sigv4::is_signed(request);
  const auto signature = sigv4::read_signature(request);
  if (signature && sigv4::verify(request, *signature, "a secret nobody has", signature->time_seconds)) __builtin_trap();

  const std::string url = sigv4::presign({.method = "GET",
                                          .origin = "http://h:1",
                                          .path = "/" + path,
                                          .access_key = "AK",
                                          .secret_key = "SK",
                                          .now_seconds = 1'000'000'000,
                                          .query = {{path, path}}});
  Request own;
  own.method_text = "GET";
  own.target = url.substr(10);
  own.authority = "h:1";
  const auto own_signature = sigv4::read_signature(own);
  // A parameter of the caller's that is named like one of the signature's own makes two of it.
  if (path.starts_with("X-Amz-")) return 0;
  if (!own_signature || !sigv4::verify(own, *own_signature, "SK", 1'000'000'000)) __builtin_trap();
  return 0;
}
