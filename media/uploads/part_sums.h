// What the parts of a multipart upload come to, kept in memory so that asking for an upload need not read ten thousand
// records. Derived from the records when it is first asked for, then moved by every commit of a part; a commit whose
// outcome is unknown drops it, and so does anything that happens while it is derived. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace millrace::media {

struct PartSum {
  std::uint64_t bytes = 0;
  std::size_t parts = 0;
  std::int64_t active_ms = 0;  // when it was begun or a part was committed last
  bool operator==(const PartSum&) const = default;
};

class PartSums {
 public:
  // Of how many multipart uploads at the same time; beyond that, what nobody changes is forgotten.
  static constexpr std::size_t kKeptMax = 10'000;

  std::optional<PartSum> find(const std::string& id) const;

  // Before the records are read; what was read is given with it.
  using Ticket = std::uint64_t;
  Ticket begin_count(const std::string& id);
  // Kept unless a part was committed, or is being committed, since the ticket was given.
  void keep(const std::string& id, Ticket ticket, const PartSum& sum);

  // Around the commit of one part. Dropped without a word, the outcome is unknown.
  class Change {
   public:
    Change(PartSums& sums, std::string id);
    Change(const Change&) = delete;
    Change& operator=(const Change&) = delete;
    ~Change();
    void failed() noexcept { known_ = true; }
    // `replaced`: the size of the part of the same number that went.
    void committed(std::uint64_t bytes, std::optional<std::uint64_t> replaced, std::int64_t now_ms);

   private:
    PartSums& sums_;
    const std::string id_;
    bool known_ = false;
  };

  void forget(const std::string& id);
  std::size_t size() const;

 private:
  struct Entry {
    std::optional<PartSum> sum;
    std::size_t changing = 0;
    Ticket version = 0;
  };
  Entry& entry(const std::string& id);

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;  // guarded by mutex_
  Ticket last_version_ = 0;                            // guarded by mutex_; never used twice
};

}  // namespace millrace::media
