#include "media/records/codec_rendition.h"

#include "media/media.pb.h"
#include "media/records/codec_wire.h"

namespace millrace::media {

using namespace wire;

std::string encode(const Rendition& rendition) {
  record::Rendition out;
  out.set_id(rendition.id);
  out.set_tenant(rendition.tenant);
  out.set_media_id(rendition.media_id);
  out.set_kind(number_of(rendition.kind));
  out.set_name(rendition.name);
  out.set_width(rendition.width);
  out.set_height(rendition.height);
  out.set_bits_per_second(rendition.bits_per_second);
  out.set_frames_per_second(rendition.frames_per_second);
  out.set_codec(rendition.codec);
  out.set_content_type(rendition.content_type);
  out.set_extension(rendition.extension);
  write_object(rendition.object, *out.mutable_object());
  out.set_size_bytes(rendition.size_bytes);
  out.set_duration_ms(rendition.duration_ms);
  out.set_header_bytes(rendition.header_bytes);
  for (const Segment& segment : rendition.segments) {
    auto* to = out.add_segments();
    to->set_offset(segment.offset);
    to->set_length(segment.length);
    to->set_duration_ms(segment.duration_ms);
  }
  out.set_created_ms(rendition.created_ms);
  return bytes_of(out);
}

rt::Result<Rendition> decode_rendition(const store::Record& record) {
  auto in = parse<record::Rendition>(record.value, "rendition");
  if (!in) return rt::pass(in);
  Rendition rendition{.id = in->id(),
                      .tenant = in->tenant(),
                      .media_id = in->media_id(),
                      .name = in->name(),
                      .width = in->width(),
                      .height = in->height(),
                      .bits_per_second = in->bits_per_second(),
                      .frames_per_second = in->frames_per_second(),
                      .codec = in->codec(),
                      .content_type = in->content_type(),
                      .extension = in->extension(),
                      .object = read_object(in->object()),
                      .size_bytes = in->size_bytes(),
                      .duration_ms = in->duration_ms(),
                      .header_bytes = in->header_bytes(),
                      .segments = {},
                      .created_ms = in->created_ms(),
                      .revision = record.revision};
  for (const auto& segment : in->segments()) {
    rendition.segments.push_back({segment.offset(), segment.length(), segment.duration_ms()});
  }
  if (!read_enum(in->kind(), RenditionKind::kTrack, rendition.kind)) return unknown_enum("kind of rendition");
  return rendition;
}

}  // namespace millrace::media
