#include "handlers/tus/envelope.h"

#include <string>

#include "handlers/refusal.h"
#include "server/http/status.h"

namespace millrace::handlers::tus {
namespace {

constexpr const char* kProblemType = "application/problem+json";
constexpr std::string_view kDraftProblems = "https://iana.org/assignments/http-problem-types#";

http::Response problem(int status, const http::JsonWriter& json) {
  http::Response response = http::Response::text(status, kProblemType, json.text());
  response.fields.add("tus-resumable", kTusVersion);
  return response;
}

// Both protocols know 413 for what is too much to be taken, and no 402.
int status_of(rt::Code code) { return code == rt::Code::kQuotaExceeded ? 413 : http::status_of(code); }

// Of the draft; `title` is the same for all of one type.
http::JsonWriter begin_problem(std::string_view type, std::string_view title, int status) {
  http::JsonWriter json;
  json.begin_object().member("type", std::string(kDraftProblems) + std::string(type)).member("title", title);
  json.member("status", status);
  return json;
}

http::Response final_problem(int status, http::JsonWriter& json) {
  json.end_object();
  http::Response response = problem(status, json);
  response.fields.add("x-should-retry", "false");
  return response;
}

}  // namespace

const Door door{.refuse = [](const rt::Error& error, const http::Exchange&) { return refuse(error); }};

http::Response reply(int status) {
  http::Response response = http::Response::empty(status);
  if (status == 204) response.content_length.reset();
  response.fields.add("tus-resumable", kTusVersion);
  return response;
}

http::Response reply(int status, const http::JsonWriter& json) {
  http::Response response = http::Response::text(status, "application/json", json.text());
  response.fields.add("tus-resumable", kTusVersion);
  return response;
}

http::Response refuse(const rt::Error& error) {
  const int status = status_of(error.code);
  http::JsonWriter json;
  json.begin_object().member("title", public_message(error)).member("status", status);
  if (!error.field.empty()) json.member("field", error.field);
  json.end_object();
  http::Response response = problem(status, json);
  add_refusal_fields(response, error);
  if (error.code == rt::Code::kPreconditionFailed) response.fields.add("tus-version", kTusVersion);
  return response;
}

http::Response wrong_offset(const media::Upload& upload, std::uint64_t provided) {
  constexpr int kStatus = 409;
  auto json = begin_problem("mismatching-upload-offset", "the upload goes on at another offset", kStatus);
  json.member("expected-offset", upload.bytes_received).member("provided-offset", provided);
  http::Response response = final_problem(kStatus, json);
  response.fields.add("upload-offset", std::to_string(upload.bytes_received));
  return response;
}

http::Response wrong_checksum() {
  constexpr int kStatus = 460;
  http::JsonWriter json;
  json.begin_object().member("title", "the bytes do not have this checksum; none of them was kept");
  json.member("status", kStatus).end_object();
  return problem(kStatus, json);
}

http::Response inconsistent_length(std::string_view detail) {
  constexpr int kStatus = 400;
  auto json = begin_problem("inconsistent-upload-length", "inconsistent length values for upload", kStatus);
  json.member("detail", detail);
  return final_problem(kStatus, json);
}

http::Response completed_already() {
  constexpr int kStatus = 400;
  auto json = begin_problem("completed-upload", "upload is already completed", kStatus);
  return final_problem(kStatus, json);
}

}  // namespace millrace::handlers::tus
