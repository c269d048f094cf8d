#include "handlers/s3/front.h"

#include "handlers/auth.h"
#include "handlers/s3/envelope.h"
#include "handlers/s3/operation.h"

namespace millrace::handlers::s3 {
namespace {

constexpr std::string_view kRoutePrefix = "s3 ";
constexpr std::string_view kUnknownRoute = "s3";

// Fields that ask for what is not offered; ignoring one would be a silent lie.
Status check_wishes(const http::Request& request) {
  for (std::size_t i = 0; i < request.fields.size(); ++i) {
    const auto [name, value] = request.fields[i];
    const bool unknown = name.starts_with("x-amz-server-side-encryption") || name.starts_with("x-amz-grant-") ||
                         name.starts_with("x-amz-object-lock-") ||
                         name.starts_with("x-amz-copy-source-server-side-encryption") ||
                         name == "x-amz-bucket-object-lock-enabled" || name == "x-amz-write-offset-bytes";
    const bool open_to_others = name == "x-amz-acl" && value != "private" && value != "bucket-owner-full-control";
    if (unknown || open_to_others) {
      return refuse(reasons::kNotImplemented,
                    "This server does not offer " + std::string(name) + ": " + std::string(value));
    }
    if (name == "x-amz-storage-class" && value != "STANDARD") {
      return refuse(reasons::kInvalidStorageClass, "The storage class you specified is not valid: STANDARD is.");
    }
  }
  return {};
}

// A list of a bucket means the keys that begin with its prefix; no key of the bucket `uploads` begins another one.
std::string key_meant_by(const Target& target) { return target.key.empty() ? target.value("prefix") : target.key; }

rt::Task<Status> authorize(const Call& call, const Operation& operation) {
  auto scope = require_scope(call.caller.principal, operation.any_of);
  if (!scope) co_return pass(scope);
  if (!call.caller.confined) co_return Status();
  auto access = co_await media::check_upload_access(call.services.uploads, *call.caller.confined, operation.action,
                                                    call.target.bucket, key_meant_by(call.target));
  if (!access) co_return pass(access);
  co_return Status();
}

Answer serve(Services& services, http::Exchange& exchange) {
  exchange.route = kUnknownRoute;
  auto target = read_target(services.settings, exchange.request);
  if (!target) co_return pass(target);
  const auto operation = find_operation(exchange.request, *target);
  if (operation) exchange.route = std::string(kRoutePrefix) + std::string((*operation)->name);
  auto caller = authenticate(services, exchange);
  if (!caller) co_return pass(caller);
  if (!operation) co_return std::unexpected(operation.error());
  if (auto wishes = check_wishes(exchange.request); !wishes) co_return pass(wishes);
  const Call call{services, exchange, std::move(*caller), std::move(*target)};
  auto authorized = co_await authorize(call, **operation);
  if (!authorized) co_return pass(authorized);
  co_return co_await (*operation)->endpoint(call);
}

}  // namespace

rt::Task<http::Response> answer(Services& services, http::Exchange& exchange) {
  auto result = co_await serve(services, exchange);
  http::Response response = result ? std::move(*result) : refuse(result.error(), exchange);
  response.fields.add("x-amz-request-id", exchange.id);
  co_return response;
}

std::vector<std::string> route_names() {
  std::vector<std::string> names{std::string(kUnknownRoute)};
  for (const Operation& operation : operations()) names.push_back(std::string(kRoutePrefix).append(operation.name));
  return names;
}

}  // namespace millrace::handlers::s3
