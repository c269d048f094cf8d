#include "media/events/webhook.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace millrace::media {
namespace {

constexpr std::array<std::string_view, 19> kNames = {
    "upload.created", "upload.completed", "upload.cancelled", "upload.expired", "upload.failed",
    "media.created",  "media.updated",    "media.deleted",    "media.restored", "media.ready",
    "media.errored",  "import.completed", "import.failed",    "download.ready", "download.failed",
    "asset.created",  "asset.changed",    "asset.deleted",    kPingEvent};

// What the assets door calls what happens to a media.
constexpr std::pair<std::string_view, std::string_view> kAssetNames[] = {
    {"media.created", "asset.created"}, {"media.updated", "asset.changed"},  {"media.ready", "asset.changed"},
    {"media.errored", "asset.changed"}, {"media.restored", "asset.changed"}, {"media.deleted", "asset.deleted"}};

bool is_of_kind(std::string_view name, std::string_view pattern) {
  return pattern.ends_with(".*") && name.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool is_known(std::string_view pattern) {
  if (pattern == "*" || std::ranges::find(kNames, pattern) != kNames.end()) return true;
  return std::ranges::any_of(kNames, [&](std::string_view name) { return is_of_kind(name, pattern); });
}

}  // namespace

rt::Status check_event_names(const std::vector<std::string>& names) {
  const auto invalid = [](std::string why) { return rt::fail(rt::Code::kInvalid, std::move(why), "events"); };
  if (names.empty()) return invalid("name at least one event, or *");
  if (names.size() > kWebhookNamesMax) return invalid(fmt::format("more than {} names", kWebhookNamesMax));
  for (const std::string& name : names) {
    if (!is_known(name)) return invalid("there is no event \"" + name + "\"");
  }
  return {};
}

bool names_event(const std::vector<std::string>& names, std::string_view type) {
  return std::ranges::any_of(names, [&](const std::string& name) { return name == type || is_of_kind(type, name); });
}

bool wants(const Webhook& webhook, std::string_view type) {
  return names_event(webhook.events, type) || std::ranges::find(webhook.events, "*") != webhook.events.end();
}

std::optional<std::string> wanted_as_asset(const Webhook& webhook, std::string_view type) {
  for (const auto& [media_name, asset_name] : kAssetNames) {
    if (type == media_name && names_event(webhook.events, asset_name)) return std::string(asset_name);
  }
  return std::nullopt;
}

}  // namespace millrace::media
