// Who asks: a tenant, the key it came with, and what that key may do. Doors get one from Tenants and hand its tenant to
// every service; a thing of another tenant is kNotFound. A plain value for any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::media {

enum class Scope : std::uint32_t {
  kUploads = 1u << 0,
  kImports = 1u << 1,
  kDownloads = 1u << 2,
  kAssets = 1u << 3,
  kAssetsPublish = 1u << 4,
  kAssetsDelete = 1u << 5,
  kWebhooks = 1u << 6,
  kAdmin = 1u << 7,  // keys, tenant settings
};

// A set of scopes, one bit each; fits a record and a token.
using Scopes = std::uint32_t;
inline constexpr Scopes kAllScopes = (1u << 8) - 1;

struct Principal {
  std::string tenant;
  std::string key_id;
  Scopes scopes = 0;

  bool may(Scope scope) const noexcept { return (scopes & static_cast<Scopes>(scope)) != 0; }
};

// "uploads", "assets_publish", ... in the order of the enum.
std::vector<std::string> scope_words(Scopes scopes);
std::optional<Scope> parse_scope(std::string_view word);

}  // namespace millrace::media
