"""Every shell example in README.md is run, in its order, in one shell against one server; those of "Use it with" have a
test of their own (test_use_it_with.py).

Blocks marked `sh` are run as they stand, with the address and the data directory of a test server in place of the
defaults; blocks marked `console` (what only a person with root should type) are checked for the commands they name.
"""

import re
import shutil
import subprocess
import zipfile

import pytest

from harness import BINARY, ROOT, clips, serving

README = (ROOT / "README.md").read_text()


def blocks(language):
    elsewhere = re.sub(r"^## Use it with$.*?(?=^## )", "", README, flags=re.S | re.M)
    return re.findall(rf"```{language}\n(.*?)```", elsewhere, re.S)


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """A folder with the things the examples use under their names, and a function that adapts a text to them."""
    folder = tmp_path_factory.mktemp("readme")
    video = next(c for c in clips(tmp_path_factory.mktemp("clips")) if c.suffix in (".mp4", ".mkv"))
    shutil.copy(video, folder / "clip.mp4")
    with serving(folder / "server", env={"MILLRACE_MEDIA_RENDITIONS": "true"}) as server:
        def adapt(text):
            text = text.replace("127.0.0.1:8080", server.listen).replace("build/data", str(server.data))
            return text.replace("build/release/millrace", str(BINARY))
        yield folder, adapt


def test_there_are_examples():
    assert blocks("sh") and "/v2/uploads" in "".join(blocks("sh"))


def test_examples_run(shell):
    folder, adapt = shell
    script = adapt("\n".join(block for block in blocks("sh") if "./dev" not in block))
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=folder, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^HTTP/\S+ 308\b.*?^range: bytes=0-99999\r?$", done.stdout, re.M | re.S | re.I), done.stdout
    assert (folder / "again.mp4").read_bytes() == (folder / "clip.mp4").read_bytes()
    assert "#EXT-X-STREAM-INF" in done.stdout
    with zipfile.ZipFile(folder / "film.zip") as archive:
        assert [archive.read(name) for name in archive.namelist()] == [(folder / "clip.mp4").read_bytes()]


def test_commands_exist():
    usage = subprocess.run([ROOT / "dev", "help"], capture_output=True, text=True, check=True).stdout
    for command in set(re.findall(r"\./dev (\w+)", README)):
        assert re.search(rf"^  (\w+, )*{command}\b", usage, re.M), command


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
