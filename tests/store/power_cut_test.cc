// Random work on a disk whose power goes at a random write, or whose user is killed; then the store is opened again and
// compared with a model: what was acknowledged is there, byte for byte, what was not is there whole or not at all, and
// a check finds nothing wrong. MILLRACE_POWER_CUT_SEED replays one seed, MILLRACE_POWER_CUT_SEEDS changes how many
// there are.
#include <cstdlib>
#include <map>
#include <set>

#include "store/check.h"
#include "tests/store/store_fixture.h"

namespace millrace::store {
namespace {

struct Expected {
  std::map<ObjectId, std::string> objects;
  std::map<std::string, std::string> records;
};

// What a transaction that was never answered would do to the model: all of it or nothing.
struct Unanswered {
  std::map<ObjectId, std::string> created;
  std::set<ObjectId> removed;
  std::map<std::string, std::optional<std::string>> records;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed) : random_(seed), disk_(seed) {
    options_.directory = "/store";
    options_.segment_bytes = (64 << 10) << (random_() % 3);
    options_.chunk_min_bytes = 1 << 10;
    options_.chunk_average_bytes = 4 << 10;
    options_.chunk_max_bytes = 16 << 10;
    options_.free_space_min_bytes = 0;
    options_.reclaim_delay_seconds = random_() % 2 * 5;
    disk_.set_direct(coin());
  }

  void run() {
    for (int life = 0; life < 3; ++life) {
      const std::string problem = open();
      ASSERT_EQ(problem, "");
      ASSERT_EQ(compare(), "");
      disk_.cut_power_after(1 + random_() % (random_() % 3 == 0 ? 6 : 80));
      rt::run_until_done(work());
      store_.reset();
      if (random_() % 3 == 0) {
        disk_.resume();
      } else {
        disk_.restart();
        index_.cut_power(random_);
      }
    }
    if (random_() % 4 == 0) index_.lose_everything();
    ASSERT_EQ(open(), "");
    ASSERT_EQ(compare(), "");
    store_.reset();
    const auto report = check(options_, disk_, seams(), false);
    ASSERT_TRUE(report) << report.error().message;
    ASSERT_TRUE(report->clean()) << report->problems.front();
    ASSERT_EQ(report->objects, model_.objects.size());
  }

 private:
  bool coin() { return random_() % 2 == 0; }
  Seams seams() {
    return {index_.factory(), [this] { return now_.load(); }, std::nullopt, false};
  }

  std::string open() {
    auto opened = EmbeddedStore::open(options_, disk_, budget_, io(), seams());
    if (!opened) return opened.error().message;
    store_ = std::move(*opened);
    store_->on_damage([this](std::string sentence) {
      // What was written and not synced may hold a whole commit record by chance; it is dropped, and told.
      if (!sentence.contains("as a power cut leaves what was not acknowledged")) damage_ = std::move(sentence);
    });
    return damage_;
  }

  static rt::Pool& io() {
    static rt::Pool pool(1);
    return pool;
  }

  std::string compare() { return rt::run_until_done(compare_all()); }

  rt::Task<std::string> compare_all() {
    if (unanswered_) {
      const bool all = co_await happened(*unanswered_);
      if (all) apply(*unanswered_);
      unanswered_.reset();
    }
    for (const auto& [id, text] : model_.objects) {
      const auto got = co_await download(*store_, id);
      if (!got) co_return "object " + id.text() + ": " + got.error().message;
      if (*got != text) co_return "object " + id.text() + " has other bytes";
    }
    for (const ObjectId id : gone_) {
      const auto info = co_await store_->info(id);
      if (*info) co_return "object " + id.text() + " is back";
    }
    const auto records = co_await store_->scan({});
    if (records->size() != model_.records.size()) {
      co_return std::to_string(records->size()) + " records instead of " + std::to_string(model_.records.size());
    }
    for (const Record& record : *records) {
      if (model_.records[record.key] != record.value) co_return "record " + record.key + " has another value";
    }
    if (store_->stats().objects != model_.objects.size()) co_return "there are too many or too few objects";
    co_return damage_;
  }

  // One sign decides; the comparison then finds out whether all of it happened.
  rt::Task<bool> happened(const Unanswered& what) {
    if (!what.created.empty()) {
      const auto info = co_await store_->info(what.created.begin()->first);
      co_return info->has_value();
    }
    if (!what.removed.empty()) {
      const auto info = co_await store_->info(*what.removed.begin());
      co_return !info->has_value();
    }
    for (const auto& [key, value] : what.records) {
      if (!value && !model_.records.contains(key)) continue;  // nothing to see either way
      const auto record = co_await store_->get(key);
      co_return value ? *record && (*record)->value == *value : !*record;
    }
    co_return false;
  }

