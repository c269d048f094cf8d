#include "handlers/v2/upload_put.h"

#include "handlers/presign.h"
#include "handlers/v2/envelope.h"
#include "server/http/json.h"
#include "server/http/range.h"

namespace millrace::handlers {
namespace {

using media::Upload;
using media::UploadState;

// What the request says it brings.
struct Plan {
  std::string tenant;
  std::string id;
  std::optional<http::ContentRange> range;  // nothing: the whole file
  std::optional<std::uint64_t> body_bytes;
  std::uint64_t bytes_max = 0;

  bool asks() const noexcept { return range && !range->range; }
  bool is_piece() const noexcept { return range && range->range; }
  std::uint64_t offset() const noexcept { return is_piece() ? range->range->first : 0; }
  // Where in the file the body must end, or may end at most.
  std::uint64_t end() const noexcept { return is_piece() ? range->range->first + range->range->length : bytes_max; }
  bool brings_the_end() const noexcept { return !range || range->size_bytes == end(); }
  // Of the whole file.
  std::optional<std::uint64_t> total() const noexcept { return range ? range->size_bytes : body_bytes; }
};

http::Response whole(const Upload& upload) {
  http::Response response = http::Response::empty(200);
  response.fields.add("etag", "\"" + upload.id + "-" + std::to_string(upload.bytes_received) + "\"");
  return response;
}

// Where to go on; no Range field when there is nothing yet.
void tell_offset(http::Response& response, const Upload& upload) {
  if (upload.bytes_received == 0) return;
  response.fields.add("range", "bytes=0-" + std::to_string(upload.bytes_received - 1));
}

http::Response more_wanted(const Upload& upload) {
  http::Response response = http::Response::empty(308);
  tell_offset(response, upload);
  return response;
}

http::Response wrong_offset(const Upload& upload) {
  http::JsonWriter data;
  data.begin_object().member("bytesReceived", upload.bytes_received).end_object();
  http::Response response = v2::refuse(
      {rt::Code::kConflict, "the upload has " + std::to_string(upload.bytes_received) + " bytes; go on from there"},
      data.text());
  tell_offset(response, upload);
  return response;
}

rt::Status check_framing(const http::Exchange& exchange) {
  const http::Request& request = exchange.request;
  const bool framed = exchange.body.length() || request.peer.protocol == http::Protocol::kHttp2 ||
                      request.fields.get("transfer-encoding");
  if (framed) return {};
  return rt::fail(rt::Code::kLengthRequired, "a PUT needs Content-Length or Transfer-Encoding: chunked");
}

rt::Status check_size(const Plan& plan) {
  if (plan.total().value_or(0) > plan.bytes_max || plan.end() > plan.bytes_max) {
    return rt::fail(rt::Code::kTooLarge, "an upload may have " + std::to_string(plan.bytes_max) + " bytes at most");
  }
  if (plan.is_piece() && plan.body_bytes.value_or(plan.range->range->length) != plan.range->range->length) {
    return rt::fail(rt::Code::kInvalid, "Content-Range and Content-Length tell different lengths", "content-range");
  }
  return {};
}

rt::Result<std::optional<http::ContentRange>> range_of(const http::Request& request) {
  const auto field = request.fields.get("content-range");
  if (!field) return std::nullopt;
  if (request.fields.count("content-range") > 1) {
    return rt::fail(rt::Code::kInvalid, "there must be one Content-Range", "content-range");
  }
  const auto range = http::parse_content_range(*field);
  if (!range) return std::unexpected(range.error());
  return *range;
}

rt::Result<Plan> plan_of(Services& services, http::Exchange& exchange) {
  const auto principal = verify_presigned(services, exchange);
  if (!principal) return std::unexpected(principal.error());
  Plan plan;
  plan.tenant = principal->tenant;
  plan.id = exchange.params[0];
  plan.body_bytes = exchange.body.length();
  plan.bytes_max = services.settings.upload_bytes_max;
  const auto range = range_of(exchange.request);
  if (!range) return std::unexpected(range.error());
  plan.range = *range;
  // Asking brings no body, and curl tells no length of none.
  if (auto framing = plan.asks() ? rt::Status() : check_framing(exchange); !framing) return rt::pass(framing);
  if (auto size = check_size(plan); !size) return rt::pass(size);
  return plan;
}

// Body to receiver until the end of either; the error is what stopped it.
rt::Task<rt::Status> pour(http::Body& body, media::Receiver& receiver, const Plan& plan) {
  for (;;) {
    auto slice = co_await body.next();
    if (!slice) co_return rt::pass(slice);
    if (slice->empty()) break;
    if (receiver.position() + slice->size() > plan.end()) {
      co_return rt::fail(rt::Code::kTooLarge,
                         "the body is longer than " + std::to_string(plan.end() - plan.offset()) + " bytes");
    }
    auto appended = co_await receiver.append(std::move(*slice));
    if (!appended) co_return appended;
  }
  if (plan.is_piece() && receiver.position() != plan.end()) {
    co_return rt::fail(rt::Code::kInvalid, "the body is shorter than Content-Range says", "content-range");
  }
  co_return rt::Status();
}

// The receiver was refused: for its offset when the upload is open, else for its state.
rt::Task<rt::Result<http::Response>> explain(Services& services, const Plan& plan, rt::Error error) {
  auto upload = co_await services.uploads.get(plan.tenant, plan.id);
  if (!upload || !is_open(*upload) || upload->bytes_received == plan.offset()) co_return std::unexpected(error);
  co_return wrong_offset(*upload);
}

rt::Task<rt::Result<Upload>> finish(media::Receiver& receiver, const Plan& plan, bool poured) {
  if (poured && !plan.brings_the_end()) return receiver.finish_piece();
  return receiver.finish(poured);
}

rt::Task<rt::Result<http::Response>> receive(Services& services, http::Exchange& exchange, const Plan& plan) {
  http::Body& body = exchange.body;
  auto evict = [&body] { body.fail({rt::Code::kConflict, "a newer transfer of this upload took over"}); };
  auto receiver = co_await services.uploads.open_receiver(plan.tenant, plan.id, plan.offset(), evict, plan.total());
  if (!receiver && receiver.error().code == rt::Code::kConflict && plan.offset() > 0) {
    co_return co_await explain(services, plan, receiver.error());
  }
  if (!receiver) co_return rt::pass(receiver);
  auto poured = co_await pour(body, **receiver, plan);
  auto upload = co_await finish(**receiver, plan, poured.has_value());
  if (!poured) co_return rt::pass(poured);
  if (!upload) co_return rt::pass(upload);
  co_return plan.brings_the_end() ? whole(*upload) : more_wanted(*upload);
}

rt::Task<rt::Result<http::Response>> declare_whole(Services& services, const Plan& plan, std::uint64_t total) {
  auto upload = co_await services.uploads.declare_whole(plan.tenant, plan.id, total);
  if (!upload) co_return rt::pass(upload);
  co_return whole(*upload);
}

rt::Task<rt::Result<http::Response>> tell(Services& services, const Plan& plan) {
  auto upload = co_await services.uploads.settle(plan.tenant, plan.id);
  if (!upload) co_return rt::pass(upload);
  if (!is_open(*upload) && upload->state != UploadState::kCompleted) co_return media::not_open(*upload);
  const std::uint64_t total = plan.total().value_or(0);
  const std::uint64_t expected = expected_bytes(*upload).value_or(total);
  if (total != expected) {
    const std::string sizes = std::to_string(expected) + " bytes, not " + std::to_string(total);
    co_return rt::fail(rt::Code::kConflict, "the file has " + sizes, "fileSize");
  }
  if (upload->whole) co_return whole(*upload);
  if (total > 0 && upload->bytes_received == total) co_return co_await declare_whole(services, plan, total);
  co_return more_wanted(*upload);
}

// A size that does not fit came in the field that places the piece.
rt::Error named(const Plan& plan, rt::Error error) {
  if (plan.range && error.field == "fileSize") error.field = "content-range";
  return error;
}

}  // namespace

rt::Task<http::Response> put_upload(Services& services, http::Exchange& exchange) {
  const auto plan = plan_of(services, exchange);
  if (!plan) co_return v2::refuse(plan.error());
  auto result = plan->asks() ? tell(services, *plan) : receive(services, exchange, *plan);
  auto response = co_await std::move(result);
  if (!response) co_return v2::refuse(named(*plan, std::move(response.error())));
  co_return std::move(*response);
}

}  // namespace millrace::handlers
