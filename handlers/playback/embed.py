"""Writes the files of the player's page as a C++ source: embed.py OUTPUT NAME=FILE..."""

import hashlib
import re
import sys
from pathlib import Path

# A raw string literal may be limited to 64 KiB; neighbours are joined by the compiler.
LITERAL_CHARACTERS = 16_000
TYPES = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8"}


def literals(text):
    assert ')player"' not in text
    parts = [text[at:at + LITERAL_CHARACTERS] for at in range(0, len(text), LITERAL_CHARACTERS)]
    # With its length, which the compiler would otherwise count at every character's cost.
    return "\n".join(f'R"player({part})player"' for part in parts) + "sv"


def entry(name, file):
    # The map is not served.
    text = re.sub(r"\n//# sourceMappingURL=\S+\s*$", "\n", Path(file).read_text())
    version = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f'{{"{name}", "{TYPES[Path(name).suffix]}", "{version}", {literals(text)}}}'


def main(output, *files):
    entries = ",\n".join(entry(*each.split("=", 1)) for each in files)
    Path(output).write_text(f"""#include "handlers/playback/player_files.h"

namespace millrace::handlers::playback {{

using namespace std::string_view_literals;

static constexpr PlayerFile kFiles[] = {{
{entries}}};

const PlayerFile* player_file(std::string_view name) {{
  for (const PlayerFile& file : kFiles) {{
    if (file.name == name) return &file;
  }}
  return nullptr;
}}

}}  // namespace millrace::handlers::playback
""")


if __name__ == "__main__":
    main(*sys.argv[1:])
