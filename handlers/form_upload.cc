#include "handlers/form_upload.h"

#include <algorithm>

namespace millrace::handlers {
namespace {

using media::Upload;

struct FileSink {
  Services& services;
  http::Exchange& exchange;
  std::string tenant;
};

media::NewUpload announced(const http::FormPart& part) {
  media::NewUpload input;
  input.type = media::UploadType::kForm;
  input.file_name = *part.file_name;
  input.content_type = part.content_type;
  return input;
}

rt::Task<rt::Result<Upload>> receive_into(const FileSink& sink, Form& form, std::string id) {
  http::Body& body = sink.exchange.body;
  auto evict = [&body] { body.fail({rt::Code::kConflict, "the upload was ended meanwhile"}); };
  auto receiver = co_await sink.services.uploads.open_receiver(sink.tenant, std::move(id), 0, evict);
  if (!receiver) co_return rt::pass(receiver);
  auto poured = co_await pour(form, **receiver, sink.services.settings.upload_bytes_max);
  auto upload = co_await (*receiver)->finish(poured.has_value());
  if (!poured) co_return rt::pass(poured);
  co_return upload;
}

// A file input that was left empty sends a file without a name.
rt::Status check_file(const http::FormPart& part) {
  if (!part.file_name->empty()) return {};
  return rt::fail(rt::Code::kInvalid, part.name + " must be a file with a name", part.name);
}

rt::Task<rt::Status> receive_file(const FileSink& sink, Form& form, const http::FormPart& part, FormUpload& out) {
  auto good = check_file(part);
  if (!good) co_return good;
  auto created = co_await sink.services.uploads.create(sink.tenant, announced(part));
  if (!created && created.error().field == "fileName") created.error().field = part.name;
  if (!created) co_return rt::pass(created);
  out.upload = *created;
  auto received = co_await receive_into(sink, form, created->id);
  if (!received) co_return rt::pass(received);
  out.upload = std::move(*received);
  co_return rt::Status();
}

rt::Status take_field(const FileSink& sink, Form::Entry& entry, CheckField check, FormUpload& out) {
  const auto wanted = check(entry.part.name, entry.value);
  if (!wanted) return std::unexpected(wanted.error());
  if (!*wanted) return {};
  if (auto kept = keep_text(sink.exchange, entry); !kept) return kept;
  out.fields.emplace_back(entry.part.name, std::move(entry.value));
  return {};
}

rt::Task<rt::Status> receive_all(const FileSink& sink, Form& form, const std::string& file_field, CheckField check,
                                 FormUpload& out) {
  for (;;) {
    auto entry = co_await form.next();
    if (!entry) co_return rt::pass(entry);
    if (!*entry) co_return rt::Status();
    const http::FormPart& part = (*entry)->part;
    rt::Status taken;
    if (!(*entry)->is_file()) {
      taken = take_field(sink, **entry, check, out);
    } else if (part.name == file_field) {
      taken = co_await receive_file(sink, form, part, out);
    }
    if (!taken) co_return taken;
  }
}

}  // namespace

std::string FormUpload::fingerprint() const {
  http::Pairs sorted = fields;
  std::ranges::sort(sorted);
  std::string all = upload ? upload->file_name + "\n" + media::fingerprint_of(*upload) : "";
  for (const auto& [name, value] : sorted) all += "\n" + name + "=" + value;
  return all;
}

rt::Task<rt::Result<FormUpload>> receive_form(Services& services, http::Exchange& exchange, std::string tenant,
                                              std::string file_field, CheckField check) {
  auto form = Form::of(exchange);
  if (!form) co_return rt::pass(form);
  const FileSink sink{services, exchange, std::move(tenant)};
  FormUpload out;
  auto received = co_await receive_all(sink, *form, file_field, check, out);
  if (received) co_return out;
  const bool is_refused = !received.error().field.empty();
  if (out.upload && is_refused) co_await drop_unused(services, *out.upload);
  // What was cut off shows as failed to whoever watches the list.
  if (out.upload && !is_refused) co_await services.uploads.cancel(out.upload->tenant, out.upload->id);
  co_return rt::pass(received);
}

rt::Task<void> drop_unused(Services& services, const Upload& upload) {
  // Not possible when it was completed; a failure leaves it to expire.
  co_await services.uploads.discard(upload.tenant, upload.id);
}

rt::Task<rt::Status> pour(Form& form, media::Receiver& receiver, std::uint64_t end) {
  for (;;) {
    auto slice = co_await form.bytes();
    if (!slice) co_return rt::pass(slice);
    if (slice->empty()) co_return rt::Status();
    if (receiver.position() + slice->size() > end) {
      co_return rt::fail(rt::Code::kTooLarge, "the file is longer than " + std::to_string(end) + " bytes");
    }
    auto appended = co_await receiver.append(std::move(*slice));
    if (!appended) co_return appended;
  }
}

}  // namespace millrace::handlers
