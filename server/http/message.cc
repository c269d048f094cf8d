#include "server/http/message.h"

#include <array>

namespace millrace::http {
namespace {

constexpr std::array<std::string_view, 7> kMethodNames = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

}  // namespace

Method method_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kMethodNames.size(); ++i) {
    if (kMethodNames[i] == name) return static_cast<Method>(i);
  }
  return Method::kOther;
}

std::string_view name_of(Method method) noexcept {
  return method == Method::kOther ? "OTHER" : kMethodNames[static_cast<std::size_t>(method)];
}

std::string_view Request::path() const noexcept { return std::string_view(target).substr(0, target.find('?')); }

std::string_view Request::query() const noexcept {
  const std::size_t mark = target.find('?');
  return mark == std::string::npos ? std::string_view() : std::string_view(target).substr(mark + 1);
}

Response Response::text(int status, std::string content_type, std::string body) {
  Response response;
  response.status = status;
  response.fields.add("content-type", content_type);
  response.content_length = body.size();
  response.body = std::move(body);
  return response;
}

Response Response::empty(int status) {
  Response response;
  response.status = status;
  response.content_length = 0;
  return response;
}

}  // namespace millrace::http
