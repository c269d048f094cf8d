// Once: what an Idempotency-Key promises. The first answer to a POST, fields and all, is kept for a day in the store's
// records; the same key with the same body gets it again, with another body a conflict. The place is taken before the
// work begins, so two at the same time never both do it. Answers with secrets must not go through here.
#pragma once

#include <optional>
#include <string>

#include "media/records/clock.h"
#include "server/http/message.h"
#include "server/rt/error.h"
#include "server/rt/task.h"
#include "store/store.h"

namespace millrace::handlers {

inline constexpr std::int64_t kAnswerKeptMs = 24 * 3600 * 1000;
// A first attempt that left no answer for so long has died with its server.
inline constexpr std::int64_t kFirstAttemptMs = 60'000;

// The Idempotency-Key of a request, if it has one; kInvalid when it is empty or too long.
rt::Result<std::optional<std::string>> idempotency_key(const http::Request& request);

class Once {
 public:
  // `key`: the Idempotency-Key; `scope`: what it is unique in (tenant and path); `body`: what it must repeat with.
  Once(store::Store& store, media::Clock clock, std::string_view scope, std::string_view key, std::string_view body);

  // An answer to replay, nothing when the work is to be done now; then end() must be called. kConflict for another
  // body, kUnavailable while the first is under way.
  rt::Task<rt::Result<std::optional<http::Response>>> begin();
  // Keeps the answer, or forgets the attempt when it was refused (the caller may correct it and come again).
  rt::Task<rt::Status> end(const http::Response* answer);

 private:
  rt::Result<std::optional<http::Response>> judge(const store::Record& record) const;
  std::string render(const http::Response* answer) const;

  store::Store& store_;
  const media::Clock clock_;
  const std::string record_key_;
  const std::string fingerprint_;
};

// Forgets answers that were kept for a day; returns how many.
rt::Task<rt::Result<std::size_t>> forget_old_answers(store::Store& store, std::int64_t now_ms);

}  // namespace millrace::handlers
