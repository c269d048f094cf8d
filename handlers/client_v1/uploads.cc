#include "handlers/client_v1/uploads.h"

#include "handlers/client_v1/envelope.h"
#include "handlers/client_v1/views.h"
#include "handlers/form_upload.h"
#include "handlers/input.h"
#include "media/catalog/folder.h"

namespace millrace::handlers::client_v1 {
namespace {

using media::Media;
using media::Upload;

constexpr std::uint32_t kRecentUploads = 50;

rt::Result<bool> check_field(const std::string& name, const std::string& value) {
  if (name == "video") return rt::fail(rt::Code::kInvalid, "video must be a file", "video");
  if (name != "folder") return false;
  if (auto good = media::check_folder(value); !good) return rt::pass(good);
  return true;
}

rt::Status check_whole(const FormUpload& form) {
  if (!form.upload) return rt::fail(rt::Code::kInvalid, "the video field is required", "video");
  if (!value_of(form.fields, "folder")) return rt::fail(rt::Code::kInvalid, "the folder field is required", "folder");
  return {};
}

Answer complete(Services& services, const FormUpload& form) {
  if (auto whole = check_whole(form); !whole) co_return rt::pass(whole);
  media::CompleteUpload input;
  input.folder = *value_of(form.fields, "folder");
  auto completion = co_await services.uploads.complete(form.upload->tenant, form.upload->id, std::move(input));
  if (!completion) co_return rt::pass(completion);
  if (!completion->duplicate_of.empty()) {
    co_return rt::fail(rt::Code::kConflict, "video " + completion->duplicate_of + " has the same bytes already",
                       "video");
  }
  co_return accepted("Upload accepted and is now being processed.", accepted_view(completion->upload));
}

// What became of a completed upload; nothing when that was deleted.
rt::Task<rt::Result<std::optional<Media>>> made_of(Services& services, const Upload& upload) {
  if (upload.media_id.empty()) co_return std::nullopt;
  auto media = co_await services.catalog.get(upload.tenant, upload.media_id);
  if (!media && media.error().code == rt::Code::kNotFound) co_return std::nullopt;
  if (!media) co_return rt::pass(media);
  co_return std::move(*media);
}

}  // namespace

Answer upload_video(Services& services, http::Exchange& exchange, media::Principal principal) {
  if (!is_form(exchange.request)) {
    co_return rt::fail(rt::Code::kInvalid, "a multipart/form-data body with the file video is required", "video");
  }
  auto form = co_await receive_form(services, exchange, principal.tenant, "video", check_field);
  if (!form) co_return rt::pass(form);
  const auto work = [&] { return complete(services, *form); };
  auto response = co_await once(services, exchange, principal, form->fingerprint(), work);
  if (form->upload) co_await drop_unused(services, *form->upload);
  co_return response;
}

Answer list_uploads(Services& services, http::Exchange&, media::Principal principal) {
  auto page = co_await services.uploads.list(principal.tenant, {.per_page = kRecentUploads});
  if (!page) co_return rt::pass(page);
  http::JsonWriter rows;
  rows.begin_array();
  for (const Upload& upload : page->items) {
    auto made = co_await made_of(services, upload);
    if (!made) co_return rt::pass(made);
    rows.raw(upload_row(upload, status_of(upload, *made)));
  }
  rows.end_array();
  co_return success(rows.text());
}

Answer get_upload(Services& services, http::Exchange& exchange, media::Principal principal) {
  auto upload = co_await services.uploads.get(principal.tenant, exchange.params[0]);
  if (!upload) co_return rt::pass(upload);
  auto made = co_await made_of(services, *upload);
  if (!made) co_return rt::pass(made);
  co_return success(upload_view(*upload, status_of(*upload, *made)));
}

}  // namespace millrace::handlers::client_v1
