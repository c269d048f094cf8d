// The keys of jobs, made as those in keys.h.
//
//   m/job/JOB                                 Job
//   m/job.turn/KIND/PRIORITY/TENANT/DUE/JOB   queued: the first one of a tenant is its next to run
//   m/job.running/JOB                         running: what a restart queues again
//   m/job.ended/ENDED/JOB                     done, failed or cancelled
//   m/job.queue/KIND/PRIORITY/DUE/JOB         queued before tenants took turns: a start moves it to its turn
#pragma once

#include "media/records/keys.h"

namespace millrace::media::keys {

inline std::string job(std::string_view id) { return fmt::format("m/job/{}", id); }
inline std::string waiting_jobs(std::string_view kind, unsigned priority) {
  return fmt::format("m/job.turn/{}/{}/", kind, priority);
}
inline std::string waiting_job(std::string_view kind, unsigned priority, std::string_view owner, std::int64_t due_ms,
                               std::string_view id) {
  return fmt::format("m/job.turn/{}/{}/{}/{}/{}", kind, priority, owner, ordered(due_ms), id);
}
// Behind all that wait of one tenant, before those of the next: no digit of a time comes behind '~'.
inline std::string behind_waiting_jobs(std::string_view kind, unsigned priority, std::string_view owner) {
  return fmt::format("m/job.turn/{}/{}/{}/~", kind, priority, owner);
}
inline std::string jobs_without_turns() { return "m/job.queue/"; }
inline std::string running_jobs() { return "m/job.running/"; }
inline std::string running_job(std::string_view id) { return fmt::format("m/job.running/{}", id); }
inline std::string ended_jobs() { return "m/job.ended/"; }
inline std::string ended_jobs_until(std::int64_t ended_ms) { return fmt::format("m/job.ended/{}", ordered(ended_ms)); }
inline std::string ended_job(std::int64_t ended_ms, std::string_view id) {
  return fmt::format("m/job.ended/{}/{}", ordered(ended_ms), id);
}

}  // namespace millrace::media::keys
