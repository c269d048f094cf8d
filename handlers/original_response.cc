#include "handlers/original_response.h"

#include "handlers/described_original.h"
#include "handlers/object_body.h"
#include "handlers/representation.h"

namespace millrace::handlers {
namespace {

rt::Task<rt::Status> set_original(http::Response& response, store::Store& store, store::ObjectId object,
                                  http::ByteRange range) {
  auto set = co_await set_object_body(response, store, object, range.first, range.length);
  // The media's object never changes: without it, the media has gone since it was looked up.
  if (!set && set.error().code == rt::Code::kNotFound) co_return rt::fail(rt::Code::kNotFound, "no such media");
  co_return set;
}

}  // namespace

Answer original_response(Services& services, http::Exchange& exchange, const Door& door, std::string tenant,
                         std::string media_id) {
  auto found = co_await services.originals.get(services.catalog, std::move(tenant), std::move(media_id));
  if (!found) co_return rt::pass(found);
  const store::ObjectId object = (*found)->original.object;
  const auto set_body = [&services, object](http::Response& response, http::ByteRange range) {
    return set_original(response, services.store, object, range);
  };
  co_return co_await represent(exchange, door, (*found)->shown, set_body);
}

}  // namespace millrace::handlers
