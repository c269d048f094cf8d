#include "handlers/v2/imports.h"

#include "handlers/input.h"
#include "handlers/v2/envelope.h"
#include "handlers/v2/views.h"
#include "media/imports/imports.h"

namespace millrace::handlers::v2 {
namespace {

rt::Result<media::NewImportFile> file_of(const http::Json& json) {
  media::NewImportFile file;
  Members members(json);
  members.require("url", file.url).read("name", file.name).read("filename", file.file_name);
  members.read("transcriptionLanguageCode", file.language);
  if (!members.status()) return std::unexpected(members.status().error());
  return file;
}

rt::Result<media::NewImport> new_import_of(const http::Json& json) {
  media::NewImport input;
  Members members(json);
  members.read("channel", input.channel_id);
  if (!members.status()) return std::unexpected(members.status().error());
  const auto files = json.objects("files");
  if (!files) return std::unexpected(files.error());
  if (!*files) return rt::fail(rt::Code::kInvalid, "files is required", "files");
  for (const http::Json& each : **files) {
    auto file = file_of(each);
    if (!file) return rt::pass(file);
    input.files.push_back(std::move(*file));
  }
  return input;
}

}  // namespace

Answer create_import(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto json = co_await read_json(exchange);
  if (!json) co_return rt::pass(json);
  auto input = new_import_of(*json);
  if (!input) co_return rt::pass(input);
  auto import = co_await services.imports.create(principal.tenant, std::move(*input));
  if (!import) co_return rt::pass(import);
  http::Response response = success(201, json_of(*import));
  response.fields.add("location", "/v2/uploads/imports/" + import->id);
  co_return response;
}

Answer list_imports(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto query = list_query(exchange.request);
  if (!query) co_return rt::pass(query);
  auto page = co_await services.imports.list(principal.tenant, std::move(*query));
  if (!page) co_return rt::pass(page);
  co_return success(200, page_view(*page, [](const media::Import& import) { return media::json_of(import); }));
}

Answer get_import(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto import = co_await services.imports.get(principal.tenant, exchange.params[0]);
  if (!import) co_return rt::pass(import);
  co_return success(200, json_of(*import));
}

Answer cancel_import(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto import = co_await services.imports.cancel(principal.tenant, exchange.params[0]);
  if (!import) co_return rt::pass(import);
  co_return success(200, json_of(*import));
}

Answer delete_import(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto import = co_await services.imports.remove(principal.tenant, exchange.params[0]);
  if (!import) co_return rt::pass(import);
  co_return success(200, json_of(*import));
}

Answer retry_import(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto import = co_await services.imports.retry(principal.tenant, exchange.params[0]);
  if (!import) co_return rt::pass(import);
  co_return success(200, json_of(*import));
}

}  // namespace millrace::handlers::v2
