"""What survives: kill -9 in the middle of uploads, a lost index, a full disk, a flipped bit.

The rule in all of them: an acknowledged byte is there, nothing else shows, and damaged bytes are never served as good.
"""

import contextlib
import hashlib
import os
import random
import shutil
import subprocess
import threading
import time
from dataclasses import dataclass, field

import httpx
import pytest

from harness import H1, KIB, MIB, Server, check, noise, serving, wait_until

ROUNDS = 10
WRITERS = 4


# --- kill -9 ---

@dataclass
class Sent:
    """One upload as its client saw it: what was acknowledged is set."""
    seed: str
    size: int
    id: str = None
    stored: bool = False
    media: str = None
    tried: bool = field(default=False)

    @property
    def content(self):
        return noise(self.size, self.seed)


class Writer(threading.Thread):
    """Uploads until the server dies under it."""

    def __init__(self, server, seed):
        super().__init__()
        self.api, self.random, self.seed, self.sent = server.api(), random.Random(seed), seed, []

    def run(self):
        with contextlib.suppress(httpx.TransportError):
            while True:
                self.upload_one()

    def upload_one(self):
        one = Sent(f"{self.seed}/{len(self.sent)}", self.random.choice([10 * KIB, 700 * KIB, 5 * MIB]))
        self.sent.append(one)
        upload = self.api.create()
        one.id = upload["id"]
        one.tried = True
        assert self.api.put(upload, one.content).is_success
        one.stored = True
        if self.random.random() < 0.7:
            one.media = self.api.complete(upload)["mediaId"]


def crash_round(server, number):
    server.start()
    writers = [Writer(server, f"round {number} writer {n}") for n in range(WRITERS)]
    [w.start() for w in writers]
    time.sleep(random.Random(number).uniform(0.2, 0.9))
    server.kill()
    [w.join() for w in writers]
    return [one for w in writers for one in w.sent]


def assert_survived(api, one):
    if one.media:
        digest = hashlib.sha256(api.original(one.media).content).digest()
        assert digest == hashlib.sha256(one.content).digest(), f"acknowledged media {one.media} differs"
    elif one.stored:
        upload = api.upload(one.id)
        assert upload["bytesReceived"] == one.size, "acknowledged bytes are missing"
        if upload["state"] != "completed":
            assert api.original(api.complete(upload)["mediaId"]).content == one.content
    elif one.id:
        upload = api.upload(one.id)
        assert upload["state"] in ("created", "uploading") and upload["bytesReceived"] <= one.size
        assert api.raw("POST", f"/v2/uploads/{one.id}/complete").status_code == 409 or upload["bytesReceived"] == one.size


@pytest.mark.timeout(240)
def test_kill_in_the_middle_of_uploads(tmp_path):
    server, acknowledged = Server(tmp_path / "crash"), []
    for number in range(ROUNDS):
        sent = crash_round(server, number)
        acknowledged += [one for one in sent if one.media]
        report = check(server.data)
        assert report.returncode == 0, f"round {number}: {report.stdout}{report.stderr}"
        server.start()
        api = server.api()
        for one in sent:
            assert_survived(api, one)
        server.kill()
    assert acknowledged, "no round got as far as an acknowledged media"
    server.start()
    for one in acknowledged:
        assert_survived(server.api(), one)
    assert server.stop() == 0
    assert check(server.data).returncode == 0


def test_kill_while_idle_loses_nothing(tmp_path):
    server = Server(tmp_path / "idle").start()
    content = noise(3 * MIB, "idle")
    media = server.api().ingest(content)["mediaId"]
    server.kill()
    server.start()
    assert server.api().original(media).content == content
    assert server.stop() == 0


# --- a lost index ---

def test_index_is_rebuilt_from_the_segments(tmp_path):
    server = Server(tmp_path / "lost").start()
    api = server.api()
    contents = {api.ingest(noise(size, f"lost {size}"))["mediaId"]: noise(size, f"lost {size}")
                for size in (100, 300 * KIB, 9 * MIB)}
    open_upload = api.create()
    api.put(open_upload, noise(2 * MIB, "open"))
    key = server.admin["key"]
    assert server.stop() == 0
    shutil.rmtree(server.data / "index")
    assert check(server.data).returncode != 0, "a store without its index is not clean"
    repaired = check(server.data, "--repair")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert check(server.data).returncode == 0
    server.start()
    assert server.admin["key"] == key
    for media, content in contents.items():
        assert server.api().original(media).content == content
    assert server.api().upload(open_upload["id"])["bytesReceived"] == 2 * MIB
    assert server.stop() == 0


# --- a full disk ---

@contextlib.contextmanager
def small_disk(folder):
    """A file system of 256 MiB as root; otherwise the one at hand, with a limit that makes it look as small."""
    folder.mkdir()
    if os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256m", "tmpfs", folder]).returncode == 0:
        try:
            yield folder, {"MILLRACE_STORE_FREE_SPACE_MIN_BYTES": str(32 * MIB), "MILLRACE_STORE_SEGMENT_BYTES": str(64 * MIB)}
        finally:
            subprocess.run(["umount", "-l", folder], check=True)
    else:
        free = shutil.disk_usage(folder).free
        yield folder, {"MILLRACE_STORE_FREE_SPACE_MIN_BYTES": str(free - 256 * MIB), "MILLRACE_STORE_SEGMENT_BYTES": str(64 * MIB)}


