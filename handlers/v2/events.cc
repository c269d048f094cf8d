#include "handlers/v2/events.h"

#include <algorithm>

#include "handlers/input.h"
#include "handlers/v2/event_text.h"
#include "media/events/events.h"
#include "media/events/webhook.h"
#include "media/tenants/token.h"
#include "server/rt/timer.h"

namespace millrace::handlers::v2 {
namespace {

constexpr std::size_t kEventsAtOnce = 64;
constexpr std::int64_t kKeepAliveMs = 15'000;
// Whether the peer has left or the server drains is seen after so long at most.
constexpr std::int64_t kLookMs = 1'000;
constexpr std::string_view kProgress = "media.progress";

// After this the peer comes back with Last-Event-ID and is asked for its key again: it may have been revoked.
constexpr std::int64_t kStreamMaxMs = 10 * 60'000;

struct Wanted {
  std::vector<std::string> types;  // empty: all
  std::string subject;             // empty: all

  bool has(std::string_view type, std::string_view id) const {
    return (subject.empty() || subject == id) && (types.empty() || media::names_event(types, type));
  }
};

// Asks for what is new when the peer has taken what was there before: nothing waits for it in memory.
class EventSource final : public http::Source {
 public:
  EventSource(Services& services, const http::Exchange& exchange, std::string tenant, Wanted wanted,
              std::uint64_t position, std::shared_ptr<media::EventFollower> follower)
      : services_(services),
        exchange_(exchange),
        tenant_(std::move(tenant)),
        wanted_(std::move(wanted)),
        position_(position),
        follower_(std::move(follower)),
        wake_timer_([this] { follower_->woken().set(); }) {
    services_.events.changed_media(tenant_, changes_mark_);  // those before are not news
  }
  ~EventSource() override { services_.events.unfollow(tenant_, follower_); }

  rt::Task<rt::Result<rt::Slices>> next(std::size_t) override {
    std::string text = std::exchange(opening_, {});
    while (text.empty() && !services_.draining && now_ms() - opened_ms_ < kStreamMaxMs) {
      auto read = co_await read_log(text);
      if (!read) co_return rt::pass(read);
      co_await read_progress(text);
      if (text.empty() && exchange_.peer_left) break;
      if (text.empty() && now_ms() - told_ms_ >= kKeepAliveMs) text = keep_alive_text();
      if (text.empty()) co_await wait();
    }
    told_ms_ = now_ms();
    rt::Slices slices;
    if (!text.empty()) slices.push_back(rt::Slice::copy_of(text));
    co_return slices;
  }

 private:
  static std::int64_t now_ms() { return rt::Loop::current().now_ms(); }

  rt::Task<void> wait() {
    wake_timer_.set(std::chrono::milliseconds(kLookMs));
    co_await follower_->woken().wait();
  }

  // Up to the first that are wanted.
  rt::Task<rt::Status> read_log(std::string& text) {
    for (bool more = true; more && text.empty() && !services_.draining;) {
      auto events = co_await services_.events.after(tenant_, position_, kEventsAtOnce);
      if (!events) co_return rt::pass(events);
      for (const media::Event& event : *events) {
        if (event.position != position_ + 1) text += lost_text(position_, event.position);
        position_ = event.position;
        if (wanted_.has(event.type, event.subject)) text += event_text(event);
      }
      more = events->size() == kEventsAtOnce;
    }
    co_return rt::Status();
  }

  rt::Task<void> read_progress(std::string& text) {
    const auto ids = services_.events.changed_media(tenant_, changes_mark_);
    for (const std::string& id : ids) {
      if (!wanted_.has(kProgress, id)) continue;
      const auto media = co_await services_.catalog.get(tenant_, id);
      if (!media) continue;  // removed
      if (media->status == media::MediaStatus::kPreparing || media->reprocessing) text += progress_text(*media);
    }
  }

  Services& services_;
  const http::Exchange& exchange_;
  const std::string tenant_;
  const Wanted wanted_;
  std::uint64_t position_;
  std::uint64_t changes_mark_ = 0;
  const std::shared_ptr<media::EventFollower> follower_;
  rt::Timer wake_timer_;
  std::string opening_ = opening_text();
  const std::int64_t opened_ms_ = now_ms();
  std::int64_t told_ms_ = now_ms();
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

rt::Result<Wanted> read_wanted(const http::Pairs& query) {
  Wanted wanted{.types = split(value_of(query, "types").value_or("")),
                .subject = value_of(query, "subject").value_or("")};
  if (std::ranges::find(wanted.types, "*") != wanted.types.end()) wanted.types.clear();
  std::vector<std::string> names = wanted.types;
  std::erase(names, kProgress);
  auto known = names.empty() ? rt::Status() : media::check_event_names(names);
  if (!known) return rt::fail(known.error().code, std::move(known.error().message), "types");
  return wanted;
}

// Where the caller was; nothing when it does not say.
rt::Result<std::optional<std::uint64_t>> read_mark(const http::Request& request, const http::Pairs& query) {
  const auto field = request.fields.get("last-event-id");
  const std::string text = field ? std::string(*field) : value_of(query, "lastEventId").value_or("");
  if (text.empty()) return std::nullopt;
  auto position = parse_position(text, "lastEventId");
  if (!position) return rt::pass(position);
  return *position;
}

}  // namespace

Answer follow_events(Services& services, http::Exchange& exchange, media::Principal principal) {
  const auto query = query_of(exchange.request);
  if (!query) co_return std::unexpected(query.error());
  auto wanted = read_wanted(*query);
  if (!wanted) co_return rt::pass(wanted);
  const auto mark = read_mark(exchange.request, *query);
  if (!mark) co_return std::unexpected(mark.error());
  auto last = co_await services.events.last_position(principal.tenant);
  if (!last) co_return rt::pass(last);
  auto follower = services.events.follow(principal.tenant);
  if (!follower) co_return rt::pass(follower);
  // A place that is not reached yet is of another life of this server: what comes now is new.
  const std::uint64_t position = std::min(mark->value_or(*last), *last);
  http::Response response;
  response.fields.add("content-type", "text/event-stream");
  response.fields.add("cache-control", "no-store");
  response.fields.add("x-accel-buffering", "no");  // nginx would keep events until it has a page of them
  response.body = std::make_unique<EventSource>(services, exchange, principal.tenant, std::move(*wanted), position,
                                                std::move(*follower));
  co_return response;
}

http::Handler with_token_in_query(http::Handler inner) {
  return [inner = std::move(inner)](http::Exchange& exchange) {
    const auto query = query_of(exchange.request);
    const auto token = query ? value_of(*query, "access_token") : std::nullopt;
    const bool usable = token && token->starts_with(media::kTokenPrefix);
    if (usable && !exchange.request.fields.get("authorization")) {
      exchange.request.fields.add("authorization", "Bearer " + *token);
    }
    return inner(exchange);
  };
}

}  // namespace millrace::handlers::v2
