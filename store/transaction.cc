// The values of the facade: object names, drafts and transactions. No state, no I/O but the kernel's random numbers.
#include <fmt/format.h>
#include <sys/random.h>

#include <charconv>
#include <cstdlib>

#include "store/crc.h"
#include "store/draft.h"
#include "store/store.h"

namespace millrace::store {
namespace {

constexpr std::size_t kWordDigits = 16;

bool parse_word(std::string_view text, std::uint64_t& word) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), word, 16);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::string ObjectId::text() const { return fmt::format("{:016x}{:016x}", high, low); }

std::optional<ObjectId> ObjectId::parse(std::string_view text) {
  ObjectId id;
  if (text.size() != 2 * kWordDigits) return std::nullopt;
  if (!parse_word(text.substr(0, kWordDigits), id.high) || !parse_word(text.substr(kWordDigits), id.low)) {
    return std::nullopt;
  }
  return id;
}

ObjectId ObjectId::random() {
  ObjectId id;
  if (::getrandom(&id, sizeof(id), 0) != sizeof(id)) std::abort();
  return id;
}

void Draft::Content::add(std::shared_ptr<DraftChunk> chunk, const ChunkSummary& summary) {
  crc32 = crc32_combine(crc32, summary.crc32, summary.length);
  crc64nvme = crc64nvme_combine(crc64nvme, summary.crc64nvme, summary.length);
  size_bytes += summary.length;
  chunks.push_back(std::move(chunk));
}

Draft::Draft() = default;
Draft::Draft(std::shared_ptr<Content> content) : content_(std::move(content)) {}
Draft::Draft(Draft&&) noexcept = default;
Draft& Draft::operator=(Draft&&) noexcept = default;
Draft::~Draft() = default;

std::uint64_t Draft::size_bytes() const noexcept { return content_ ? content_->size_bytes : 0; }
std::uint32_t Draft::crc32() const noexcept { return content_ ? content_->crc32 : 0; }
std::uint64_t Draft::crc64nvme() const noexcept { return content_ ? content_->crc64nvme : 0; }

void Transaction::put(std::string key, std::string value) { puts.push_back({std::move(key), std::move(value)}); }
void Transaction::erase(std::string key) { erasures.push_back(std::move(key)); }
void Transaction::require(std::string key, Revision revision) { requirements.push_back({std::move(key), revision}); }
void Transaction::create(ObjectId id, Draft draft) { creations.push_back({id, std::move(draft)}); }
void Transaction::join(ObjectId id, std::vector<ObjectId> parts) { joins.push_back({id, std::move(parts)}); }
void Transaction::remove(ObjectId id) { removals.push_back(id); }

bool Transaction::empty() const noexcept {
  return requirements.empty() && puts.empty() && erasures.empty() && creations.empty() && joins.empty() &&
         removals.empty();
}

}  // namespace millrace::store