def test_full_disk_refuses_writes_and_recovers(tmp_path):
    with small_disk(tmp_path / "disk") as (disk, env):
        server = Server(tmp_path / "server", data=disk / "data", env=env).start()
        try:
            fill_and_free(server, disk / "ballast")
            assert server.stop() == 0
            assert check(server.data).returncode == 0
        finally:
            server.kill()


def fill_and_free(server, ballast):
    api, content = server.api(), noise(5 * MIB, "before")
    media = api.ingest(content)["mediaId"]
    with ballast.open("wb") as file:
        with contextlib.suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, 200 * MIB)
    responses = [try_upload(api, n) for n in range(12)]
    full = [r for r in responses if r.status_code == 507]
    assert full and all(r.is_success or r.status_code == 507 for r in responses), [r.status_code for r in responses]
    assert api.original(media).content == content, "reads go on"
    assert httpx.get(f"{server.base}/healthz").status_code == 200
    ballast.unlink()
    wait_until(lambda: try_upload(api, "again").is_success, "uploads to work again")
    content = noise(5 * MIB, "after")
    assert api.original(api.ingest(content)["mediaId"]).content == content


def try_upload(api, name):
    response = api.raw("POST", "/v2/uploads", json={"fileName": "full.bin", "type": "put"})
    if response.status_code == 201:
        response = api.put(response.json()["data"], noise(10 * MIB, f"full {name}"))
    return response


# --- a segment cut short ---

@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
def test_segment_cut_short_under_a_download_ends_that_download_alone(tmp_path, tls):
    """Stands for a page that the disk cannot bring back: it was verified, then it is gone."""
    with serving(tmp_path / "cut") as server:
        api, content, other = server.api(), noise(40 * MIB, "cut"), noise(MIB // 2, "cut/other")
        sound, media = (api.ingest(c)["mediaId"] for c in (other, content))
        api.settled(media)
        segment = server.data / "seg-00000001.mrs"
        with H1(server.tls_address if tls else server.address, tls=tls) as client:
            client.request("GET", f"/v2/media/{media}/original", {"Authorization": f"Bearer {server.admin['key']}"})
            status, _ = client.head()
            assert status == 200
            time.sleep(0.5)  # the server has filled what the client's window takes
            os.truncate(segment, 2 * MIB)
            got = b""
            with contextlib.suppress(OSError):
                while piece := client.reader.read1(MIB):
                    got += piece
        assert len(got) < len(content) and content.startswith(got)
        assert server.process.poll() is None
        status, body = fetch(api, media)
        assert status != 200 or body is None
        assert fetch(api, sound) == (200, other)
        assert segment.name in server.log()


# --- a flipped bit ---

def flip(data, marker):
    """Changes one bit of stored content and tells which file holds it."""
    for path in sorted(p for p in data.rglob("*") if p.is_file()):
        at = path.read_bytes().find(marker)
        if at >= 0:
            with path.open("r+b") as file:
                file.seek(at)
                file.write(bytes([marker[0] ^ 1]))
            return path
    raise AssertionError("the content is nowhere on disk")


def fetch(api, media, **headers):
    """The status and body of a download; None for one that was cut off."""
    try:
        response = api.original(media, **headers)
    except httpx.TransportError:
        return None, None
    return response.status_code, response.content


def test_flipped_bit_is_never_served(tmp_path):
    server = Server(tmp_path / "flip").start()
    content, other = noise(24 * MIB, "flip"), noise(MIB, "sound")
    media, sound = (server.api().ingest(c)["mediaId"] for c in (content, other))
    assert server.stop() == 0
    damaged = flip(server.data, content[20 * MIB:20 * MIB + 64])
    report = check(server.data)
    assert report.returncode != 0 and damaged.name in report.stdout + report.stderr
    server.start()
    api = server.api()
    status, body = fetch(api, media)
    assert status != 200 or body is None, "damaged bytes were served as good"
    status, body = fetch(api, media, Range=f"bytes={20 * MIB}-{20 * MIB + 99}")
    assert status not in (200, 206)
    assert fetch(api, media, Range="bytes=0-999") == (206, content[:1000])
    assert fetch(api, sound) == (200, other)
    assert damaged.name in server.log(), "the log must name what is damaged"
    assert any("damage" in line and not line.endswith(" 0") for line in metric_lines(server))
    assert server.stop() == 0


def metric_lines(server):
    return [line for line in httpx.get(f"{server.base}/metrics").text.splitlines() if not line.startswith("#")]


def test_upload_of_what_is_damaged_heals_it(tmp_path):
    """A hit is compared byte for byte, so the same content sent again cannot be shared with a damaged chunk."""
    server = Server(tmp_path / "heal").start()
    content = noise(3 * MIB, "heal")
    server.api().ingest(content)
    assert server.stop() == 0
    flip(server.data, content[MIB:MIB + 64])
    server.start()
    api = server.api()
    upload = api.create()
    assert api.put(upload, content).is_success
    response = api.raw("POST", f"/v2/uploads/{upload['id']}/complete")
    assert response.status_code == 409 or api.original(response.json()["data"]["mediaId"]).content == content
    assert server.stop() == 0
