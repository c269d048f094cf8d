// The table of configuration keys. Adding a key means a field in config.h and a row here; conf/millrace.toml is printed
// from it by `millrace config` and held equal by a test.
#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "server/ops/config.h"

namespace millrace::ops {
namespace {

constexpr std::int64_t kKiB = 1 << 10;
constexpr std::int64_t kMiB = 1 << 20;
constexpr std::int64_t kGiB = 1 << 30;
constexpr std::int64_t kDaySeconds = 24 * 3600;
constexpr std::int64_t kHourMs = 3'600'000;

bool is_number(std::string_view text, unsigned max) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value <= max;
}

bool is_ip(std::string_view text, int family) {
  unsigned char address[16];
  return inet_pton(family, std::string(text).c_str(), address) == 1;
}

std::string address_complaint(std::string_view text) {
  constexpr const char* kForm = "is not ADDRESS:PORT (an IPv6 address in brackets)";
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !is_number(text.substr(colon + 1), 65535)) return kForm;
  const std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    return is_ip(host.substr(1, host.size() - 2), AF_INET6) ? "" : kForm;
  }
  return is_ip(host, AF_INET) ? "" : kForm;
}

std::string optional_address_complaint(std::string_view text) { return text.empty() ? "" : address_complaint(text); }

std::string cidr_complaint(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view address = text.substr(0, slash);
  const bool v4 = is_ip(address, AF_INET);
  if (!v4 && !is_ip(address, AF_INET6)) return "is not an address or a network in CIDR form";
  if (slash == std::string_view::npos || is_number(text.substr(slash + 1), v4 ? 32 : 128)) return "";
  return "has a prefix length out of range";
}

std::string origin_complaint(std::string_view text) {
  if (text == "*") return "";
  const bool scheme = text.starts_with("https://") || text.starts_with("http://");
  return scheme && text.find('/', text.find("//") + 2) == std::string_view::npos
             ? ""
             : "is not an origin (scheme://host[:port], or *)";
}

std::string base_url_complaint(std::string_view text) {
  if (text.empty()) return "";
  return origin_complaint(text).empty() && text != "*" ? "" : "is not scheme://host[:port]";
}

std::string name_complaint(std::string_view text) {
  const auto sane = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-'; };
  return !text.empty() && std::ranges::all_of(text, sane) ? "" : "may hold letters, digits and dashes only";
}

std::string host_complaint(std::string_view text) {
  const auto sane = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.'; };
  return !text.empty() && std::ranges::all_of(text, sane) ? "" : "is not a host name (without a port)";
}

std::string absolute_path_complaint(std::string_view text) {
  return text.starts_with('/') ? "" : "is not an absolute path";
}

std::string optional_path_complaint(std::string_view text) { return text.empty() ? "" : absolute_path_complaint(text); }

std::string pixels_complaint(std::string_view text) {
  return is_number(text, 8192) && !text.starts_with('0') ? "" : "is not a number of pixels from 1 to 8192";
}

std::string codec_complaint(std::string_view text) {
  return text == "h264" || text == "av1" || text == "hevc" ? "" : "is not h264, av1 or hevc";
}

std::string nonempty_complaint(std::string_view text) { return text.empty() ? "may not be empty" : ""; }

}  // namespace

// The name and the place of a key, written once.
#define MILLRACE_KEY(member) #member, [](Config& config) -> Slot { return &config.member; }

