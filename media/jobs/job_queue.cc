#include "media/jobs/job_queue.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "media/jobs/job_records.h"
#include "media/records/keys_jobs.h"
#include "media/records/records.h"

namespace millrace::media {
namespace {

// More jobs than these that cannot be read are no damage to some records but a store in trouble.
constexpr std::size_t kAsideMax = 256;

Waiting waiting_of(std::string key, std::size_t prefix_bytes) {
  const std::string_view rest = std::string_view(key).substr(prefix_bytes);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  Waiting waiting{.key = {}, .tenant = std::string(rest.substr(0, slash))};
  const std::string_view digits = rest.substr(std::min(slash + 1, rest.size()));
  std::from_chars(digits.data(), digits.data() + digits.size(), waiting.due_ms, 16);
  waiting.key = std::move(key);
  return waiting;
}

}  // namespace

rt::Task<rt::Result<std::vector<Waiting>>> JobQueue::first_of_each_tenant(std::string kind, Priority priority) {
  const std::int64_t now_ms = clock_();
  std::erase_if(aside_, [now_ms](const auto& entry) { return entry.second <= now_ms; });
  const auto rank = static_cast<unsigned>(priority);
  const std::string prefix = keys::waiting_jobs(kind, rank);
  std::vector<Waiting> waiting;
  for (std::string after;;) {
    store::Scan scan{.prefix = prefix, .after = after, .limit = 1};
    auto first = co_await store_.scan(std::move(scan));
    if (!first) co_return rt::pass(first);
    if (first->empty()) co_return waiting;
    std::string key = std::move(first->front().key);
    if (is_set_aside(key)) {
      after = std::move(key);
      continue;
    }
    waiting.push_back(waiting_of(std::move(key), prefix.size()));
    after = keys::behind_waiting_jobs(kind, rank, waiting.back().tenant);
  }
}

rt::Task<rt::Result<std::optional<Job>>> JobQueue::job_of(std::string key, std::int64_t aside_ms) {
  auto job = co_await read_job(store_, keys::last_part(key));
  if (!job && !is_lost(job.error())) {
    if (aside_.size() >= kAsideMax) co_return rt::pass(job);
    aside_[std::move(key)] = clock_() + aside_ms;
    co_return std::nullopt;
  }
  if (job && index_key(*job) == key) co_return std::move(*job);
  auto mended = co_await mend(std::move(key), job ? std::optional(std::move(*job)) : std::nullopt);
  if (!mended) co_return rt::pass(mended);
  co_return std::nullopt;
}

rt::Task<rt::Status> JobQueue::mend(std::string key, std::optional<Job> job) {
  store::Transaction transaction;
  transaction.erase(std::move(key));
  if (job && job->state == JobState::kQueued) {
    transaction.require(keys::job(job->id), job->revision);
    transaction.put(index_key(*job), {});
  }
  auto committed = co_await store_.commit(std::move(transaction));
  if (!committed && committed.error().code != rt::Code::kConflict) co_return rt::pass(committed);
  co_return rt::Status();
}

}  // namespace millrace::media
