// The public words of the enumerations that several doors show, so that every door says the same.
#include "media/catalog/media.h"
#include "media/jobs/jobs.h"
#include "media/tenants/principal.h"
#include "media/uploads/upload.h"

namespace millrace::media {
namespace {

constexpr std::string_view kScopeWords[] = {"uploads",        "imports",       "downloads", "assets",
                                            "assets_publish", "assets_delete", "webhooks",  "admin"};
constexpr std::string_view kUploadStates[] = {"created", "uploading", "completed", "cancelled", "failed", "expired"};
constexpr std::string_view kUploadTypes[] = {"put", "multipart", "tus", "form", "phased"};
constexpr std::string_view kPolicies[] = {"public", "signed"};
constexpr std::string_view kOrigins[] = {"direct_upload", "url", "console"};
constexpr std::string_view kMediaTypes[] = {"", "video", "audio", "image", "document"};
constexpr std::string_view kMediaStatuses[] = {"preparing", "ready", "errored", "softDeleted"};
constexpr std::string_view kJobStates[] = {"queued", "running", "done", "failed", "cancelled"};

template <std::size_t n, class Enum>
std::string_view pick(const std::string_view (&words)[n], Enum value) {
  const auto index = static_cast<std::size_t>(value);
  return index < n ? words[index] : std::string_view();
}

}  // namespace

std::string_view word(UploadState state) { return pick(kUploadStates, state); }
std::string_view word(UploadType type) { return pick(kUploadTypes, type); }
std::string_view word(PlaybackPolicy policy) { return pick(kPolicies, policy); }
std::string_view word(Origin origin) { return pick(kOrigins, origin); }
std::string_view word(MediaType type) { return pick(kMediaTypes, type); }
std::string_view word(MediaStatus status) { return pick(kMediaStatuses, status); }
std::string_view word(JobState state) { return pick(kJobStates, state); }

std::optional<UploadType> parse_upload_type(std::string_view text) {
  for (const UploadType type : {UploadType::kPut, UploadType::kMultipart, UploadType::kTus}) {
    if (word(type) == text) return type;
  }
  return std::nullopt;
}

std::optional<PlaybackPolicy> parse_policy(std::string_view text) {
  if (text == word(PlaybackPolicy::kPublic)) return PlaybackPolicy::kPublic;
  if (text == word(PlaybackPolicy::kSigned)) return PlaybackPolicy::kSigned;
  return std::nullopt;
}

std::vector<std::string> scope_words(Scopes scopes) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < std::size(kScopeWords); ++i) {
    if (scopes & (1u << i)) words.emplace_back(kScopeWords[i]);
  }
  return words;
}

std::optional<Scope> parse_scope(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kScopeWords); ++i) {
    if (kScopeWords[i] == text) return static_cast<Scope>(1u << i);
  }
  return std::nullopt;
}

}  // namespace millrace::media