  void apply(const Unanswered& what) {
    for (const auto& [id, text] : what.created) model_.objects[id] = text;
    for (const ObjectId id : what.removed) {
      model_.objects.erase(id);
      gone_.insert(id);
    }
    for (const auto& [key, value] : what.records) {
      if (value) {
        model_.records[key] = *value;
      } else {
        model_.records.erase(key);
      }
    }
  }

  std::string some_text() {
    if (!texts_.empty() && random_() % 3 == 0) {
      std::string text = texts_[random_() % texts_.size()];
      return coin() ? text : "x" + text;
    }
    const std::size_t bytes = random_() % 4 == 0 ? random_() % 60'000 : random_() % 6'000;
    std::string text = random_text(random_, bytes);
    texts_.push_back(text);
    return text;
  }

  ObjectId some_id() { return {random_(), random_()}; }
  std::optional<ObjectId> some_object(const Unanswered& what) {
    if (model_.objects.empty()) return std::nullopt;
    auto at = model_.objects.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(random_() % model_.objects.size()));
    if (what.removed.contains(at->first)) return std::nullopt;
    return at->first;
  }

  // Until the power goes, or a moment before, so that it may go while the store closes, or after.
  rt::Task<void> work() {
    while (!disk_.power_is_out() && random_() % 32 != 0) {
      now_ += static_cast<std::int64_t>(random_() % 4);
      const auto dice = random_() % 16;
      if (dice == 0) {
        (void)store_->keeper().reclaim();
      } else if (dice == 1) {
        (void)store_->keeper().compact();
      } else if (dice == 2) {
        Draft abandoned;
        auto draft = co_await draft_of(*store_, some_text());
        if (draft) abandoned = std::move(*draft);
      } else {
        co_await one_transaction();
      }
    }
  }

  rt::Task<void> one_transaction() {
    Unanswered what;
    Transaction transaction;
    const auto operations = 1 + random_() % 3;
    bool drafted = true;
    for (std::uint64_t i = 0; i < operations && drafted; ++i) {
      switch (random_() % 6) {
        case 0:
        case 1:
        case 2:
          drafted = co_await add_creation(transaction, what);
          break;
        case 3:
          add_removal(transaction, what);
          break;
        case 4:
          add_join(transaction, what);
          break;
        default:
          add_record(transaction, what);
          break;
      }
    }
    if (!drafted) co_return;
    auto committed = co_await store_->commit(std::move(transaction));
    if (committed) {
      apply(what);
    } else {
      unanswered_ = std::move(what);
    }
  }

  rt::Task<bool> add_creation(Transaction& transaction, Unanswered& what) {
    const std::string text = some_text();
    auto draft = co_await draft_of(*store_, text, "a", 1 + random_() % 9'000);
    if (!draft) co_return false;
    const ObjectId id = some_id();
    transaction.create(id, std::move(*draft));
    what.created[id] = text;
    co_return true;
  }

  void add_removal(Transaction& transaction, Unanswered& what) {
    if (const auto id = some_object(what)) {
      transaction.remove(*id);
      what.removed.insert(*id);
    }
  }

  void add_join(Transaction& transaction, Unanswered& what) {
    std::vector<ObjectId> parts;
    std::string text;
    for (int i = 0; i < 3; ++i) {
      const auto part = some_object(what);
      if (!part) continue;
      parts.push_back(*part);
      text += model_.objects[*part];
      what.removed.insert(*part);
    }
    const ObjectId id = some_id();
    transaction.join(id, parts);
    what.created[id] = text;
  }

  void add_record(Transaction& transaction, Unanswered& what) {
    const std::string key = "key/" + std::to_string(random_() % 8);
    if (what.records.contains(key)) return;
    if (random_() % 3 == 0) {
      transaction.erase(key);
      what.records[key] = std::nullopt;
    } else {
      const std::string value = std::to_string(random_());
      transaction.put(key, value);
      what.records[key] = value;
    }
  }

  std::mt19937_64 random_;
  FakeDisk disk_;
  MemoryIndexState index_;
  rt::Budget budget_{std::size_t{64} << 20};
  Options options_;
  std::atomic<std::int64_t> now_{1'000'000};
  std::string damage_;
  Expected model_;
  std::set<ObjectId> gone_;
  std::optional<Unanswered> unanswered_;
  std::vector<std::string> texts_;
  std::unique_ptr<EmbeddedStore> store_;
};

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr std::uint64_t kSeeds = 100;
#else
constexpr std::uint64_t kSeeds = 1000;
#endif

TEST(PowerCut, keeps_what_was_acknowledged_and_nothing_by_half) {
  const std::uint64_t first = number_from("MILLRACE_POWER_CUT_SEED", 1);
  const std::uint64_t count =
      std::getenv("MILLRACE_POWER_CUT_SEED") ? 1 : number_from("MILLRACE_POWER_CUT_SEEDS", kSeeds);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    SCOPED_TRACE("MILLRACE_POWER_CUT_SEED=" + std::to_string(seed));
    Simulation(seed).run();
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace millrace::store
