#include "media/tenants/metered_store.h"

#include <algorithm>
#include <array>
#include <utility>

#include "media/downloads/holds.h"
#include "media/records/codec.h"
#include "media/records/codec_bucket.h"
#include "media/records/codec_download.h"
#include "media/records/codec_rendition.h"
#include "media/records/keys.h"

namespace millrace::media {
namespace {

using Account = MeteredStore::Account;

constexpr std::size_t kBatchRecords = 1000;

std::unexpected<rt::Error> quota_exceeded(std::uint64_t quota_bytes) {
  return rt::fail(rt::Code::kQuotaExceeded, fmt::format("all that is kept may have {} bytes together", quota_bytes));
}

rt::Task<rt::Status> refused(std::uint64_t quota_bytes) { co_return quota_exceeded(quota_bytes); }

// Bytes of one draft: given back when it is dropped, unless it has become an object.
class Charge {
 public:
  Charge(std::shared_ptr<Account> account, std::uint64_t bytes) : account_(std::move(account)), bytes_(bytes) {}
  ~Charge() {
    if (!kept_) account_->give_back(bytes_);
  }
  Charge(const Charge&) = delete;
  Charge& operator=(const Charge&) = delete;
  void keep() noexcept { kept_ = true; }

 private:
  const std::shared_ptr<Account> account_;
  const std::uint64_t bytes_;
  std::atomic<bool> kept_ = false;
};

// Lets go of a draft's content with its charge, when the last who holds it does.
struct Charged {
  std::shared_ptr<store::Draft::Content> content;
  std::shared_ptr<Charge> charge;
  void operator()(store::Draft::Content*) noexcept {
    content.reset();
    charge.reset();
  }
};

std::shared_ptr<Charge> charge_of(const store::Draft& draft) {
  const Charged* charged = draft.content() ? std::get_deleter<Charged>(draft.content()) : nullptr;
  return charged ? charged->charge : nullptr;
}

store::Draft with_charge(const store::Draft& draft, std::shared_ptr<Charge> charge) {
  store::Draft::Content* content = draft.content().get();
  return store::Draft(std::shared_ptr<store::Draft::Content>(content, Charged{draft.content(), std::move(charge)}));
}

class MeteredWriter final : public store::Writer {
 public:
  MeteredWriter(std::unique_ptr<store::Writer> inner, std::shared_ptr<Account> account, std::uint64_t quota_bytes)
      : inner_(std::move(inner)), account_(std::move(account)), quota_bytes_(quota_bytes) {}
  ~MeteredWriter() override { account_->give_back(charged_bytes_); }

  rt::Task<rt::Status> append(rt::Slice slice) override {
    if (!account_->add(slice.size(), quota_bytes_)) return refused(quota_bytes_);
    charged_bytes_ += slice.size();
    return inner_->append(std::move(slice));
  }
  rt::Task<rt::Result<store::Draft>> take() override { return charged(inner_->take()); }
  rt::Task<rt::Result<store::Draft>> finish() override { return charged(inner_->finish()); }
  std::uint64_t appended_bytes() const noexcept override { return inner_->appended_bytes(); }

 private:
  // What the writer was charged with goes over to the draft.
  rt::Task<rt::Result<store::Draft>> charged(rt::Task<rt::Result<store::Draft>> taking) {
    auto draft = co_await std::move(taking);
    if (!draft || draft->size_bytes() == 0) co_return std::move(draft);
    const std::uint64_t bytes = std::min(draft->size_bytes(), charged_bytes_);
    charged_bytes_ -= bytes;
    co_return with_charge(*draft, std::make_shared<Charge>(account_, bytes));
  }

