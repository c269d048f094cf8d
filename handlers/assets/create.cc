#include "handlers/assets/create.h"

#include <charconv>

#include "handlers/assets/envelope.h"
#include "handlers/assets/views.h"
#include "handlers/form_upload.h"
#include "handlers/input.h"
#include "handlers/links.h"

namespace millrace::handlers::assets {
namespace {

// Until the first chunk tells how the file is called.
constexpr const char* kNameless = "asset";

std::unexpected<rt::Error> invalid(std::string message, std::string field) {
  return rt::fail(rt::Code::kInvalid, std::move(message), std::move(field));
}

rt::Result<bool> check_field(const std::string& name, const std::string&) {
  if (name == "source") return invalid("source must be a file", "source");
  return name == "label" || name == "upload_phase" || name == "file_size";
}

rt::Result<std::uint64_t> file_size_of(const http::Pairs& fields, std::uint64_t bytes_max) {
  const std::string text = value_of(fields, "file_size").value_or("");
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error == std::errc::result_out_of_range || bytes > bytes_max) {
    return rt::fail(rt::Code::kTooLarge, "a file may have " + std::to_string(bytes_max) + " bytes at most",
                    "file_size");
  }
  if (error == std::errc() && end == text.data() + text.size() && bytes > 0) return bytes;
  return invalid("file_size must be a number of bytes above 0", "file_size");
}

Answer start(Services& services, std::string tenant, const http::Pairs& fields) {
  if (value_of(fields, "upload_phase") != "start") co_return invalid("upload_phase must be start", "upload_phase");
  const auto bytes = file_size_of(fields, services.settings.upload_bytes_max);
  if (!bytes) co_return std::unexpected(bytes.error());
  media::NewUpload input;
  input.type = media::UploadType::kPhased;
  input.file_name = kNameless;
  input.title = value_of(fields, "label").value_or("");
  input.declared_bytes = *bytes;
  auto upload = co_await services.uploads.create(std::move(tenant), std::move(input));
  if (!upload && upload.error().field == "title") upload.error().field = "label";
  if (!upload && upload.error().field == "fileSize") upload.error().field = "file_size";
  if (!upload) co_return rt::pass(upload);
  http::Response response = answer(201, asset_view(*upload));
  response.fields.add("location", "/assets/" + upload->id);
  co_return response;
}

Answer complete(Services& services, const http::Request& request, const FormUpload& form) {
  media::CompleteUpload input;
  input.title = value_of(form.fields, "label").value_or("");
  auto completion = co_await services.uploads.complete(form.upload->tenant, form.upload->id, std::move(input));
  if (!completion && completion.error().field == "title") completion.error().field = "label";
  if (!completion) co_return rt::pass(completion);
  if (!completion->duplicate_of.empty()) {
    co_return rt::fail(rt::Code::kConflict, "asset " + completion->duplicate_of + " has the same bytes already",
                       "source");
  }
  auto media = co_await services.catalog.get(form.upload->tenant, completion->upload.media_id);
  if (!media) co_return rt::pass(media);
  http::Response response = answer(201, asset_view(*media, original_url(services.settings, request, media->id)));
  response.fields.add("location", "/assets/" + media->id);
  co_return response;
}

Answer create_from(Services& services, const http::Exchange& exchange, const media::Principal& principal,
                   const FormUpload& form) {
  if (form.upload) return complete(services, exchange.request, form);
  return start(services, principal.tenant, form.fields);
}

// Without a phase it must be the file that was meant.
rt::Status check_meant(const FormUpload& form) {
  if (form.upload || value_of(form.fields, "upload_phase")) return {};
  return invalid("a form with the file source, or upload_phase=start, is needed", "source");
}

rt::Task<rt::Result<FormUpload>> read_any(Services& services, http::Exchange& exchange, std::string tenant) {
  if (is_form(exchange.request)) {
    co_return co_await receive_form(services, exchange, std::move(tenant), "source", check_field);
  }
  auto fields = co_await read_fields(exchange);
  if (!fields) co_return rt::pass(fields);
  co_return FormUpload{.upload = {}, .fields = std::move(*fields)};
}

}  // namespace

Answer create_asset(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto form = co_await read_any(services, exchange, principal.tenant);
  if (!form) co_return rt::pass(form);
  if (auto meant = check_meant(*form); !meant) co_return rt::pass(meant);
  const auto work = [&] { return create_from(services, exchange, principal, *form); };
  auto response = co_await once(services, exchange, principal, form->fingerprint(), work);
  if (form->upload) co_await drop_unused(services, *form->upload);
  co_return response;
}

}  // namespace millrace::handlers::assets
