// The public words of our enumerations; one place, so that every door says the same.
#include "media/jobs.h"
#include "media/media.h"
#include "media/principal.h"
#include "media/upload.h"

namespace millrace::media {
namespace {

constexpr std::string_view kScopeWords[] = {"uploads",        "imports",       "downloads", "assets",
                                            "assets_publish", "assets_delete", "webhooks",  "admin"};
constexpr std::string_view kUploadStates[] = {"created", "uploading", "completed", "cancelled", "failed", "expired"};
constexpr std::string_view kUploadTypes[] = {"put", "multipart", "tus"};
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
std::string_view word(MediaType type) { return pick(kMediaTypes, type); }
std::string_view word(MediaStatus status) { return pick(kMediaStatuses, status); }
std::string_view word(JobState state) { return pick(kJobStates, state); }

std::optional<UploadType> parse_upload_type(std::string_view text) {
  for (std::size_t i = 0; i < std::size(kUploadTypes); ++i) {
    if (kUploadTypes[i] == text) return static_cast<UploadType>(i);
  }
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
