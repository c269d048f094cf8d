#include "media/records/codec_import.h"

#include "media/media.pb.h"
#include "media/records/codec_wire.h"

namespace millrace::media {
namespace {

using namespace wire;

void write_file(const ImportFile& file, record::ImportFile& out) {
  out.set_url(file.url);
  out.set_name(file.name);
  out.set_file_name(file.file_name);
  out.set_is_named(file.is_named);
  out.set_language(file.language);
  out.set_status(number_of(file.status));
  for (const std::string& error : file.errors) out.add_errors(error);
  out.set_upload_id(file.upload_id);
  out.set_media_id(file.media_id);
  if (file.size_bytes) out.set_size_bytes(*file.size_bytes);
  out.set_bytes_received(file.bytes_received);
  out.set_attempt(file.attempt);
  out.set_validator(file.validator);
  out.set_content_type(file.content_type);
  out.set_job_id(file.job_id);
  out.set_is_page(file.is_page);
}

rt::Status read_file(const record::ImportFile& in, ImportFile& out) {
  out = {.url = in.url(),
         .name = in.name(),
         .file_name = in.file_name(),
         .is_named = in.is_named(),
         .language = in.language(),
         .errors = {in.errors().begin(), in.errors().end()},
         .upload_id = in.upload_id(),
         .media_id = in.media_id(),
         .bytes_received = in.bytes_received(),
         .attempt = in.attempt(),
         .validator = in.validator(),
         .content_type = in.content_type(),
         .job_id = in.job_id(),
         .is_page = in.is_page()};
  if (in.has_size_bytes()) out.size_bytes = in.size_bytes();
  if (!read_enum(in.status(), ImportStatus::kCancelled, out.status)) return unknown_enum("import status");
  return {};
}

}  // namespace

std::string encode(const Import& import) {
  record::Import out;
  out.set_id(import.id);
  out.set_tenant(import.tenant);
  out.set_channel_id(import.channel_id);
  for (const ImportFile& file : import.files) write_file(file, *out.add_files());
  out.set_created_ms(import.created_ms);
  out.set_updated_ms(import.updated_ms);
  return bytes_of(out);
}

rt::Result<Import> decode_import(const store::Record& record) {
  auto in = parse<record::Import>(record.value, "import");
  if (!in) return rt::pass(in);
  Import import{.id = in->id(),
                .tenant = in->tenant(),
                .channel_id = in->channel_id(),
                .files = {},
                .created_ms = in->created_ms(),
                .updated_ms = in->updated_ms(),
                .revision = record.revision};
  for (const auto& each : in->files()) {
    auto read = read_file(each, import.files.emplace_back());
    if (!read) return rt::pass(read);
  }
  return import;
}

}  // namespace millrace::media