const std::vector<Key>& config_keys() {
  static const std::vector<Key> keys = {
      {MILLRACE_KEY(server.listen), "ADDRESS:PORT", 0, 0,
       "Clear text: HTTP/2 by prior knowledge and HTTP/1.1 on one port; port 0 takes a free one. Loopback until told "
       "otherwise, because keys travel in clear text here.",
       address_complaint},
      {MILLRACE_KEY(server.tls_listen), "ADDRESS:PORT", 0, 0,
       "TLS 1.2 and newer, h2 or http/1.1 by ALPN. Empty: no TLS listener.", optional_address_complaint},
      {MILLRACE_KEY(server.loops), "threads", 0, 256,
       "Event loops, each with its own listening sockets. 0: one per core."},
      {MILLRACE_KEY(server.io_threads), "threads", 1, 256,
       "Threads for work that blocks on the disk. More than cores, because they mostly wait."},
      {MILLRACE_KEY(server.backlog), "connections", 1, 65535,
       "Connections the kernel holds for each listening socket before it refuses; bursts need room."},
      {MILLRACE_KEY(server.connections_max), "connections", 1, 10'000'000,
       "Connections open at once; further ones are closed at once. Bounds the memory that idle peers can take."},
      {MILLRACE_KEY(server.first_bytes_ms), "ms", 100, kHourMs,
       "A connection that says nothing for so long after it was opened is closed."},
      {MILLRACE_KEY(server.write_idle_ms), "ms", 100, kHourMs,
       "A peer that takes no byte of a response for so long is dropped."},
      {MILLRACE_KEY(server.drain_ms), "ms", 0, kHourMs,
       "On SIGTERM what runs may go on for so long; then it is cut. Below the 30 s or more of service managers."},

      {MILLRACE_KEY(tls.certificate), "file", 0, 0,
       "Certificate chain in PEM, read again on SIGHUP. Empty (with an empty key): a self-signed one is made in the "
       "tls folder of the data directory, for development."},
      {MILLRACE_KEY(tls.key), "file", 0, 0, "Private key of the certificate in PEM."},
      {MILLRACE_KEY(tls.handshake_ms), "ms", 100, kHourMs, "A handshake must be done within this."},

      {MILLRACE_KEY(http1.header_bytes_max), "bytes", kKiB, 16 * kMiB,
       "Request line and header fields together; beyond it 431."},
      {MILLRACE_KEY(http1.idle_ms), "ms", 100, 24 * kHourMs,
       "A kept-alive connection without a request is closed after this; longer than the 60 s that proxies keep "
       "theirs."},
      {MILLRACE_KEY(http1.header_ms), "ms", 100, kHourMs,
       "A request's header must be complete within this, else 408: a slow header is an attack or a dead peer."},
      {MILLRACE_KEY(http1.body_idle_ms), "ms", 100, kHourMs,
       "A body that brings no byte for so long ends with 408; what arrived of an upload is kept."},

      {MILLRACE_KEY(http2.streams_max), "streams", 1, 100'000,
       "Streams open at once on a connection. Enough for any client, few enough to bound a connection's memory."},
      {MILLRACE_KEY(http2.header_bytes_max), "bytes", kKiB, 16 * kMiB,
       "Header fields of one request, uncompressed, CONTINUATION frames included."},
      {MILLRACE_KEY(http2.stream_window_bytes), "bytes", 65535, 1 * kGiB, "First receive window of a stream."},
      {MILLRACE_KEY(http2.body_window_bytes), "bytes", 65535, 1 * kGiB,
       "What a stream gets at once for a body that is announced as larger, or without a length; a loop's streams share "
       "a "
       "quarter of memory.budget_bytes for it. It grows with the measured bandwidth-delay product."},
      {MILLRACE_KEY(http2.stream_window_bytes_max), "bytes", 65535, 1 * kGiB,
       "How far the window of a stream may grow; 64 MiB fill 5 Gbit/s over 100 ms."},
      {MILLRACE_KEY(http2.connection_window_bytes), "bytes", 65535, 1 * kGiB,
       "Receive window of a connection, given back on arrival: it bounds what is on the way on all its streams."},
      {MILLRACE_KEY(http2.idle_ms), "ms", 100, 24 * kHourMs,
       "A connection without a stream is closed after this, with GOAWAY. Browsers and pools keep theirs some minutes."},
      {MILLRACE_KEY(http2.body_idle_ms), "ms", 100, kHourMs,
       "A body that brings nearly nothing for so long ends with 408; what arrived of an upload is kept."},
      {MILLRACE_KEY(http2.response_idle_ms), "ms", 100, kHourMs,
       "A response whose peer opens no window for so long is given up."},
      {MILLRACE_KEY(http2.resets_burst), "resets", 1, 1'000'000,
       "Streams a peer may reset at once before the connection ends with ENHANCE_YOUR_CALM; browsers cancel in "
       "bursts."},
      {MILLRACE_KEY(http2.resets_per_s), "resets/s", 1, 1'000'000,
       "The same over time: no person cancels more than this for long."},
      {MILLRACE_KEY(http2.provoked_resets_burst), "resets", 1, 1'000'000,
       "Streams a peer may make us reset at once by its errors."},
      {MILLRACE_KEY(http2.provoked_resets_per_s), "resets/s", 1, 1'000'000,
       "The same over time; a sound client makes none."},
      {MILLRACE_KEY(http2.control_frames_burst), "frames", 1, 1'000'000,
       "PING, SETTINGS, PRIORITY and empty DATA frames a peer may send at once."},
      {MILLRACE_KEY(http2.control_frames_per_s), "frames/s", 1, 1'000'000,
       "The same over time; keep-alive pings need one in many seconds."},

      {MILLRACE_KEY(proxy.protocol), "true|false", 0, 0,
       "Expect PROXY protocol v1 or v2 at the start of connections from trusted proxies."},
      {MILLRACE_KEY(proxy.header_ms), "ms", 100, kHourMs, "The PROXY header must be complete within this."},
      {MILLRACE_KEY(proxy.trusted), "networks", 0, 0,
       "Proxies whose PROXY protocol, Forwarded and X-Forwarded-* are believed. Nobody until told otherwise, because "
       "anybody can send these.",
       cidr_complaint},

      {MILLRACE_KEY(store.directory), "directory", 0, 0,
       "All data: segments, index, keys. `--data` names it on the command line.", nonempty_complaint},
      {MILLRACE_KEY(store.segment_bytes), "bytes", 64 * kMiB, 64 * kGiB,
       "Size at which a segment file is closed. Large enough that there are few, small enough to compact one."},
      {MILLRACE_KEY(store.chunk_min_bytes), "bytes", 64 * kKiB, 64 * kMiB,
       "No chunk is shorter, but at the end of a stream. Fixed when the store is made."},
      {MILLRACE_KEY(store.chunk_average_bytes), "bytes", 64 * kKiB, 64 * kMiB,
       "Chunks are about this long. Smaller finds more duplicates and costs more index; media repeats in long runs."},
      {MILLRACE_KEY(store.chunk_max_bytes), "bytes", 64 * kKiB, 64 * kMiB,
       "No chunk is longer: the most that one upload holds in memory."},
      {MILLRACE_KEY(store.direct_io), "auto|on|off", 0, 0,
       "Write segments past the page cache: a fifth of the processor time. auto: where the file system can."},
      {MILLRACE_KEY(store.reclaim_delay_seconds), "seconds", 0, 365 * kDaySeconds,
       "How long unreferenced chunks stay before their space is given back; a repeated upload finds them meanwhile."},
      {MILLRACE_KEY(store.free_space_min_bytes), "bytes", 0, 1024 * kGiB,
       "Writes get 507 when less than this is free, so that the index can always be written."},
      {MILLRACE_KEY(store.scrub_bytes_per_second), "bytes/s", 0, 100 * kGiB,
       "How fast stored chunks are read again in the background to find damage. 0: never."},
      {MILLRACE_KEY(store.index_cache_bytes), "bytes", kMiB, 256 * kGiB, "Memory for blocks of the index."},
      {MILLRACE_KEY(store.dedup_across_tenants), "true|false", 0, 0,
       "Share equal chunks between tenants. Off, because the time an upload takes then tells what others have stored."},

      {MILLRACE_KEY(memory.budget_bytes), "bytes", 64 * kMiB, 1024 * kGiB,
       "All receive and write buffers together. Under pressure uploads slow down and chunks are cut early; none "
       "fails. Requests whose text must be kept (JSON, XML, forms) get 503 beyond a quarter of it."},

      {MILLRACE_KEY(media.duplicate_check), "true|false", 0, 0,
       "For tenants made from now on: completing an upload of bytes the tenant has already is 409. Off, because not "
       "every client expects it."},
      {MILLRACE_KEY(media.jail), "true|false", 0, 0,
       "Run media tools in a jail: no network, their own folder only. Uploads are hostile input; off only on a host "
       "that cannot."},
      {MILLRACE_KEY(media.ffprobe), "file", 0, 0, "The ffprobe to run, by its absolute path.", absolute_path_complaint},
      {MILLRACE_KEY(media.jobs_max), "jobs", 1, 1024,
       "Probes that run at once, and thumbnails, and packagings, so many of each. Few, so that ingest stays quick."},
      {MILLRACE_KEY(media.job_attempts_max), "attempts", 1, 100,
       "Attempts of a job before it has failed; only failures that may pass are tried again."},
      {MILLRACE_KEY(media.renditions), "true|false", 0, 0,
       "Make thumbnails and renditions of what comes in. Off, a media is ready once it is probed."},
      {MILLRACE_KEY(media.transcripts), "true|false", 0, 0, "Write down what is said in media with sound."},
      {MILLRACE_KEY(media.transcript_language), "language", 0, 0,
       "The language of media that ask for none. English needs nothing else; others need whisper.cpp.",
       nonempty_complaint},
      {MILLRACE_KEY(media.transcript_ms_max), "ms", 1'000, 7 * 24 * kHourMs,
       "Longer sound is not transcribed: hearing takes about as long as the sound itself."},
      {MILLRACE_KEY(media.whisper), "file", 0, 0,
       "whisper.cpp's program (whisper-cli, or main of older ones), by its absolute path; the jail shows it its own "
       "folder. Empty: pocketsphinx alone, which hears English.",
       optional_path_complaint},
      {MILLRACE_KEY(media.whisper_model), "file", 0, 0,
       "The model for it, by its absolute path. One for English alone has .en in its name.", optional_path_complaint},
      {MILLRACE_KEY(media.ffmpeg), "file", 0, 0,
       "The ffmpeg to run, by its absolute path. HDR videos need its filters zscale and tonemap.",
       absolute_path_complaint},
      {MILLRACE_KEY(media.pdftoppm), "file", 0, 0, "What draws the first page of a PDF, by its absolute path.",
       absolute_path_complaint},
      {MILLRACE_KEY(media.ladder_heights), "pixels", 0, 0,
       "Heights of the renditions of a video (widths of one that stands upright). Those above the source's are left "
       "out; a source below all of them is kept at its own.",
       pixels_complaint},
      {MILLRACE_KEY(media.codecs), "codecs", 0, 0,
       "h264 plays everywhere and comes first; av1 and hevc add smaller files of every height for much more time.",
       codec_complaint},
      {MILLRACE_KEY(media.encode_preset), "ultrafast|superfast|veryfast|faster|fast|medium|slow", 0, 0,
       "How much time x264 spends to make files smaller."},
      {MILLRACE_KEY(media.encode_threads), "threads", 0, 64,
       "Threads of each encoder, and of whisper.cpp. 0: one per core, at most 8."},
      {MILLRACE_KEY(media.encodes_max), "jobs", 1, 64, "Encodes that run at once. Each can keep all cores busy."},
      {MILLRACE_KEY(media.encode_ms_max), "ms", 1'000, 30 * 24 * kHourMs,
       "The longest that one encode may take; shorter media get less."},
      {MILLRACE_KEY(media.duration_ms_max), "ms", 1'000, 30 * 24 * kHourMs, "Longer media are not taken."},
      {MILLRACE_KEY(media.pixels_max), "pixels", 1, std::int64_t(1) << 30,
       "Larger pictures and frames are not taken: their memory is what a small hostile file can claim."},
      {MILLRACE_KEY(media.nice), "nice", 0, 19, "How much the media tools stand back for the server; 0: not at all."},
      {MILLRACE_KEY(media.cgroup), "directory", 0, 0,
       "A cgroup v2 directory the server may write, that the media tools are put in: its limits hold for them. Empty: "
       "none."},

      {MILLRACE_KEY(uploads.expire_seconds), "seconds", 1, 365 * kDaySeconds,
       "For tenants made from now on: an open upload expires this long after its last byte, never by age "
       "alone."},
      {MILLRACE_KEY(uploads.presign_expire_seconds), "seconds", 60, 7 * kDaySeconds,
       "How long a presigned address can be used. As long as the protocol allows: phones sleep."},
      {MILLRACE_KEY(uploads.size_bytes_max), "bytes", 1, std::int64_t(1) << 50,
       "Largest upload; beyond it 413, through S3 EntityTooLarge."},
      {MILLRACE_KEY(uploads.sweep_seconds), "seconds", 1, kDaySeconds, "How often expired uploads are looked for."},

      {MILLRACE_KEY(downloads.entries_max), "files", 1, 20'000,
       "Files of one download: what creating it looks up and what its record names."},
      {MILLRACE_KEY(downloads.expire_seconds), "seconds", 1, 365 * kDaySeconds,
       "When a download expires that does not say. Until then its bytes are kept, also of media that are deleted."},
      {MILLRACE_KEY(downloads.expire_seconds_max), "seconds", 1, 3650 * kDaySeconds, "No download may ask for more."},
      {MILLRACE_KEY(downloads.forget_seconds), "seconds", 0, 365 * kDaySeconds,
       "How long an expired download is still told of (410), before nobody knows it any more (404)."},
      {MILLRACE_KEY(downloads.anonymous_per_s), "downloads/s", 0, 1'000'000,
       "Downloads of a public rendition that are made without a key for one address (one /64 of IPv6). 0: no limit."},
      {MILLRACE_KEY(downloads.anonymous_burst), "downloads", 1, 10'000'000,
       "The same at once: a school may have one address."},

      {MILLRACE_KEY(limits.quota_bytes), "bytes", 0, std::int64_t(1) << 60,
       "What a tenant may keep: files, objects and what has come of open uploads, as sent. Beyond it 402 (403 through "
       "S3, 413 through tus). For tenants without a quota of their own. 0: no limit."},
      {MILLRACE_KEY(limits.encode_minutes_per_month), "minutes", 0, 1'000'000'000,
       "Play time of video and sound that a tenant may have encoded in a calendar month (UTC), counted once however "
       "many "
       "heights are made of it. When it is used up, new video and sound get 402 (413 through tus); what comes in and "
       "does not fit keeps its original and can be processed again later. For tenants without a number of their own. "
       "0: no limit."},
      {MILLRACE_KEY(limits.requests_per_s), "requests/s", 0, 1'000'000,
       "How often a tenant may ask, through all doors together; beyond it 429 (503 SlowDown through S3). 0: no limit, "
       "because only the operator knows how many clients stand behind a tenant."},
      {MILLRACE_KEY(limits.requests_burst), "requests", 1, 10'000'000,
       "The same at once: an uploader begins with many parts."},
      {MILLRACE_KEY(limits.bad_keys_per_s), "requests/s", 0, 1'000'000,
       "Wrong keys and signatures that are answered to one address (one /64 of IPv6); good keys from there are never "
       "held up. 0: no limit."},
      {MILLRACE_KEY(limits.bad_keys_burst), "requests", 1, 10'000'000,
       "The same at once: a fleet behind one address may have a key that was revoked."},

      {MILLRACE_KEY(log.format), "console|json", 0, 0, "Lines for people, or one JSON object a line for machines."},
      {MILLRACE_KEY(log.level), "debug|info|warning|error|off", 0, 0,
       "What is less than this is not written. Read again on SIGHUP."},
      {MILLRACE_KEY(log.requests), "true|false", 0, 0, "One line per request, with secrets masked."},

      {MILLRACE_KEY(cors.origins), "origins", 0, 0,
       "Web pages that may call the API from a browser (scheme://host[:port], or * for any). None until told "
       "otherwise.",
       origin_complaint},

      {MILLRACE_KEY(outbound.allow), "networks", 0, 0,
       "Private, loopback and link-local networks that imports and webhooks may call all the same.", cidr_complaint},
      {MILLRACE_KEY(outbound.ca_file), "file", 0, 0,
       "Certificates (PEM) of authorities that are trusted beside the system's, for servers inside a company."},

      {MILLRACE_KEY(imports.files_max), "files", 1, 1024, "Files that are fetched at once, of all tenants together."},
      {MILLRACE_KEY(imports.files_per_import_max), "files", 1, 1000, "Files that one import may have."},
      {MILLRACE_KEY(imports.size_bytes_max), "bytes", 1, std::int64_t(1) << 50,
       "Largest file that is fetched; a tenant's own limit and quota count too."},
      {MILLRACE_KEY(imports.connect_ms), "ms", 1, kHourMs, "Time for name, connection and TLS together."},
      {MILLRACE_KEY(imports.idle_ms), "ms", 1'000, kHourMs,
       "A server that sends less than 1 KiB/s for so long is asked again, from where it stopped."},
      {MILLRACE_KEY(imports.total_ms_max), "ms", 1'000, 30 * 24 * kHourMs,
       "One attempt at a file. Long: what counts is silence, not age."},
      {MILLRACE_KEY(imports.redirects_max), "redirects", 0, 50,
       "Followed for one file; each is checked like the first."},
      {MILLRACE_KEY(imports.attempts_max), "attempts", 1, 100,
       "Attempts in a row that bring nothing new before a file has failed."},
      {MILLRACE_KEY(imports.retry_ms), "ms", 1, kHourMs,
       "Wait before the second attempt; doubles with each further one."},
      {MILLRACE_KEY(imports.retry_ms_max), "ms", 1, 24 * kHourMs,
       "Longest wait between attempts, also where the server asks for more (Retry-After)."},
      {MILLRACE_KEY(imports.resolver), "file", 0, 0,
       "A program for pages of platforms: run with the URL of a page, it prints the URL of its media. It runs as our "
       "user and reaches the network, so none until told otherwise.",
       optional_path_complaint},

      {MILLRACE_KEY(events.keep_seconds), "seconds", 60, 365 * kDaySeconds,
       "How long events and what became of their deliveries are kept: who follows them may be away for so long. Longer "
       "than webhooks.retry_seconds, because a delivery needs its event."},
      {MILLRACE_KEY(events.streams_max), "streams", 1, 100'000,
       "Streams of events (GET /v2/events) a tenant may have open at once; beyond it 429."},

      {MILLRACE_KEY(webhooks.retry_seconds), "seconds", 1, 30 * kDaySeconds,
       "How long a delivery is tried again before it has failed: a receiver may be down for a night."},
      {MILLRACE_KEY(webhooks.retry_first_ms), "ms", 10, kHourMs,
       "From a first failed attempt to the second; it doubles with each, up to an hour."},

      {"public.base_url", [](Config& config) -> Slot { return &config.public_.base_url; }, "scheme://host[:port]", 0, 0,
       "The outside address, for links we hand out. Empty: what the request (or a trusted proxy) names.",
       base_url_complaint},
      {"public.region", [](Config& config) -> Slot { return &config.public_.region; }, "name", 0, 0,
       "The region that signatures name.", name_complaint},
      {"public.s3_hosts", [](Config& config) -> Slot { return &config.public_.s3_hosts; }, "hosts", 0, 0,
       "Names of this server before which S3 clients may put a bucket's (virtual-host style). BUCKET.s3.ANYTHING and "
       "BUCKET.localhost are understood without.",
       host_complaint},
  };
  return keys;
}

#undef MILLRACE_KEY

}  // namespace millrace::ops
