// Importer: the job that fetches one file of an import. It asks the other server for the bytes that are missing,
// streams them through a Receiver as any upload, and completes the upload. What arrived before a cut, a restart or a
// crash stays: the next attempt asks for the rest, on condition that the file is still the same (Range, If-Range). On
// the job queue's loop, which is the client's too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "media/imports/answer.h"
#include "media/imports/imports.h"
#include "media/jobs/jobs.h"
#include "media/uploads/receiver.h"
#include "server/outbound/client.h"
#include "server/rt/error.h"
#include "server/rt/task.h"

namespace millrace::media {

struct ImporterLimits {
  std::uint32_t files_at_once = 4;
  std::uint64_t size_bytes_max = 5ull << 40;  // of one file
  std::int64_t connect_ms = 10'000;
  std::int64_t idle_ms = 60'000;             // the server sends nothing for so long
  std::int64_t total_ms = 24LL * 3'600'000;  // of one attempt
  std::uint32_t redirects_max = 5;
  std::uint32_t attempts_max = 8;  // in a row that bring nothing new
  std::int64_t retry_first_ms = 2'000;
  std::int64_t retry_max_ms = 600'000;
  // A program that is run with the URL of a page (text/html) and prints the URL of its media; empty: none.
  std::string resolver = {};
  std::filesystem::path directory = "/tmp";  // where the resolver starts
};

class Importer {
 public:
  // All outlive it.
  Importer(Imports& imports, Uploads& uploads, outbound::Client& client, ImporterLimits limits);

  JobKind kind();

 private:
  // One file, as an attempt sees it.
  struct Work {
    std::string tenant;
    std::string import;
    std::size_t index = 0;
    std::string job;
    ImportFile file = {};
  };
  enum class End : std::uint8_t { kDone, kLater, kNever, kResolve };
  struct Outcome {
    End end = End::kLater;
    std::string words = {};
    std::string media_id = {};
    std::uint64_t bytes_received = 0;
    std::optional<std::int64_t> wait_ms = {};
    bool anew = false;                              // what is here cannot be continued
    bool discard = false;                           // nor will it ever be of use
    std::optional<std::string> new_validator = {};  // of what is here now
  };

  rt::Task<rt::Status> run(JobRun& run);
  rt::Task<rt::Status> gave_up(Job job, rt::Error error);
  rt::Task<rt::Result<std::optional<Work>>> begin(const Job& job);
  rt::Task<Outcome> fetch(Work work, JobRun& run);
  rt::Task<rt::Result<std::string>> resolve(std::string url, JobRun& run);
  rt::Task<Outcome> ask(const Work& work, Upload upload, std::string url, JobRun& run);
  rt::Task<Outcome> take(const Work& work, Upload upload, Answer answer, outbound::Transfer& transfer);
  rt::Task<Outcome> pour(const Work& work, Upload upload, Answer answer, outbound::Transfer& transfer,
                         std::unique_ptr<Receiver> receiver);
  rt::Task<Outcome> complete(const Work& work, std::string content_type);
  rt::Task<rt::Status> remember(const Work& work, Answer answer, bool with_validator);
  rt::Task<rt::Status> write(Work work, Outcome outcome);
  bool apply(const Work& work, const Outcome& outcome, Import& import, store::Transaction& transaction) const;
  std::int64_t delay_ms(const Outcome& outcome, std::uint32_t attempt) const;

  static Outcome failed(const rt::Error& error);

  Imports& imports_;
  Uploads& uploads_;
  outbound::Client& client_;
  const ImporterLimits limits_;
};

}  // namespace millrace::media
