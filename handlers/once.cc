#include "handlers/once.h"

#include "server/http/crypto.h"
#include "server/http/json.h"

namespace millrace::handlers {
namespace {

constexpr std::string_view kPrefix = "once/";
constexpr std::size_t kForgottenPerCommit = 500;
constexpr std::size_t kKeyMaxBytes = 255;

struct Kept {
  std::string fingerprint;
  std::int64_t at_ms = 0;
  int status = 0;  // 0: the first attempt is under way
  http::Fields fields;
  std::string body;
};

http::Fields fields_of(const std::optional<http::Json>& json) {
  http::Fields fields;
  if (!json) return fields;
  for (const auto& [name, value] : json->members()) fields.add(name, value.as_text().value_or(""));
  return fields;
}

rt::Result<Kept> parse(const std::string& value) {
  const auto json = http::Json::parse_object(value);
  if (!json) return std::unexpected(json.error());
  const auto fingerprint = json->required_text("fingerprint");
  const auto at_ms = json->integer("at");
  const auto status = json->integer("status", 0, 599);
  const auto fields = json->object("fields");
  const auto body = json->text("body");
  if (!fingerprint || !at_ms || !status || !fields || !body) {
    return rt::fail(rt::Code::kDamaged, "the record of an idempotent answer cannot be read");
  }
  return Kept{*fingerprint, at_ms->value_or(0), static_cast<int>(status->value_or(0)), fields_of(*fields),
              body->value_or("")};
}

std::string digest(std::string_view text) { return http::hex(http::sha256(http::bytes_of(text))); }

http::Response replay(const Kept& kept) {
  http::Response response = http::Response::empty(kept.status);
  response.content_length = kept.body.size();
  response.body = kept.body;
  response.fields = kept.fields;
  response.fields.add("idempotency-replayed", "true");
  return response;
}

bool is_old(const store::Record& record, std::int64_t now_ms) {
  const auto kept = parse(record.value);
  return !kept || kept->at_ms + kAnswerKeptMs < now_ms;
}

}  // namespace

rt::Result<std::optional<std::string>> idempotency_key(const http::Request& request) {
  const auto key = request.fields.get("idempotency-key");
  if (!key) return std::nullopt;
  if (!key->empty() && key->size() <= kKeyMaxBytes) return std::string(*key);
  const std::string rule = "an Idempotency-Key has 1 to " + std::to_string(kKeyMaxBytes) + " bytes";
  return rt::fail(rt::Code::kInvalid, rule, "Idempotency-Key");
}

Once::Once(store::Store& store, media::Clock clock, std::string_view scope, std::string_view key, std::string_view body)
    : store_(store),
      clock_(clock),
      record_key_(std::string(kPrefix) + digest(std::string(scope) + "\n" + std::string(key))),
      fingerprint_(digest(body)) {}

rt::Result<std::optional<http::Response>> Once::judge(const store::Record& record) const {
  const auto kept = parse(record.value);
  if (!kept) return std::unexpected(kept.error());
  if (kept->fingerprint != fingerprint_) {
    return rt::fail(rt::Code::kConflict, "this Idempotency-Key was used with another body", "Idempotency-Key");
  }
  if (kept->status != 0) return replay(*kept);
  if (kept->at_ms + kFirstAttemptMs < clock_()) return std::nullopt;
  return rt::fail(rt::Code::kUnavailable, "the first request with this Idempotency-Key is under way");
}

rt::Task<rt::Result<std::optional<http::Response>>> Once::begin() {
  auto record = co_await store_.get(record_key_);
  if (!record) co_return rt::pass(record);
  if (*record) {
    auto verdict = judge(**record);
    if (!verdict || *verdict) co_return verdict;
  }
  store::Transaction take;
  take.require(record_key_, *record ? (*record)->revision : 0);
  take.put(record_key_, render(nullptr));
  const auto taken = co_await store_.commit(std::move(take));
  if (!taken && taken.error().code == rt::Code::kConflict) {
    co_return rt::fail(rt::Code::kUnavailable, "the first request with this Idempotency-Key is under way");
  }
  if (!taken) co_return std::unexpected(taken.error());
  co_return std::optional<http::Response>();
}

rt::Task<rt::Status> Once::end(const http::Response* answer) {
  store::Transaction transaction;
  if (answer) {
    transaction.put(record_key_, render(answer));
  } else {
    transaction.erase(record_key_);
  }
  const auto committed = co_await store_.commit(std::move(transaction));
  if (!committed) co_return std::unexpected(committed.error());
  co_return rt::Status();
}

std::string Once::render(const http::Response* answer) const {
  http::JsonWriter json;
  json.begin_object().member("fingerprint", fingerprint_).member("at", clock_());
  json.member("status", answer ? answer->status : 0);
  if (answer) {
    json.key("fields").begin_object();
    for (std::size_t i = 0; i < answer->fields.size(); ++i)
      json.member(answer->fields[i].name, answer->fields[i].value);
    json.end_object().member("body", std::get<std::string>(answer->body));
  }
  json.end_object();
  return json.take();
}

rt::Task<rt::Result<std::size_t>> forget_old_answers(store::Store& store, std::int64_t now_ms) {
  store::Scan scan;
  scan.prefix = kPrefix;
  scan.limit = kForgottenPerCommit;
  std::size_t forgotten = 0;
  for (;;) {
    const auto records = co_await store.scan(scan);
    if (!records) co_return std::unexpected(records.error());
    if (records->empty()) co_return forgotten;
    store::Transaction transaction;
    for (const store::Record& record : *records) {
      if (is_old(record, now_ms)) transaction.erase(record.key);
    }
    forgotten += transaction.erasures.size();
    scan.after = records->back().key;
    if (transaction.empty()) continue;
    const auto committed = co_await store.commit(std::move(transaction));
    if (!committed) co_return std::unexpected(committed.error());
  }
}

}  // namespace millrace::handlers
