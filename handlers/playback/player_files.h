// The files of the player's page, built into the program (embed.py): player.js and player.css from web/, and hls.js
// from npm as web/package-lock.json pins it.
#pragma once

#include <string_view>

namespace millrace::handlers::playback {

struct PlayerFile {
  std::string_view name;
  std::string_view content_type;
  std::string_view version;  // changes with the text
  std::string_view text;
};

// Null when there is none of this name.
const PlayerFile* player_file(std::string_view name);

}  // namespace millrace::handlers::playback
