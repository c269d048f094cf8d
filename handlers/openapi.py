"""Joins the pieces of the API document (openapi.yaml here and in each door's folder) into one JSON text and writes it
as a C++ source: openapi.py OUTPUT VERSION PIECE..."""

import json
import sys
from pathlib import Path

import yaml

# A raw string literal may be limited to 64 KiB; neighbours are joined by the compiler.
LITERAL_CHARACTERS = 16_000


def named(value):
    """The same with text as names: YAML reads 200 as a number."""
    if isinstance(value, dict):
        empty = [name for name, member in value.items() if member is None]
        if empty:
            sys.exit(f"a member without a value, or a comma in a text without quotes: {empty}")
        return {str(name): named(member) for name, member in value.items()}
    return [named(item) for item in value] if isinstance(value, list) else value


def join(whole, piece, where):
    """Adds a piece; what two pieces say must be objects or lists in both."""
    for name, value in piece.items():
        place = f"{where}/{name}"
        if name not in whole:
            whole[name] = value
        elif isinstance(value, dict) and isinstance(whole[name], dict):
            join(whole[name], value, place)
        elif isinstance(value, list) and isinstance(whole[name], list):
            whole[name] += value
        else:
            sys.exit(f"two pieces of the API document say {place}")


def document(version, pieces):
    whole = {}
    for piece in pieces:
        content = named(yaml.safe_load(Path(piece).read_text()))
        join(whole, {name: value for name, value in content.items() if not name.startswith("x-")}, "")
    whole["info"]["version"] = version
    return whole


def literals(text):
    parts = [text[at:at + LITERAL_CHARACTERS] for at in range(0, len(text), LITERAL_CHARACTERS)]
    return "\n".join(f'R"openapi({part})openapi"' for part in parts)


def main(output, version, *pieces):
    text = json.dumps(document(version, pieces), separators=(",", ":"))
    Path(output).write_text('#include "handlers/openapi.h"\n\n'
                            "namespace millrace::handlers {\n\n"
                            f"std::string_view openapi_text() {{\n  return {literals(text)};\n}}\n\n"
                            "}  // namespace millrace::handlers\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
