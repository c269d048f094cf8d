#include "server/app_limits.h"

#include <algorithm>

namespace millrace {
namespace {

using std::chrono::milliseconds;

// The table of keys has checked the ranges; where it allows more than fits, the most that fits is meant.
std::uint32_t u32(std::int64_t number) {
  return static_cast<std::uint32_t>(std::min<std::int64_t>(number, UINT32_MAX));
}
std::int32_t i32(std::int64_t number) { return static_cast<std::int32_t>(number); }
std::uint64_t u64(std::int64_t number) { return static_cast<std::uint64_t>(number); }

store::Options::DirectIo direct_io(const std::string& word) {
  if (word == "on") return store::Options::DirectIo::kOn;
  return word == "off" ? store::Options::DirectIo::kOff : store::Options::DirectIo::kAuto;
}

}  // namespace

store::Options store_options(const ops::Config& config) {
  const ops::Config::Store& from = config.store;
  store::Options options;
  options.directory = std::filesystem::absolute(from.directory);
  options.segment_bytes = u64(from.segment_bytes);
  options.chunk_min_bytes = u32(from.chunk_min_bytes);
  options.chunk_average_bytes = u32(from.chunk_average_bytes);
  options.chunk_max_bytes = u32(from.chunk_max_bytes);
  options.direct_io = direct_io(from.direct_io);
  options.reclaim_delay_seconds = u64(from.reclaim_delay_seconds);
  options.free_space_min_bytes = u64(from.free_space_min_bytes);
  options.scrub_bytes_per_second = u32(from.scrub_bytes_per_second);
  options.index_cache_bytes = u64(from.index_cache_bytes);
  options.share_across_domains = from.dedup_across_tenants;
  return options;
}

media::TenantDefaults tenant_defaults(const ops::Config& config) {
  media::TenantDefaults defaults;
  defaults.duplicate_check = config.media.duplicate_check;
  defaults.upload_idle_seconds = config.uploads.expire_seconds;
  defaults.upload_max_bytes = u64(config.uploads.size_bytes_max);
  defaults.quota_bytes = u64(config.limits.quota_bytes);
  defaults.encode_minutes_per_month = u64(config.limits.encode_minutes_per_month);
  defaults.encodes = config.media.renditions;
  return defaults;
}

handlers::Settings handler_settings(const ops::Config& config, const net::Networks& trusted) {
  handlers::Settings settings;
  settings.base_url = config.public_.base_url;
  settings.region = config.public_.region;
  settings.s3_hosts = config.public_.s3_hosts;
  settings.presign_seconds = config.uploads.presign_expire_seconds;
  settings.upload_bytes_max = u64(config.uploads.size_bytes_max);
  settings.cors_origins = config.cors.origins;
  settings.version = MILLRACE_VERSION;
  if (!trusted.empty()) settings.trusts = [trusted](std::string_view address) { return trusted.contains(address); };
  return settings;
}

media::DownloadLimits download_limits(const ops::Config& config) {
  media::DownloadLimits limits;
  limits.entries_max = u64(config.downloads.entries_max);
  limits.expire_seconds = config.downloads.expire_seconds;
  limits.expire_seconds_max = config.downloads.expire_seconds_max;
  limits.forget_seconds = config.downloads.forget_seconds;
  limits.nobodys_rate = {u32(config.downloads.anonymous_per_s), u32(config.downloads.anonymous_burst)};
  return limits;
}

media::Rate tenant_rate(const ops::Config& config) {
  return {u32(config.limits.requests_per_s), u32(config.limits.requests_burst)};
}

media::Rate bad_key_rate(const ops::Config& config) {
  return {u32(config.limits.bad_keys_per_s), u32(config.limits.bad_keys_burst)};
}

h1::Limits h1_limits(const ops::Config& config) {
  h1::Limits limits;
  limits.head_bytes = u64(config.http1.header_bytes_max);
  limits.idle_ms = milliseconds(config.http1.idle_ms);
  limits.head_ms = milliseconds(config.http1.header_ms);
  limits.body_stall_ms = milliseconds(config.http1.body_idle_ms);
  return limits;
}

h2::Limits h2_limits(const ops::Config& config) {
  const ops::Config::Http2& from = config.http2;
  h2::Limits limits;
  limits.streams_max = u32(from.streams_max);
  limits.header_bytes_max = u64(from.header_bytes_max);
  limits.stream_window_bytes = i32(from.stream_window_bytes);
  limits.body_window_bytes = i32(from.body_window_bytes);
  limits.stream_window_bytes_max = i32(from.stream_window_bytes_max);
  limits.connection_window_bytes = i32(from.connection_window_bytes);
  limits.idle_ms = milliseconds(from.idle_ms);
  limits.body_idle_ms = milliseconds(from.body_idle_ms);
  limits.response_idle_ms = milliseconds(from.response_idle_ms);
  limits.resets_burst = u32(from.resets_burst);
  limits.resets_per_s = u32(from.resets_per_s);
  limits.provoked_resets_burst = u32(from.provoked_resets_burst);
  limits.provoked_resets_per_s = u32(from.provoked_resets_per_s);
  limits.control_frames_burst = u32(from.control_frames_burst);
  limits.control_frames_per_s = u32(from.control_frames_per_s);
  return limits;
}

media::ImporterLimits importer_limits(const ops::Config& config) {
  const auto& imports = config.imports;
  return {.files_at_once = static_cast<std::uint32_t>(imports.files_max),
          .size_bytes_max = static_cast<std::uint64_t>(imports.size_bytes_max),
          .connect_ms = imports.connect_ms,
          .idle_ms = imports.idle_ms,
          .total_ms = imports.total_ms_max,
          .redirects_max = static_cast<std::uint32_t>(imports.redirects_max),
          .attempts_max = static_cast<std::uint32_t>(imports.attempts_max),
          .retry_first_ms = imports.retry_ms,
          .retry_max_ms = imports.retry_ms_max,
          .resolver = imports.resolver,
          .directory = std::filesystem::temp_directory_path()};
}

net::ListenerLimits listener_limits(const ops::Config& config) {
  net::ListenerLimits limits;
  limits.connections_max = u64(config.server.connections_max);
  limits.first_bytes_ms = milliseconds(config.server.first_bytes_ms);
  limits.handshake_ms = milliseconds(config.tls.handshake_ms);
  limits.proxy_header_ms = milliseconds(config.proxy.header_ms);
  limits.write_ms = milliseconds(config.server.write_idle_ms);
  return limits;
}

}  // namespace millrace
