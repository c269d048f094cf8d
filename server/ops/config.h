// The configuration as one value: a struct per section of the TOML file, every field with its default and its unit
// last in the name. Read once at start, before there is any thread, and constant from then on.
//
// The table of keys (config_keys.cc) drives parsing, validation, the environment and the documented conf/millrace.toml.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/rt/error.h"

namespace millrace::ops {

struct Config {
  struct Server {
    std::string listen = "127.0.0.1:8080";
    std::string tls_listen;
    std::int64_t loops = 0;
    std::int64_t io_threads = 8;
    std::int64_t backlog = 1024;
    std::int64_t connections_max = 50'000;
    std::int64_t first_bytes_ms = 30'000;
    std::int64_t write_idle_ms = 30'000;
    std::int64_t drain_ms = 20'000;
  } server;

  struct Tls {
    std::string certificate;
    std::string key;
    std::int64_t handshake_ms = 10'000;
  } tls;

  struct Http1 {
    std::int64_t header_bytes_max = 64 << 10;
    std::int64_t idle_ms = 75'000;
    std::int64_t header_ms = 15'000;
    std::int64_t body_idle_ms = 60'000;
  } http1;

  struct Http2 {
    std::int64_t streams_max = 256;
    std::int64_t header_bytes_max = 64 << 10;
    std::int64_t stream_window_bytes = 1 << 20;
    std::int64_t body_window_bytes = 32 << 20;
    std::int64_t stream_window_bytes_max = 64 << 20;
    std::int64_t connection_window_bytes = 256 << 20;
    std::int64_t idle_ms = 300'000;
    std::int64_t body_idle_ms = 60'000;
    std::int64_t response_idle_ms = 60'000;
    std::int64_t resets_burst = 200;
    std::int64_t resets_per_s = 33;
    std::int64_t provoked_resets_burst = 100;
    std::int64_t provoked_resets_per_s = 10;
    std::int64_t control_frames_burst = 1'000;
    std::int64_t control_frames_per_s = 200;
  } http2;

  struct Proxy {
    bool protocol = false;
    std::int64_t header_ms = 5'000;
    std::vector<std::string> trusted;
  } proxy;

  struct Store {
    std::string directory = "data";
    std::int64_t segment_bytes = 1 << 30;
    std::int64_t chunk_min_bytes = 256 << 10;
    std::int64_t chunk_average_bytes = 1 << 20;
    std::int64_t chunk_max_bytes = 4 << 20;
    std::string direct_io = "auto";
    std::int64_t reclaim_delay_seconds = 600;
    std::int64_t free_space_min_bytes = 256 << 20;
    std::int64_t scrub_bytes_per_second = 8 << 20;
    std::int64_t index_cache_bytes = 64 << 20;
    bool dedup_across_tenants = false;
  } store;

  struct Memory {
    std::int64_t budget_bytes = 256 << 20;
  } memory;

  struct Media {
    bool duplicate_check = false;
    bool jail = true;
    std::string ffprobe = "/usr/bin/ffprobe";
    std::int64_t jobs_max = 2;
    std::int64_t job_attempts_max = 5;
    bool renditions = true;
    bool transcripts = true;
    std::string transcript_language = "en";
    std::int64_t transcript_ms_max = 4ll * 3'600'000;
    std::string whisper;
    std::string whisper_model;
    std::string ffmpeg = "/usr/bin/ffmpeg";
    std::string pdftoppm = "/usr/bin/pdftoppm";
    std::vector<std::string> ladder_heights = {"1080", "720", "480", "240"};
    std::vector<std::string> codecs = {"h264"};
    std::string encode_preset = "veryfast";
    std::int64_t encode_threads = 0;
    std::int64_t encodes_max = 1;
    std::int64_t encode_ms_max = 12ll * 3'600'000;
    std::int64_t duration_ms_max = 24ll * 3'600'000;
    std::int64_t pixels_max = 100'000'000;
    std::int64_t nice = 10;
    std::string cgroup;
  } media;

  struct Uploads {
    std::int64_t expire_seconds = 7 * 24 * 3600;
    std::int64_t presign_expire_seconds = 7 * 24 * 3600;
    std::int64_t size_bytes_max = std::int64_t(5) << 40;
    std::int64_t sweep_seconds = 60;
  } uploads;

  struct Downloads {
    std::int64_t entries_max = 1'000;
    std::int64_t expire_seconds = 7 * 24 * 3600;
    std::int64_t expire_seconds_max = 365 * 24 * 3600;
    std::int64_t forget_seconds = 7 * 24 * 3600;
    std::int64_t anonymous_per_s = 1;
    std::int64_t anonymous_burst = 60;
  } downloads;

  struct Limits {
    std::int64_t quota_bytes = 0;
    std::int64_t encode_minutes_per_month = 0;
    std::int64_t requests_per_s = 0;
    std::int64_t requests_burst = 200;
    std::int64_t bad_keys_per_s = 20;
    std::int64_t bad_keys_burst = 1'000;
  } limits;

  struct Log {
    std::string format = "console";
    std::string level = "info";
    bool requests = true;
  } log;

  struct Cors {
    std::vector<std::string> origins;
  } cors;

  struct Outbound {
    std::vector<std::string> allow;
    std::string ca_file;
  } outbound;

  struct Imports {
    std::int64_t files_max = 4;
    std::int64_t files_per_import_max = 100;
    std::int64_t size_bytes_max = std::int64_t(5) << 40;
    std::int64_t connect_ms = 10'000;
    std::int64_t idle_ms = 60'000;
    std::int64_t total_ms_max = 24 * 3'600'000;
    std::int64_t redirects_max = 5;
    std::int64_t attempts_max = 8;
    std::int64_t retry_ms = 2'000;
    std::int64_t retry_ms_max = 600'000;
    std::string resolver;
  } imports;

  struct Events {
    std::int64_t keep_seconds = 7 * 24 * 3600;
    std::int64_t streams_max = 64;
  } events;

  struct Webhooks {
    std::int64_t retry_seconds = 24 * 3600;
    std::int64_t retry_first_ms = 5'000;
  } webhooks;

  struct Public {
    std::string base_url;
    std::string region = "us-east-1";
    std::vector<std::string> s3_hosts;
  } public_;
};

// Where a key's value lives; the alternative that is held is the key's type.
using Slot = std::variant<std::string*, std::int64_t*, bool*, std::vector<std::string>*>;

struct Key {
  std::string_view name;    // section.key
  Slot (*slot)(Config&);    //
  std::string_view unit;    // "bytes", "ms", "ADDRESS:PORT", "a|b|c" for a choice ...
  std::int64_t min = 0;     // for numbers
  std::int64_t max = 0;     //
  std::string_view reason;  // what it is for and why the default is what it is
  // What is wrong with a text (or each text of a list); empty when nothing is.
  std::string (*complaint)(std::string_view text) = nullptr;
};

const std::vector<Key>& config_keys();

// "NAME=value" entries, as in environ.
using Environment = std::vector<std::string>;

// Defaults, then the file (if one is named), then MILLRACE_SECTION_KEY from the environment. An error reads
// `file:line: section.key: what is wrong`.
rt::Result<Config> load_config(const std::optional<std::filesystem::path>& file, const Environment& environment);
// The same from text; `name` stands for the file in errors.
rt::Result<Config> parse_config(const std::string& toml, const std::string& name, const Environment& environment);

// Every key with unit, range, reason and default, as TOML: the text of conf/millrace.toml.
std::string documented_config();

}  // namespace millrace::ops
