// Log: lines for people or JSON objects, to stderr, written by a thread of its own so that a slow reader never holds a
// loop; when it falls far behind, the oldest lines go. Safe on any thread.
//
// RequestLog belongs to one loop: it gathers a line per request and hands over what one turn of the loop brought.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "server/http/message.h"
#include "server/rt/loop.h"

namespace millrace::ops {

enum class Level : std::uint8_t { kDebug, kInfo, kWarning, kError, kOff };

// The level of a name in the configuration; kInfo for anything else.
Level level_of(std::string_view name) noexcept;

class Log {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  Log(bool json, Level level);
  // Writes what is queued.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});
  // Complete lines, each with its end.
  void write_lines(std::string_view lines);

  void set_level(Level level) noexcept;
  bool writes(Level level) const noexcept;
  bool json() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class RequestLog final : rt::FlushHook {
 public:
  // `log` outlives it.
  explicit RequestLog(Log& log) : log_(log) {}
  void add(const http::Exchange& exchange, const http::Outcome& outcome, std::int64_t took_us);

 private:
  void flush() override;

  Log& log_;
  std::string lines_;
};

// A request target with the values of secret query parameters (signatures, tokens) replaced by `***`.
std::string masked_target(std::string_view target);

// One line, with its end, appended to `lines`.
void append_line(std::string& lines, bool json, Level level, std::string_view message,
                 std::initializer_list<Log::Field> fields);
void append_request_line(std::string& lines, bool json, const http::Exchange& exchange, const http::Outcome& outcome,
                         std::int64_t took_us);

}  // namespace millrace::ops
