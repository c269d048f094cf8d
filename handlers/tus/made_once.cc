#include "handlers/tus/made_once.h"

#include "handlers/once.h"
#include "handlers/tus/resource.h"

namespace millrace::handlers::tus {
namespace {

rt::Task<rt::Result<Made>> make_new(Make make) {
  auto upload = co_await make();
  if (!upload) co_return rt::pass(upload);
  co_return Made{std::move(*upload)};
}

rt::Task<rt::Result<Made>> find_again(Services& services, std::string tenant, http::Response first) {
  const std::string_view location = first.fields.get("location").value_or("");
  std::string id(location.substr(location.rfind('/') + 1));
  auto upload = co_await find_upload(services, std::move(tenant), std::move(id));
  if (!upload) co_return rt::pass(upload);
  co_return Made{std::move(*upload), true};
}

}  // namespace

rt::Task<rt::Result<Made>> make_once(Services& services, const http::Request& request, std::string tenant,
                                     std::string said, Make make) {
  const auto key = idempotency_key(request);
  if (!key) co_return std::unexpected(key.error());
  if (!*key) co_return co_await make_new(std::move(make));
  Once once(services.store, services.clock, tenant + " /files", **key, said);
  auto replay = co_await once.begin();
  if (!replay) co_return rt::pass(replay);
  if (*replay) co_return co_await find_again(services, std::move(tenant), std::move(**replay));
  auto made = co_await make_new(std::move(make));
  http::Response answer = http::Response::text(201, {}, {});
  if (made) answer.fields.add("location", "/files/" + made->upload.id);
  // An answer that could not be kept is still the answer: the work is done.
  co_await once.end(made ? &answer : nullptr);
  co_return made;
}

}  // namespace millrace::handlers::tus
