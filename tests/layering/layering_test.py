"""Holds the architecture: which folder may include which, one door per third-party library, and the style that keeps
files readable. The tables below are the rule; a change of architecture is a change here first."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE_FOLDERS = ("server", "store", "media", "handlers")
LINES_MAX = 400

# A folder may include itself and what stands here: folders, or single headers where only those are meant.
MAY_INCLUDE = {
    "server/rt": [],
    "server/http": ["server/rt"],
    "server/net": ["server/rt"],
    "server/outbound": ["server/net/networks.h", "server/rt"],
    "server/h2": ["server/http", "server/net", "server/rt"],
    "server/h1": ["server/http", "server/net", "server/rt"],
    "server/ops": ["server/http", "server/rt"],
    "store": ["server/rt"],
    "media": ["store", "server/outbound", "server/rt", "server/http/json.h", "server/http/absent.h",
              "server/http/crypto.h", "server/http/date.h", "server/http/utf8.h"],
    "handlers": ["server/http", "media", "store", "server/rt"],
}

# Library: how its headers begin, and the files that are its doors.
DOORS = {
    "libuv": (r"uv\.h|uv/", ["server/rt/", "server/net/", "server/outbound/", "media/jail/process"]),
    "libcurl": (r"curl/", ["server/outbound/"]),
    "nghttp2": (r"nghttp2/", ["server/h2/"]),
    "OpenSSL, TLS": (r"openssl/(ssl|bio|x509|pem)", ["server/net/tls"]),
    "OpenSSL, digests": (r"openssl/(?!ssl|bio|x509|pem|err)", ["server/http/crypto", "server/net/tls"]),
    "Boost": (r"boost/", ["server/h1/parser"]),
    "RocksDB": (r"rocksdb/", ["store/index_rocksdb"]),
    "xxHash": (r"xxhash", ["store/hash", "media/buckets/checksum_hasher"]),
    "libseccomp": (r"seccomp\.h", ["media/jail/syscall_filter"]),
    "protobuf": (r"google/protobuf|[\w/]+\.pb\.h", ["store/codec", "media/records/codec"]),
    "zlib": (r"zlib", ["media/archives/deflate"]),
    "pugixml": (r"pugixml", ["server/http/xml"]),
    "nlohmann": (r"nlohmann/", ["server/http/json"]),
    "toml++": (r"toml\+\+", ["server/ops/"]),
    "CLI11": (r"CLI/", ["server/ops/"]),
    "spdlog": (r"spdlog/", ["server/ops/"]),
    "prometheus": (r"prometheus/", ["server/ops/"]),
}

BANNED = [r"\bTODO\b", r"\bFIXME\b", r"\bXXX\b", r"\bHACK\b", r"using namespace std;", r"#ifndef \w+_H_?\b"]


def sources(*folders, suffixes=(".cc", ".h")):
    return sorted(p for folder in folders for p in (ROOT / folder).rglob("*") if p.suffix in suffixes)


def relative(path):
    return path.relative_to(ROOT).as_posix()


def folder_of(name):
    """The entry of the table a file belongs to; None for the wiring and for what is outside the layers."""
    owners = [folder for folder in MAY_INCLUDE if name.startswith(folder + "/")]
    return max(owners, key=len, default=None)


def includes(path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found[1] == '"', found[2]


def is_allowed(folder, included):
    return any(included.startswith(f"{each}/") or included == each for each in [folder, *MAY_INCLUDE[folder]])


ALL = sources(*CODE_FOLDERS)


def test_there_is_something_to_hold():
    assert ALL


def test_every_folder_is_in_the_table():
    wiring = re.compile(r"server/(main\.cc|app(_\w+)?\.(h|cc))")
    strays = [relative(p) for p in ALL if not folder_of(relative(p)) and not wiring.fullmatch(relative(p))]
    assert not strays, strays


@pytest.mark.parametrize("folder", MAY_INCLUDE)
def test_folder_includes_only_what_lies_below(folder):
    wrong = [f"{relative(path)}:{number} includes {included}"
             for path in ALL if folder_of(relative(path)) == folder
             for number, quoted, included in includes(path)
             if quoted and not included.endswith(".pb.h") and not is_allowed(folder, included)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", DOORS)
def test_library_has_one_door(library):
    header, doors = DOORS[library]
    wrong = [f"{relative(path)}:{number} includes {included}"
             for path in ALL for number, _, included in includes(path)
             if re.match(header, included) and not relative(path).startswith(tuple(doors))]
    assert not wrong, "\n".join(wrong)


def test_handlers_see_no_protocol_and_no_library():
    wrong = [f"{relative(path)}:{number} includes {included}"
             for path in sources("handlers") for number, _, included in includes(path)
             if re.match(r"uv|nghttp2|openssl|boost|rocksdb|server/(h1|h2|net)/", included)]
    assert not wrong, "\n".join(wrong)


def test_our_headers_are_named_from_the_root():
    wrong = [f"{relative(path)}:{number} includes {included}"
             for path in sources(*CODE_FOLDERS, "tests") for number, quoted, included in includes(path)
             if quoted and not included.endswith(".pb.h") and not (ROOT / included).exists()]
    assert not wrong, "\n".join(wrong)


def test_headers_begin_with_prose_and_a_guard():
    wrong = [relative(p) for p in sources(*CODE_FOLDERS, suffixes=(".h",))
             if "#pragma once" not in p.read_text() or not p.read_text().startswith("//")]
    assert not wrong, wrong


def test_sources_begin_with_prose():
    """A source without a header of its own must say itself what it is."""
    wrong = [relative(p) for p in ALL if not p.read_text().startswith("//") and not p.with_suffix(".h").exists()]
    assert not wrong, wrong


def test_tests_mirror_the_tree():
    """A unit test stands where its subject stands: tests/store/committer_test.cc has a store/committer.*."""
    wrong = []
    for path in sources(*(f"tests/{folder}" for folder in CODE_FOLDERS), suffixes=(".cc",)):
        if path.name.endswith("_test.cc"):
            folder = ROOT / path.parent.relative_to(ROOT / "tests")
            if not folder.is_dir():
                wrong.append(relative(path))
    assert not wrong, wrong


def test_no_banned_words():
    wrong = [f"{relative(path)}: {word}" for path in sources(*CODE_FOLDERS, "tests", "bench") for word in BANNED
             if re.search(word, path.read_text())]
    assert not wrong, "\n".join(wrong)


def test_files_are_of_one_idea():
    long = [f"{relative(p)}: {count} lines" for p in ALL if (count := len(p.read_text().splitlines())) > LINES_MAX]
    assert not long, "\n".join(long)


def test_no_folder_for_leftovers():
    assert not [p for folder in CODE_FOLDERS for p in (ROOT / folder).rglob("*")
                if p.is_dir() and p.name in ("util", "utils", "common", "misc", "helpers")]