  const std::unique_ptr<store::Writer> inner_;
  const std::shared_ptr<Account> account_;
  const std::uint64_t quota_bytes_;
  std::uint64_t charged_bytes_ = 0;
};

// Whose bytes a transaction removes: every one that does changes a record of theirs.
std::string owner_of(const store::Transaction& transaction) {
  for (const auto& put : transaction.puts) {
    if (std::string owner = keys::owner_of_bytes(put.key); !owner.empty()) return owner;
  }
  for (const std::string& key : transaction.erasures) {
    if (std::string owner = keys::owner_of_bytes(key); !owner.empty()) return owner;
  }
  return {};
}

// A record that cannot be read counts nothing: it keeps nobody from starting, and its bytes cannot be read either.
std::uint64_t bytes_in(const store::Record& record) {
  if (record.key.starts_with(keys::all_uploads())) {
    const auto upload = decode_upload(record);
    std::uint64_t bytes = 0;
    if (upload) {
      for (const UploadPart& part : upload->parts) bytes += part.size_bytes;
    }
    return bytes;
  }
  if (record.key.starts_with(keys::all_medias())) {
    const auto media = decode_media(record);
    return media ? media->size_bytes : 0;
  }
  if (record.key.starts_with(keys::all_bucket_objects())) {
    const auto object = decode_bucket_object(record);
    return object ? object->size_bytes : 0;
  }
  if (record.key.starts_with(keys::all_renditions())) {
    const auto rendition = decode_rendition(record);
    return rendition ? rendition->size_bytes : 0;
  }
  if (record.key.starts_with(keys::all_downloads())) {
    const auto download = decode_download(record);
    return download ? download->texts_bytes : 0;
  }
  if (record.key.starts_with(keys::all_holds())) {
    const auto hold = decode_hold(record);
    return hold && hold->orphan ? hold->size_bytes : 0;
  }
  const auto part = decode_multipart_part(record);
  return part ? part->size_bytes : 0;
}

}  // namespace

bool MeteredStore::Account::add(std::uint64_t bytes, std::uint64_t quota_bytes) {
  const std::uint64_t allowed = quota_bytes == 0 ? UINT64_MAX : quota_bytes;
  std::uint64_t now = bytes_.load(std::memory_order_relaxed);
  do {
    if (bytes > allowed || now > allowed - bytes) return false;
  } while (!bytes_.compare_exchange_weak(now, now + bytes, std::memory_order_relaxed));
  return true;
}

void MeteredStore::Account::give_back(std::uint64_t bytes) {
  std::uint64_t now = bytes_.load(std::memory_order_relaxed);
  while (!bytes_.compare_exchange_weak(now, now - std::min(now, bytes), std::memory_order_relaxed)) {
  }
}

MeteredStore::MeteredStore(store::Store& inner) : ForwardingStore(inner) {}

MeteredStore::~MeteredStore() = default;

rt::Task<rt::Status> MeteredStore::count() {
  const std::array prefixes = {keys::all_uploads(), keys::all_medias(),     keys::all_bucket_objects(),
                               keys::all_parts(),   keys::all_renditions(), keys::all_downloads(),
                               keys::all_holds()};
  for (const std::string& prefix : prefixes) {
    store::Scan scan{.prefix = prefix, .after = {}, .limit = kBatchRecords};
    for (std::size_t found = kBatchRecords; found == kBatchRecords;) {
      const auto records = co_await inner_.scan(scan);
      if (!records) co_return std::unexpected(records.error());
      for (const store::Record& record : *records) account(keys::owner_of_bytes(record.key))->add(bytes_in(record), 0);
      found = records->size();
      if (found > 0) scan.after = records->back().key;
    }
  }
  co_return rt::Status();
}

std::shared_ptr<Account> MeteredStore::account(std::string_view tenant) {
  std::lock_guard lock(mutex_);
  const auto found = accounts_.find(tenant);
  if (found != accounts_.end()) return found->second;
  return accounts_.emplace(tenant, std::make_shared<Account>()).first->second;
}

std::uint64_t MeteredStore::bytes_of(std::string_view tenant) const {
  std::lock_guard lock(mutex_);
  const auto found = accounts_.find(tenant);
  return found == accounts_.end() ? 0 : found->second->bytes();
}

rt::Status MeteredStore::check_room(std::string_view tenant, std::uint64_t more_bytes) const {
  const std::uint64_t quota_bytes = quota_ ? quota_(tenant) : 0;
  if (quota_bytes == 0) return {};
  const std::uint64_t kept_bytes = bytes_of(tenant);
  if (kept_bytes <= quota_bytes && more_bytes <= quota_bytes - kept_bytes) return {};
  return quota_exceeded(quota_bytes);
}

std::unique_ptr<store::Writer> MeteredStore::writer(std::string domain) {
  const std::uint64_t quota_bytes = quota_ ? quota_(domain) : 0;
  auto account_of_it = account(domain);
  return std::make_unique<MeteredWriter>(inner_.writer(std::move(domain)), std::move(account_of_it), quota_bytes);
}

rt::Task<rt::Result<store::Draft>> MeteredStore::share(store::ObjectId id, std::uint64_t offset, std::uint64_t length,
                                                       std::string domain) {
  const std::uint64_t quota_bytes = quota_ ? quota_(domain) : 0;
  auto account_of_it = account(domain);
  if (!account_of_it->add(length, quota_bytes)) co_return quota_exceeded(quota_bytes);
  auto charge = std::make_shared<Charge>(std::move(account_of_it), length);
  auto draft = co_await inner_.share(id, offset, length, std::move(domain));
  if (!draft) co_return rt::pass(draft);
  co_return with_charge(*draft, std::move(charge));
}

rt::Task<rt::Result<store::Revision>> MeteredStore::commit(store::Transaction transaction) {
  if (transaction.creations.empty() && transaction.removals.empty()) return inner_.commit(std::move(transaction));
  return commit_counted(std::move(transaction));
}

// Sizes are asked for before: afterwards the objects are gone. Nobody else can remove them in between, because every
// removal requires the record that names the object.
rt::Task<rt::Result<store::Revision>> MeteredStore::commit_counted(store::Transaction transaction) {
  const std::string owner = owner_of(transaction);
  auto kept = co_await keep_held(inner_, transaction);
  if (!kept) co_return rt::pass(kept);
  auto removed = co_await removed_bytes(transaction.removals);
  if (!removed) co_return rt::pass(removed);
  std::vector<std::shared_ptr<Charge>> charges;
  for (const auto& creation : transaction.creations) {
    if (auto charge = charge_of(creation.draft)) charges.push_back(std::move(charge));
  }
  auto committed = co_await inner_.commit(std::move(transaction));
  if (!committed) co_return committed;
  for (const auto& charge : charges) charge->keep();
  if (*removed > 0) account(owner)->give_back(*removed);
  co_return committed;
}

rt::Task<rt::Result<std::uint64_t>> MeteredStore::removed_bytes(std::vector<store::ObjectId> removals) {
  std::uint64_t bytes = 0;
  for (const store::ObjectId id : removals) {
    auto info = co_await inner_.info(id);
    if (!info) co_return rt::pass(info);
    if (*info) bytes += (*info)->size_bytes;
  }
  co_return bytes;
}

}  // namespace millrace::media
