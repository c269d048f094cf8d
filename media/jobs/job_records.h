// A job's record and the one index entry that goes with its state, written together. Any thread.
#pragma once

#include <cstdint>
#include <string>

#include "media/jobs/jobs.h"
#include "store/store.h"

namespace millrace::media {

inline bool has_ended(const Job& job) noexcept { return job.state >= JobState::kDone; }

// A new job: must not exist.
void put_new_job(store::Transaction& transaction, const Job& job);
// From one state to the next; fails with kConflict when the record is not at before's revision.
void put_changed_job(store::Transaction& transaction, const Job& before, const Job& after);

// The key of that entry.
std::string index_key(const Job& job);

// kNotFound; kDamaged when the record is no job. What the store cannot read is kIo: it may be whole after a repair.
rt::Task<rt::Result<Job>> read_job(store::Store& store, std::string id);

// What comes after an attempt.
Job after_success(Job job, std::int64_t now_ms);
Job after_final_failure(Job job, const rt::Error& error, bool cancelled, std::int64_t now_ms);
Job after_failed_attempt(Job job, const rt::Error& error, const JobKind& kind, std::int64_t now_ms);
// The attempt was not its fault and does not count.
Job after_interruption(Job job, std::int64_t now_ms);

// Whether another attempt may help.
bool worth_retrying(const Job& job, const rt::Error& error, const JobKind& kind);

}  // namespace millrace::media
