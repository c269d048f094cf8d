#include "server/ops/log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <iterator>

#include "server/rt/text.h"

namespace millrace::ops {
namespace {

constexpr std::size_t kQueuedBatchesMax = 1024;
// A batch larger than this is handed over within the turn.
constexpr std::size_t kBatchBytes = 64 * 1024;

constexpr std::array<std::string_view, 5> kLevelNames = {"debug", "info", "warning", "error", "off"};
constexpr std::array<std::string_view, 6> kSecretParameters = {
    "x-amz-signature", "x-amz-security-token", "token", "access_token", "signature", "key"};

// Behind these stands who may: whoever knows it gets what is there.
constexpr std::array<std::string_view, 1> kSecretPaths = {"/v2/downloads/file/"};

std::string masked_path(std::string_view path) {
  for (const std::string_view open : kSecretPaths) {
    if (path.starts_with(open)) return std::string(open) + "***";
  }
  return std::string(path);
}

std::string_view name_of(Level level) { return kLevelNames[static_cast<std::size_t>(level)]; }

bool is_secret(std::string_view name) {
  return std::ranges::find(kSecretParameters, rt::lowered(name)) != kSecretParameters.end();
}

// Bytes that could break a line, a terminal or JSON come out escaped; anything beyond ASCII too, because what peers
// send need not be UTF-8.
void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
  }
}

// The time to the second as text, made anew once a second.
std::string_view second_text(std::time_t seconds) {
  thread_local std::time_t last = -1;
  thread_local std::string text;
  if (seconds != std::exchange(last, seconds)) text = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(seconds));
  return text;
}

void append_time(std::string& out) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  fmt::format_to(std::back_inserter(out), "{}.{:03}Z", second_text(now.tv_sec), now.tv_nsec / 1'000'000);
}

void append_start(std::string& out, bool json, Level level, std::string_view message) {
  out += json ? R"({"time":")" : "";
  append_time(out);
  if (json) {
    fmt::format_to(std::back_inserter(out), R"(","level":"{}","message":")", name_of(level));
    append_escaped(out, message);
    out += '"';
  } else {
    fmt::format_to(std::back_inserter(out), " {:7} ", name_of(level));
    append_escaped(out, message);
  }
}

void append_text(std::string& out, bool json, std::string_view name, std::string_view value) {
  fmt::format_to(std::back_inserter(out), fmt::runtime(json ? R"(,"{}":")" : " {}="), name);
  const bool quoted = !json && value.find(' ') != std::string_view::npos;
  if (quoted) out += '"';
  append_escaped(out, value);
  if (quoted || json) out += '"';
}

template <class Number>
void append_number(std::string& out, bool json, std::string_view name, Number value) {
  fmt::format_to(std::back_inserter(out), fmt::runtime(json ? R"(,"{}":{})" : " {}={}"), name, value);
}

void append_end(std::string& out, bool json) { out += json ? "}\n" : "\n"; }

}  // namespace

struct Log::State {
  bool json = false;
  std::atomic<Level> level{Level::kInfo};
  std::shared_ptr<spdlog::details::thread_pool> writer;
  std::shared_ptr<spdlog::async_logger> logger;
};

Level level_of(std::string_view name) noexcept {
  const auto found = std::ranges::find(kLevelNames, name);
  return found == kLevelNames.end() ? Level::kInfo : static_cast<Level>(found - kLevelNames.begin());
}

Log::Log(bool json, Level level) : state_(std::make_unique<State>()) {
  state_->json = json;
  state_->level = level;
  state_->writer = std::make_shared<spdlog::details::thread_pool>(kQueuedBatchesMax, 1);
  state_->logger =
      std::make_shared<spdlog::async_logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>(), state_->writer,
                                             spdlog::async_overflow_policy::overrun_oldest);
  // The lines come complete; the library only carries them.
  state_->logger->set_formatter(std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, ""));
  state_->logger->set_error_handler([](const std::string&) {});
}

Log::~Log() = default;

void Log::write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (!writes(level)) return;
  std::string line;
  append_line(line, state_->json, level, message, fields);
  write_lines(line);
}

void Log::write_lines(std::string_view lines) {
  state_->logger->log(spdlog::level::info, spdlog::string_view_t(lines.data(), lines.size()));
}

void Log::set_level(Level level) noexcept { state_->level.store(level, std::memory_order_relaxed); }

bool Log::writes(Level level) const noexcept { return level >= state_->level.load(std::memory_order_relaxed); }

bool Log::json() const noexcept { return state_->json; }

void RequestLog::add(const http::Exchange& exchange, const http::Outcome& outcome, std::int64_t took_us) {
  if (!log_.writes(Level::kInfo)) return;
  append_request_line(lines_, log_.json(), exchange, outcome, took_us);
  if (lines_.size() >= kBatchBytes) flush();
  if (!lines_.empty()) rt::Loop::current().ask_flush(*this);
}

void RequestLog::flush() {
  if (lines_.empty()) return;
  log_.write_lines(lines_);
  lines_.clear();
}

std::string masked_target(std::string_view target) {
  const std::size_t mark = target.find('?');
  std::string masked = masked_path(target.substr(0, mark));
  if (mark == std::string_view::npos) return masked;
  char joint = '?';
  for (std::string_view rest = target.substr(mark + 1); !rest.empty(); joint = '&') {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::string_view name = pair.substr(0, pair.find('='));
    masked += joint;
    masked += is_secret(name) ? std::string(name) + "=***" : std::string(pair);
  }
  return masked;
}

void append_line(std::string& lines, bool json, Level level, std::string_view message,
                 std::initializer_list<Log::Field> fields) {
  append_start(lines, json, level, message);
  for (const Log::Field& field : fields) append_text(lines, json, field.name, field.value);
  append_end(lines, json);
}

void append_request_line(std::string& lines, bool json, const http::Exchange& exchange, const http::Outcome& outcome,
                         std::int64_t took_us) {
  const http::Request& request = exchange.request;
  append_start(lines, json, Level::kInfo, "request");
  append_text(lines, json, "method", request.method_text.empty() ? http::name_of(request.method) : request.method_text);
  append_text(lines, json, "target", masked_target(request.target));
  append_number(lines, json, "status", outcome.status);
  append_number(lines, json, "received_bytes", outcome.received_bytes);
  append_number(lines, json, "sent_bytes", outcome.sent_bytes);
  append_number(lines, json, "ms", static_cast<double>(took_us) / 1000);
  append_text(lines, json, "id", exchange.id);
  if (!exchange.tenant.empty()) append_text(lines, json, "tenant", exchange.tenant);
  append_text(lines, json, "peer", request.peer.address);
  append_text(lines, json, "protocol", request.peer.protocol == http::Protocol::kHttp2 ? "h2" : "http/1.1");
  if (!outcome.error.empty()) append_text(lines, json, "error", outcome.error);
  append_end(lines, json);
}

}  // namespace millrace::ops
