#include "handlers/playback/page.h"

#include <fmt/format.h>

#include <algorithm>

#include "handlers/playback/access.h"
#include "handlers/playback/escape.h"
#include "handlers/playback/player_files.h"
#include "handlers/playback/text_response.h"
#include "handlers/refusal.h"
#include "server/http/url.h"

namespace millrace::handlers::playback {
namespace {

using media::MediaType;
using media::Playable;
using media::Rendition;
using media::RenditionKind;

constexpr const char* kPageType = "text/html; charset=utf-8";
// hls.js plays from memory, by addresses of the kind blob:, and makes its subtitle tracks with an empty file as data:.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'";

void protect(http::Fields& fields) {
  fields.add("content-security-policy", kPolicy);
  fields.add("referrer-policy", "no-referrer");
}

std::string player_address(std::string_view name) {
  const PlayerFile* file = player_file(name);
  return fmt::format("/player/{}?v={}", name, file ? file->version : "");
}

std::string document_of(std::string_view title, std::string_view scripts, std::string_view content) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{0}</title>\n"
      "<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" "
      "href=\"{1}\">\n{2}</head>\n<body>\n<main>\n<h1>{0}</h1>\n{3}</main>\n</body>\n</html>\n",
      escaped(title), player_address("player.css"), scripts, content);
}

const Rendition* first_of(const Playable& playable, RenditionKind kind) {
  const auto found = std::ranges::find(playable.renditions, kind, &Rendition::kind);
  return found == playable.renditions.end() ? nullptr : &*found;
}

// An attribute with the address of a rendition's file; nothing when there is none.
std::string attribute(std::string_view name, const Rendition* file, const std::string& base, const std::string& query) {
  if (!file) return {};
  const std::string address = base + "/" + http::percent_encode(file->name + "." + file->extension) + query;
  return fmt::format(" {}=\"{}\"", name, escaped(address));
}

constexpr std::string_view kChoices =
    "<div class=\"choices\">\n"
    "<label hidden>Quality <select id=\"quality\"></select></label>\n"
    "<label hidden>Subtitles <select id=\"subtitles\"></select></label>\n</div>\n"
    "<p id=\"message\" role=\"alert\" hidden></p>\n"
    "<noscript><p>This player needs JavaScript.</p></noscript>\n";

std::string player_of(const Playable& playable, const std::string& base, const std::string& query) {
  const bool sound = playable.media.type == MediaType::kAudio;
  const bool streams = std::ranges::any_of(playable.renditions, [](const Rendition& each) { return !is_file(each); });
  const Rendition* file = first_of(playable, sound ? RenditionKind::kAudio : RenditionKind::kVideo);
  std::string attributes = attribute("data-file", file, base, query);
  if (streams) attributes += fmt::format(" data-hls=\"{}\"", escaped(base + "/master.m3u8" + query));
  if (!sound) {
    attributes += attribute("poster", first_of(playable, RenditionKind::kThumbnail), base, query) + " playsinline";
  }
  return fmt::format("<{0} id=\"player\" controls preload=\"metadata\" aria-label=\"{1}\"{2}></{0}>\n{3}",
                     sound ? "audio" : "video", escaped(playable.media.title), attributes, kChoices);
}

std::string picture_of(const Playable& playable, const std::string& base, const std::string& query) {
  const Rendition* picture = first_of(playable, RenditionKind::kImage);
  if (!picture) picture = first_of(playable, RenditionKind::kThumbnail);
  if (!picture) return "<p>There is nothing to see of this media.</p>\n";
  return fmt::format("<img alt=\"{}\"{}>\n", escaped(playable.media.title), attribute("src", picture, base, query));
}

}  // namespace

std::string page_text(const Playable& playable, const std::string& base, const std::string& query) {
  const MediaType type = playable.media.type;
  if (type != MediaType::kVideo && type != MediaType::kAudio) {
    return document_of(playable.media.title, "", picture_of(playable, base, query));
  }
  const std::string scripts = fmt::format("<script src=\"{}\" defer></script>\n<script src=\"{}\" defer></script>\n",
                                          player_address("hls.js"), player_address("player.js"));
  return document_of(playable.media.title, scripts, player_of(playable, base, query));
}

void show_refusal(http::Response& response, const rt::Error& error) {
  const std::string text = "<p role=\"alert\">" + escaped(public_message(error)) + "</p>\n";
  std::string page = document_of("This cannot be played", "", text);
  response.fields.set("content-type", kPageType);
  response.content_length = page.size();
  response.body = std::move(page);
  protect(response.fields);
}

Answer get_page(Services& services, http::Exchange& exchange) {
  auto entry = co_await admitted(services, exchange);
  if (!entry) co_return rt::pass(entry);
  const std::string base = "/play/" + http::percent_encode(exchange.params[0]);
  std::string text = page_text(*entry->playable, base, entry->query);
  auto response = text_response(exchange.request, {kPageType, std::move(text), changing(entry->is_public())});
  if (response) protect(response->fields);
  co_return response;
}

Answer get_player_file(Services&, http::Exchange& exchange) {
  const PlayerFile* file = player_file(exchange.params[0]);
  if (!file) co_return rt::fail(rt::Code::kNotFound, "there is nothing at this path");
  const bool versioned = exchange.request.query() == "v=" + std::string(file->version);
  Text text{std::string(file->content_type), std::string(file->text), versioned ? unchanging(true) : changing(true)};
  co_return text_response(exchange.request, std::move(text));
}

}  // namespace millrace::handlers::playback
