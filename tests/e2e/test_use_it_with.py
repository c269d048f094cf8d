"""Each example of "Use it with" in README.md is run as it stands, with the address and the data directory of a test
server in place of the defaults, and the file it sends is read back through another door."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import ROOT, clips, serving, wait_until
from node import installed
from test_s3 import client
from test_s3_clients import fuse_is_missing

SECTION = re.search(r"^## Use it with$(.*?)^## ", (ROOT / "README.md").read_text(), re.S | re.M)[1]
SHARED = re.search(r"```sh\n(.*?)```", SECTION, re.S)[1]
EXAMPLES = {name: (language, text)
            for name, language, text in re.findall(r"^\*\*(.+?)\*\*.*?```(\w+)\n(.*?)```", SECTION, re.S | re.M)}
PROGRAMS = {"python": f"{sys.executable} example.python", "js": "node example.js"}


class Place:
    """A folder with the clip and the packages of the clients, and a server whose address the examples get."""

    def __init__(self, folder, server):
        self.folder, self.server, self.api = folder, server, server.api()
        self.clip = (folder / "clip.mp4").read_bytes()

    def adapted(self, text):
        host, port = self.server.address
        for usual, here in [("127.0.0.1:8080", self.server.listen), ("port: 8080", f"port: {port}"),
                            ("build/data", str(self.server.data))]:
            text = text.replace(usual, here)
        return text

    def run(self, language, text):
        """What the example printed; what the shared part did is not of interest."""
        if language in PROGRAMS:
            (self.folder / f"example.{language}").write_text(self.adapted(text))
            text = PROGRAMS[language]
        script = f"{{\n{SHARED}}} >/dev/null\n{text}"
        env = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        env |= {"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true",
                "PATH": f"{Path(sys.executable).parent}:{env['PATH']}"}
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", self.adapted(script)], cwd=self.folder, env=env,
                              capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def has_object(self, key):
        body = client(self.server).get_object(Bucket="films", Key=key)["Body"].read()
        return body == self.clip

    def has_media(self, media_id):
        return self.api.original(media_id).content == self.clip

    def has_media_named(self, name):
        found = [item["id"] for item in self.api.call("GET", "/v2/media?perPage=50")["items"] if item["fileName"] == name]
        return len(found) == 1 and self.has_media(found[0])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("use")
    video = next(c for c in clips(tmp_path_factory.mktemp("clips")) if c.suffix in (".mp4", ".mkv"))
    shutil.copy(video, folder / "clip.mp4")
    (folder / "package.json").write_text('{"type": "module"}')
    modules = folder / "node_modules"
    modules.mkdir()
    for packages in ("s3_js", "tus_js"):
        for package in (installed(packages) / "node_modules").iterdir():
            if not (modules / package.name).exists():
                (modules / package.name).symlink_to(package)
    with serving(folder / "server") as server:
        yield Place(folder, server)


SEEN = {
    "AWS CLI": lambda place, _: place.has_object("aws.mp4"),
    "boto3": lambda place, _: place.has_object("boto3.mp4"),
    "@aws-sdk/client-s3": lambda place, _: place.has_object("aws-sdk.mp4"),
    "MinIO's JavaScript client": lambda place, _: place.has_object("minio.mp4"),
    "rclone": lambda place, _: place.has_object("rclone.mp4"),
    "s3cmd": lambda place, _: place.has_object("s3cmd.mp4"),
    "s3fs": lambda place, _: place.has_object("s3fs.mp4"),
    "curl": lambda place, _: place.has_object("curl.mp4"),
    "Temporary credentials": lambda place, output: place.has_media(json.loads(output)["data"]["mediaId"]),
    "tus-js-client": lambda place, _: place.has_media_named("tus-js.mp4"),
    "tuspy": lambda place, _: place.has_media_named("tuspy.mp4"),
    "Resumable uploads of the IETF draft": lambda place, output: place.has_media(json.loads(output)["mediaId"]),
    "A form": lambda place, output: wait_until(lambda: place.has_media(json.loads(output)["data"]["id"]), "the media"),
    "v1": lambda place, output: place.api.raw("GET", json.loads(output)["source_url"]).content == place.clip,
    "assets": lambda place, output: place.has_media(json.loads(output)["id"]),
}


def test_every_example_is_known():
    assert EXAMPLES.keys() == SEEN.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(place, name):
    if name == "s3fs" and fuse_is_missing():
        pytest.skip(fuse_is_missing())
    output = place.run(*EXAMPLES[name])
    assert SEEN[name](place, output), output
