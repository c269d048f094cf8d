#include "handlers/assets/transfer.h"

#include <memory>
#include <optional>

#include "handlers/assets/envelope.h"
#include "handlers/assets/finish.h"
#include "handlers/assets/phased.h"
#include "handlers/assets/views.h"
#include "handlers/form_upload.h"
#include "handlers/input.h"
#include "server/rt/text.h"

namespace millrace::handlers::assets {
namespace {

using media::Upload;

// What the form says, and what its chunk went into.
struct Chunk {
  std::string tenant;
  std::string id;
  http::Pairs fields = {};
  std::optional<Upload> before = {};  // as it was when the chunk began
  std::unique_ptr<media::Receiver> receiver = {};
};

std::unexpected<rt::Error> invalid(std::string message, std::string field) {
  return rt::fail(rt::Code::kInvalid, std::move(message), std::move(field));
}

rt::Error wrong_offset(std::uint64_t right) {
  return {rt::Code::kConflict, "go on from byte " + std::to_string(right), "start_offset"};
}

rt::Result<std::optional<std::uint64_t>> start_offset_of(const http::Pairs& fields) {
  const auto text = value_of(fields, "start_offset");
  if (!text) return std::nullopt;
  if (const auto offset = rt::whole_number<std::uint64_t>(*text)) return *offset;
  return invalid("start_offset must be a number of bytes", "start_offset");
}

// Each field as soon as it is there; those that may come after the chunk once more at the end.
rt::Status check_fields(const Chunk& chunk) {
  const auto phase = value_of(chunk.fields, "upload_phase");
  if (phase && *phase != "transfer" && *phase != "finish") {
    return invalid("upload_phase must be transfer or finish", "upload_phase");
  }
  const auto offset = start_offset_of(chunk.fields);
  if (!offset) return std::unexpected(offset.error());
  if (*offset && chunk.before && **offset != chunk.before->bytes_received) {
    return std::unexpected(wrong_offset(chunk.before->bytes_received));
  }
  return {};
}

rt::Status check_open(const Upload& upload) {
  if (is_open(upload)) return {};
  return rt::fail(rt::Code::kConflict, "the asset's upload is " + std::string(word(upload.state)));
}

rt::Task<rt::Status> take_name(Services& services, const Chunk& chunk) {
  const auto name = value_of(chunk.fields, "original_name");
  if (!name) co_return rt::Status();
  auto renamed = co_await services.uploads.rename(chunk.tenant, chunk.id, *name);
  if (!renamed && renamed.error().field == "fileName") renamed.error().field = "original_name";
  if (!renamed) co_return rt::pass(renamed);
  co_return rt::Status();
}

rt::Task<rt::Status> open(Services& services, http::Body& body, Chunk& chunk) {
  auto upload = co_await find_phased(services, chunk.tenant, chunk.id);
  if (upload) upload = co_await services.uploads.settle(chunk.tenant, chunk.id);
  if (!upload) co_return rt::pass(upload);
  if (auto open = check_open(*upload); !open) co_return open;
  chunk.before = std::move(*upload);
  if (auto good = check_fields(chunk); !good) co_return good;
  auto evict = [&body] { body.fail({rt::Code::kConflict, "a newer transfer of this asset took over"}); };
  auto receiver = co_await services.uploads.open_receiver(chunk.tenant, chunk.id, chunk.before->bytes_received, evict);
  if (!receiver) co_return rt::pass(receiver);
  chunk.receiver = std::move(*receiver);
  if (!value_of(chunk.fields, "start_offset")) chunk.receiver->hold_back();
  co_return rt::Status();
}

rt::Task<rt::Status> take_file(Services& services, http::Body& body, Form& form, Chunk& chunk) {
  auto opened = co_await open(services, body, chunk);
  if (!opened) co_return opened;
  const std::uint64_t end = chunk.before->declared_bytes.value_or(services.settings.upload_bytes_max);
  co_return co_await pour(form, *chunk.receiver, end);
}

bool is_wanted(std::string_view name) {
  return name == "upload_phase" || name == "start_offset" || name == "original_name";
}

rt::Status take_field(http::Exchange& exchange, Form::Entry& entry, Chunk& chunk) {
  if (!is_wanted(entry.part.name)) return {};
  if (auto kept = keep_text(exchange, entry); !kept) return kept;
  chunk.fields.emplace_back(entry.part.name, std::move(entry.value));
  return check_fields(chunk);
}

rt::Task<rt::Status> take_all(Services& services, http::Exchange& exchange, Form& form, Chunk& chunk) {
  for (;;) {
    auto entry = co_await form.next();
    if (!entry) co_return rt::pass(entry);
    if (!*entry) co_return rt::Status();
    rt::Status taken;
    if (!(*entry)->is_file()) {
      taken = take_field(exchange, **entry, chunk);
    } else if ((*entry)->part.name == "file_chunk") {
      taken = co_await take_file(services, exchange.body, form, chunk);
    }
    if (!taken) co_return taken;
  }
}

// Whether the form, seen whole, brought a chunk.
rt::Status check_transfer(const Chunk& chunk) {
  if (value_of(chunk.fields, "upload_phase") != "transfer") {
    return invalid("upload_phase must be transfer for a form with a file_chunk", "upload_phase");
  }
  return {};
}

rt::Task<rt::Result<Upload>> finish(Chunk& chunk, bool good) {
  media::Receiver& receiver = *chunk.receiver;
  const bool whole = receiver.position() == chunk.before->declared_bytes;
  if (good && !whole) return receiver.finish_piece();
  return receiver.finish(good);
}

http::Response tell_offsets(const Upload& upload, const rt::Error& error) {
  const Offsets next = next_offsets(upload);
  http::JsonWriter json;
  json.begin_object().member("message", error.message).key("errors").begin_object();
  json.key(error.field).begin_array().value(error.message).end_array().end_object();
  json.member("start_offset", next.start).member("end_offset", next.end).end_object();
  http::Response response = answer(409, json.text());
  response.fields.add("x-should-retry", "false");
  return response;
}

Answer explain(const Chunk& chunk, const rt::Error& error) {
  if (chunk.before && error.field == "start_offset") co_return tell_offsets(*chunk.before, error);
  co_return std::unexpected(error);
}

Answer transfer(Services& services, Chunk& chunk, rt::Status taken) {
  if (taken) taken = check_transfer(chunk);
  if (taken) taken = co_await take_name(services, chunk);
  auto upload = co_await finish(chunk, taken.has_value());
  if (!taken) co_return co_await explain(chunk, taken.error());
  if (!upload) co_return rt::pass(upload);
  co_return answer(200, offsets_view(*upload));
}

Answer answer_form(Services& services, http::Exchange& exchange, Chunk chunk) {
  auto form = Form::of(exchange);
  if (!form) co_return rt::pass(form);
  auto taken = co_await take_all(services, exchange, *form, chunk);
  if (chunk.receiver) co_return co_await transfer(services, chunk, std::move(taken));
  if (!taken) co_return co_await explain(chunk, taken.error());
  if (value_of(chunk.fields, "upload_phase") == "finish") {
    co_return co_await finish_asset(services, exchange.request, chunk.tenant, chunk.id);
  }
  co_return invalid("the file file_chunk is required", "file_chunk");
}

}  // namespace

Answer continue_asset(Services& services, http::Exchange& exchange, media::Principal principal) {
  const std::string id = exchange.params[0];
  if (is_form(exchange.request)) {
    co_return co_await answer_form(services, exchange, Chunk{.tenant = principal.tenant, .id = id});
  }
  const auto fields = co_await read_fields(exchange);
  if (!fields) co_return std::unexpected(fields.error());
  if (value_of(*fields, "upload_phase") == "finish") {
    co_return co_await finish_asset(services, exchange.request, principal.tenant, id);
  }
  co_return invalid("upload_phase must be finish, or transfer in a form with a file_chunk", "upload_phase");
}

}  // namespace millrace::handlers::assets
