// The door to protobuf of this layer.
#include "media/records/codec.h"

#include "media/media.pb.h"
#include "media/records/codec_wire.h"

namespace millrace::media {
namespace {

using namespace wire;

template <class Repeated>
std::vector<std::string> read_texts(const Repeated& texts) {
  return {texts.begin(), texts.end()};
}

void write_details(const Details& details, record::Details& out) {
  out.set_folder(details.folder);
  out.set_description(details.description);
  out.set_passthrough(details.passthrough);
  for (const auto& tag : details.tags) out.add_tags(tag);
  out.set_policy(number_of(details.policy));
  out.set_origin(number_of(details.origin));
}

rt::Status read_details(const record::Details& in, Details& out) {
  out.folder = in.folder();
  out.description = in.description();
  out.passthrough = in.passthrough();
  out.tags = read_texts(in.tags());
  if (!read_enum(in.policy(), PlaybackPolicy::kSigned, out.policy)) return unknown_enum("playback policy");
  if (!read_enum(in.origin(), Origin::kConsole, out.origin)) return unknown_enum("origin");
  return {};
}

void write_track(const Track& track, record::Track& out) {
  out.set_index(track.index);
  out.set_kind(track.kind);
  out.set_codec(track.codec);
  out.set_profile(track.profile);
  out.set_language(track.language);
  out.set_duration_ms(track.duration_ms);
  out.set_bits_per_second(track.bits_per_second);
  out.set_width(track.width);
  out.set_height(track.height);
  out.set_rotation_degrees(track.rotation_degrees);
  out.set_frames_per_second(track.frames_per_second);
  out.set_pixel_format(track.pixel_format);
  out.set_color_transfer(track.color_transfer);
  out.set_channels(track.channels);
  out.set_samples_per_second(track.samples_per_second);
  out.set_still_picture(track.still_picture);
}

Track read_track(const record::Track& in) {
  return {.index = in.index(),
          .kind = in.kind(),
          .codec = in.codec(),
          .profile = in.profile(),
          .language = in.language(),
          .duration_ms = in.duration_ms(),
          .bits_per_second = in.bits_per_second(),
          .width = in.width(),
          .height = in.height(),
          .rotation_degrees = in.rotation_degrees(),
          .frames_per_second = in.frames_per_second(),
          .pixel_format = in.pixel_format(),
          .color_transfer = in.color_transfer(),
          .channels = in.channels(),
          .samples_per_second = in.samples_per_second(),
          .still_picture = in.still_picture()};
}

void write_probe(const ProbeResult& probe, record::ProbeResult& out) {
  out.set_container(probe.container);
  out.set_duration_ms(probe.duration_ms);
  out.set_bits_per_second(probe.bits_per_second);
  out.set_width(probe.width);
  out.set_height(probe.height);
  out.set_frames_per_second(probe.frames_per_second);
  out.set_video_codec(probe.video_codec);
  out.set_audio_codec(probe.audio_codec);
  for (const Track& track : probe.tracks) write_track(track, *out.add_tracks());
}

ProbeResult read_probe(const record::ProbeResult& in) {
  ProbeResult probe{.container = in.container(),
                    .duration_ms = in.duration_ms(),
                    .bits_per_second = in.bits_per_second(),
                    .width = in.width(),
                    .height = in.height(),
                    .frames_per_second = in.frames_per_second(),
                    .video_codec = in.video_codec(),
                    .audio_codec = in.audio_codec(),
                    .tracks = {}};
  for (const auto& track : in.tracks()) probe.tracks.push_back(read_track(track));
  return probe;
}

}  // namespace

std::string encode(const Tenant& tenant) {
  record::Tenant out;
  out.set_id(tenant.id);
  out.set_name(tenant.name);
  out.set_default_channel_id(tenant.default_channel_id);
  out.set_duplicate_check(tenant.duplicate_check);
  out.set_upload_max_bytes(tenant.upload_max_bytes);
  out.set_upload_idle_seconds(tenant.upload_idle_seconds);
  out.set_created_ms(tenant.created_ms);
  out.set_quota_bytes(tenant.quota_bytes);
  out.set_encode_minutes_per_month(tenant.encode_minutes_per_month);
  return bytes_of(out);
}

rt::Result<Tenant> decode_tenant(std::string_view bytes) {
  auto in = parse<record::Tenant>(bytes, "tenant");
  if (!in) return rt::pass(in);
  return Tenant{.id = in->id(),
                .name = in->name(),
                .default_channel_id = in->default_channel_id(),
                .duplicate_check = in->duplicate_check(),
                .upload_max_bytes = in->upload_max_bytes(),
                .upload_idle_seconds = in->upload_idle_seconds(),
                .quota_bytes = in->quota_bytes(),
                .encode_minutes_per_month = in->encode_minutes_per_month(),
                .created_ms = in->created_ms()};
}

std::string encode(const StoredKey& stored) {
  record::ApiKey out;
  out.set_id(stored.key.id);
  out.set_tenant(stored.key.tenant);
  out.set_name(stored.key.name);
  out.set_prefix(stored.key.prefix);
  out.set_access_key_id(stored.key.access_key_id);
  out.set_scopes(stored.key.scopes);
  out.set_created_ms(stored.key.created_ms);
  out.set_bearer_sha256(stored.bearer_sha256);
  return bytes_of(out);
}

rt::Result<StoredKey> decode_key(std::string_view bytes) {
  auto in = parse<record::ApiKey>(bytes, "key");
  if (!in) return rt::pass(in);
  if (in->bearer_sha256().size() != 32) return rt::fail(rt::Code::kDamaged, "a key's hash has a wrong size");
  return StoredKey{.key = {.id = in->id(),
                           .tenant = in->tenant(),
                           .name = in->name(),
                           .prefix = in->prefix(),
                           .access_key_id = in->access_key_id(),
                           .scopes = in->scopes(),
                           .created_ms = in->created_ms()},
                   .bearer_sha256 = in->bearer_sha256()};
}

std::string encode(const Channel& channel) {
  record::Channel out;
  out.set_id(channel.id);
  out.set_tenant(channel.tenant);
  out.set_title(channel.title);
  out.set_is_default(channel.is_default);
  out.set_created_ms(channel.created_ms);
  return bytes_of(out);
}

rt::Result<Channel> decode_channel(std::string_view bytes) {
  auto in = parse<record::Channel>(bytes, "channel");
  if (!in) return rt::pass(in);
  return Channel{.id = in->id(),
                 .tenant = in->tenant(),
                 .title = in->title(),
                 .is_default = in->is_default(),
                 .created_ms = in->created_ms()};
}

std::string encode(const Upload& upload) {
  record::Upload out;
  out.set_id(upload.id);
  out.set_tenant(upload.tenant);
  out.set_state(number_of(upload.state));
  out.set_type(number_of(upload.type));
  out.set_file_name(upload.file_name);
  out.set_content_type(upload.content_type);
  if (upload.declared_bytes) out.set_declared_bytes(*upload.declared_bytes);
  out.set_channel_id(upload.channel_id);
  out.set_title(upload.title);
  for (const auto& language : upload.transcript_languages) out.add_transcript_languages(language);
  write_entries(upload.metadata, *out.mutable_metadata());
  out.set_created_ms(upload.created_ms);
  out.set_updated_ms(upload.updated_ms);
  out.set_expires_ms(upload.expires_ms);
  out.set_bytes_received(upload.bytes_received);
  out.set_whole(upload.whole);
  out.set_media_id(upload.media_id);
  out.set_duplicate_of(upload.duplicate_of);
  out.set_error(upload.error);
  out.set_etag(upload.etag);
  out.set_swept_ms(upload.swept_ms);
  if (upload.total_bytes) out.set_total_bytes(*upload.total_bytes);
  out.set_completes_itself(upload.completes_itself);
  out.set_is_piece(upload.is_piece);
  out.set_joined_into(upload.joined_into);
  for (const auto& piece : upload.pieces) out.add_pieces(piece);
  write_details(upload.details, *out.mutable_details());
  for (const UploadPart& part : upload.parts) {
    auto* to = out.add_parts();
    write_object(part.object, *to->mutable_object());
    to->set_size_bytes(part.size_bytes);
    to->set_crc64nvme(part.crc64nvme);
  }
  return bytes_of(out);
}

rt::Result<Upload> decode_upload(const store::Record& record) {
  auto in = parse<record::Upload>(record.value, "upload");
  if (!in) return rt::pass(in);
  Upload upload{.id = in->id(),
                .tenant = in->tenant(),
                .file_name = in->file_name(),
                .content_type = in->content_type(),
                .declared_bytes = {},
                .channel_id = in->channel_id(),
                .title = in->title(),
                .transcript_languages = read_texts(in->transcript_languages()),
                .metadata = read_entries(in->metadata()),
                .created_ms = in->created_ms(),
                .updated_ms = in->updated_ms(),
                .expires_ms = in->expires_ms(),
                .bytes_received = in->bytes_received(),
                .total_bytes = {},
                .whole = in->whole(),
                .media_id = in->media_id(),
                .duplicate_of = in->duplicate_of(),
                .error = in->error(),
                .etag = in->etag(),
                .parts = {},
                .completes_itself = in->completes_itself(),
                .is_piece = in->is_piece(),
                .joined_into = in->joined_into(),
                .pieces = read_texts(in->pieces()),
                .swept_ms = in->swept_ms(),
                .revision = record.revision};
  if (!read_enum(in->state(), UploadState::kExpired, upload.state)) return unknown_enum("upload state");
  if (!read_enum(in->type(), UploadType::kPhased, upload.type)) return unknown_enum("upload type");
  if (auto read = read_details(in->details(), upload.details); !read) return rt::pass(read);
  if (in->has_declared_bytes()) upload.declared_bytes = in->declared_bytes();
  if (in->has_total_bytes()) upload.total_bytes = in->total_bytes();
  for (const auto& part : in->parts())
    upload.parts.push_back({read_object(part.object()), part.size_bytes(), part.crc64nvme()});
  return upload;
}

std::string encode(const Media& media) {
  record::Media out;
  out.set_id(media.id);
  out.set_tenant(media.tenant);
  out.set_channel_id(media.channel_id);
  out.set_title(media.title);
  out.set_file_name(media.file_name);
  out.set_content_type(media.content_type);
  out.set_type(number_of(media.type));
  out.set_status(number_of(media.status));
  out.set_error(media.error);
  write_object(media.object, *out.mutable_object());
  out.set_size_bytes(media.size_bytes);
  out.set_crc64nvme(media.crc64nvme);
  write_probe(media.probe, *out.mutable_probe());
  for (const auto& language : media.transcript_languages) out.add_transcript_languages(language);
  write_entries(media.metadata, *out.mutable_metadata());
  out.set_upload_id(media.upload_id);
  out.set_created_ms(media.created_ms);
  out.set_updated_ms(media.updated_ms);
  out.set_deleted_ms(media.deleted_ms);
  out.set_status_before_delete(number_of(media.status_before_delete));
  out.set_stage(number_of(media.stage));
  out.set_progress_percent(media.progress_percent);
  out.set_encode_attempts(media.encode_attempts);
  out.set_job_id(media.job_id);
  out.set_reprocessing(media.reprocessing);
  out.set_was_ready(media.was_ready);
  write_details(media.details, *out.mutable_details());
  return bytes_of(out);
}

rt::Result<Media> decode_media(const store::Record& record) {
  auto in = parse<record::Media>(record.value, "media");
  if (!in) return rt::pass(in);
  Media media{.id = in->id(),
              .tenant = in->tenant(),
              .channel_id = in->channel_id(),
              .title = in->title(),
              .file_name = in->file_name(),
              .content_type = in->content_type(),
              .error = in->error(),
              .progress_percent = in->progress_percent(),
              .encode_attempts = in->encode_attempts(),
              .job_id = in->job_id(),
              .reprocessing = in->reprocessing(),
              .was_ready = in->was_ready(),
              .object = read_object(in->object()),
              .size_bytes = in->size_bytes(),
              .crc64nvme = in->crc64nvme(),
              .probe = read_probe(in->probe()),
              .transcript_languages = read_texts(in->transcript_languages()),
              .metadata = read_entries(in->metadata()),
              .upload_id = in->upload_id(),
              .created_ms = in->created_ms(),
              .updated_ms = in->updated_ms(),
              .deleted_ms = in->deleted_ms(),
              .revision = record.revision};
  if (!read_enum(in->type(), MediaType::kDocument, media.type)) return unknown_enum("media type");
  if (!read_enum(in->status(), MediaStatus::kSoftDeleted, media.status)) return unknown_enum("media status");
  if (!read_enum(in->stage(), Stage::kDone, media.stage)) return unknown_enum("stage of processing");
  if (!read_enum(in->status_before_delete(), MediaStatus::kSoftDeleted, media.status_before_delete)) {
    return unknown_enum("media status");
  }
  if (auto read = read_details(in->details(), media.details); !read) return rt::pass(read);
  return media;
}

std::string encode(const Job& job) {
  record::Job out;
  out.set_id(job.id);
  out.set_kind(job.kind);
  out.set_tenant(job.tenant);
  out.set_subject(job.subject);
  out.set_payload(job.payload);
  out.set_priority(number_of(job.priority));
  out.set_state(number_of(job.state));
  out.set_attempt(job.attempt);
  out.set_progress_percent(job.progress_percent);
  out.set_cancel_asked(job.cancel_asked);
  out.set_error(job.error);
  out.set_created_ms(job.created_ms);
  out.set_due_ms(job.due_ms);
  out.set_lease_until_ms(job.lease_until_ms);
  out.set_ended_ms(job.ended_ms);
  return bytes_of(out);
}

rt::Result<Job> decode_job(const store::Record& record) {
  auto in = parse<record::Job>(record.value, "job");
  if (!in) return rt::pass(in);
  Job job{.id = in->id(),
          .kind = in->kind(),
          .tenant = in->tenant(),
          .subject = in->subject(),
          .payload = in->payload(),
          .attempt = in->attempt(),
          .progress_percent = in->progress_percent(),
          .cancel_asked = in->cancel_asked(),
          .error = in->error(),
          .created_ms = in->created_ms(),
          .due_ms = in->due_ms(),
          .lease_until_ms = in->lease_until_ms(),
          .ended_ms = in->ended_ms(),
          .revision = record.revision};
  if (!read_enum(in->priority(), Priority::kLow, job.priority)) return unknown_enum("job priority");
  if (!read_enum(in->state(), JobState::kCancelled, job.state)) return unknown_enum("job state");
  return job;
}

}  // namespace millrace::media
