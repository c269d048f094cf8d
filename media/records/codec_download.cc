#include "media/records/codec_download.h"

#include "media/media.pb.h"
#include "media/records/codec_wire.h"

namespace millrace::media {

using namespace wire;

namespace {

void write_item(const DownloadItem& item, record::DownloadItem& out) {
  out.set_name(item.name);
  write_object(item.object, *out.mutable_object());
  out.set_offset(item.offset);
  out.set_stored_bytes(item.stored_bytes);
  out.set_size_bytes(item.size_bytes);
  out.set_crc32(item.crc32);
  out.set_modified_ms(item.modified_ms);
  out.set_deflated(item.deflated);
  out.set_held(item.held);
}

DownloadItem read_item(const record::DownloadItem& in) {
  return {.name = in.name(),
          .object = read_object(in.object()),
          .offset = in.offset(),
          .stored_bytes = in.stored_bytes(),
          .size_bytes = in.size_bytes(),
          .crc32 = in.crc32(),
          .modified_ms = in.modified_ms(),
          .deflated = in.deflated(),
          .held = in.held()};
}

}  // namespace

std::string encode(const Download& download) {
  record::Download out;
  out.set_id(download.id);
  out.set_tenant(download.tenant);
  out.set_file_id(download.file_id);
  out.set_title(download.title);
  out.set_description(download.description);
  out.set_status(number_of(download.status));
  out.set_message(download.message);
  out.set_compressed(download.compressed);
  out.set_of_nobody(download.of_nobody);
  out.set_file_name(download.file_name);
  out.set_content_type(download.content_type);
  out.set_etag(download.etag);
  out.set_size_bytes(download.size_bytes);
  for (const DownloadItem& item : download.items) write_item(item, *out.add_items());
  if (download.texts) write_object(*download.texts, *out.mutable_texts());
  out.set_texts_bytes(download.texts_bytes);
  out.set_created_ms(download.created_ms);
  out.set_expires_ms(download.expires_ms);
  out.set_forgotten_ms(download.forgotten_ms);
  return bytes_of(out);
}

rt::Result<Download> decode_download(const store::Record& record) {
  auto in = parse<record::Download>(record.value, "download");
  if (!in) return rt::pass(in);
  Download download{.id = in->id(),
                    .tenant = in->tenant(),
                    .file_id = in->file_id(),
                    .title = in->title(),
                    .description = in->description(),
                    .message = in->message(),
                    .compressed = in->compressed(),
                    .of_nobody = in->of_nobody(),
                    .file_name = in->file_name(),
                    .content_type = in->content_type(),
                    .etag = in->etag(),
                    .size_bytes = in->size_bytes(),
                    .items = {},
                    .texts = {},
                    .texts_bytes = in->texts_bytes(),
                    .created_ms = in->created_ms(),
                    .expires_ms = in->expires_ms(),
                    .forgotten_ms = in->forgotten_ms(),
                    .revision = record.revision};
  for (const auto& item : in->items()) download.items.push_back(read_item(item));
  if (in->has_texts()) download.texts = read_object(in->texts());
  if (!read_enum(in->status(), DownloadStatus::kFailed, download.status)) return unknown_enum("status of a download");
  return download;
}

std::string encode(const Hold& hold) {
  record::Hold out;
  write_object(hold.object, *out.mutable_object());
  out.set_tenant(hold.tenant);
  out.set_size_bytes(hold.size_bytes);
  out.set_downloads(hold.downloads);
  out.set_orphan(hold.orphan);
  return bytes_of(out);
}

rt::Result<Hold> decode_hold(const store::Record& record) {
  auto in = parse<record::Hold>(record.value, "hold");
  if (!in) return rt::pass(in);
  return Hold{.object = read_object(in->object()),
              .tenant = in->tenant(),
              .size_bytes = in->size_bytes(),
              .downloads = in->downloads(),
              .orphan = in->orphan(),
              .revision = record.revision};
}

}  // namespace millrace::media
