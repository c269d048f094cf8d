"""The tus door with real clients: tus-js-client, tuspy and curl, and by hand where no client does it wrong enough."""

import base64
import hashlib
import json
import re
import subprocess
import threading

import httpx
import pytest
from tusclient import client as tuspy

from harness import H1, MIB, Server, check, curl, free_port, noise, wait_until
from node import installed

BYTES = "application/offset+octet-stream"
PARTIAL = "application/partial-upload"


class Tus:
    """tus 1.0 by hand, with the admin's key."""

    def __init__(self, server, **options):
        headers = {"Authorization": f"Bearer {server.admin['key']}", "Tus-Resumable": "1.0.0"}
        self.http = httpx.Client(base_url=server.base, headers=headers, timeout=60, **options)

    def create(self, size, **headers):
        response = self.http.post("/files", headers={"Upload-Length": str(size)} | headers)
        assert response.status_code == 201, response.text
        return response.headers["location"]

    def patch(self, url, offset, content, **headers):
        fields = {"Upload-Offset": str(offset), "Content-Type": BYTES} | {k.replace("_", "-"): v for k, v in headers.items()}
        return self.http.patch(url, content=content, headers=fields)

    def offset(self, url):
        response = self.http.head(url)
        assert response.status_code == 200, response.status_code
        return int(response.headers["upload-offset"])

    def content(self, url):
        response = self.http.get(url)
        assert response.status_code == 200, response.text
        return response.content


@pytest.fixture
def tus(server):
    return Tus(server)


@pytest.fixture
def clip(tmp_path):
    """A file, its path and its bytes, of a size that no chunk divides."""
    content = noise(12 * MIB + 345, "tus clip")
    path = tmp_path / "clip.bin"
    path.write_bytes(content)
    return path, content


class FixedServer(Server):
    """Comes back at the same address, as clients expect of one that was restarted."""

    def __init__(self, folder):
        super().__init__(folder)
        self.port = free_port()

    def command(self):
        return [f"127.0.0.1:{self.port}" if before == "--listen" else argument
                for before, argument in zip([None, *super().command()], super().command())]


# --- tus-js-client ---

@pytest.fixture(scope="session")
def node():
    """The folder of the driver with its packages."""
    return installed("tus_js")


class Js:
    """One run of the driver; its events arrive while it goes on."""

    def __init__(self, folder, file, *, stream=False, pause_at=None, delay_ms=0, **options):
        task = {"file": str(file), "stream": stream, "pause_at": pause_at, "delay_ms": delay_ms, "options": options}
        self.events, self.process = [], subprocess.Popen(["node", "upload.mjs", json.dumps(task)], cwd=folder, text=True,
                                                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line) if line.startswith("{") else {"text": line})

    def accepted(self):
        return max((event.get("accepted", 0) for event in self.events), default=0)

    def url(self):
        """Waits for the end and tells the upload's address."""
        code = self.process.wait(60)
        self.reader.join()
        assert code == 0, self.events
        return self.events[-1]["url"]


def js_options(server, **options):
    return {"endpoint": f"{server.base}/files/", "headers": {"Authorization": f"Bearer {server.admin['key']}"},
            "retryDelays": [100] * 50, "metadata": {"filename": "naïve clip.bin", "filetype": "video/mp4"}} | options


@pytest.mark.parametrize("options", [
    {}, {"chunkSize": 5 * MIB}, {"uploadDataDuringCreation": True}, {"uploadDataDuringCreation": True, "chunkSize": MIB},
    {"parallelUploads": 4}, {"overridePatchMethod": True, "chunkSize": 5 * MIB},
    {"protocol": "ietf-draft-03", "chunkSize": 5 * MIB}, {"protocol": "ietf-draft-05"}, {"protocol": "ietf-draft-05", "chunkSize": 5 * MIB},
], ids=lambda options: "-".join(options) or "plain")
def test_js_client_uploads(server, api, tus, node, clip, options):
    path, content = clip
    url = Js(node, path, **js_options(server, **options)).url()
    assert tus.content(url) == content
    upload = api.upload(url.rsplit("/", 1)[1])
    assert upload["state"] == "completed" and upload["type"] == "tus"
    assert api.original(upload["mediaId"]).content == content
    assert upload["id"] in [each["id"] for each in api.call("GET", "/v2/uploads")["items"]]
    if "protocol" not in options:
        assert (upload["fileName"], upload["contentType"]) == ("naïve clip.bin", "video/mp4")


def test_js_client_streams_what_has_no_length_yet(server, tus, node, clip):
    path, content = clip
    url = Js(node, path, stream=True, **js_options(server, uploadLengthDeferred=True, chunkSize=5 * MIB)).url()
    assert tus.content(url) == content


def test_js_client_pauses_and_another_resumes(server, tus, node, clip):
    path, content = clip
    paused = Js(node, path, pause_at=4 * MIB, **js_options(server, chunkSize=MIB)).url()
    assert 4 * MIB <= tus.offset(paused) < len(content)
    assert Js(node, path, **js_options(server, uploadUrl=paused)).url() == paused
    assert tus.content(paused) == content


def test_js_client_needs_only_the_address(server, api, node, clip):
    path, content = clip
    upload = api.call("POST", "/v2/uploads", 201, json={"fileName": "a.bin", "type": "tus", "fileSize": len(content)})
    Js(node, path, uploadUrl=upload["input"]["url"], chunkSize=5 * MIB).url()
    assert api.upload(upload["id"])["state"] == "uploading"
    assert api.original(api.complete(upload)["mediaId"]).content == content


@pytest.mark.parametrize("options", [{"chunkSize": MIB}, {"chunkSize": MIB, "parallelUploads": 3}], ids=["one", "parallel"])
def test_js_client_goes_on_after_the_server_was_killed(tmp_path, node, clip, options):
    path, content = clip
    server = FixedServer(tmp_path / "killed").start()
    try:
        client = Js(node, path, delay_ms=50, **js_options(server, **options))
        for share in (4, 2):
            wait_until(lambda: client.accepted() >= len(content) // (share * options.get("parallelUploads", 1)), "some chunks")
            server.kill()
            assert client.process.poll() is None
            server.start()
        assert Tus(server).content(client.url()) == content
        assert server.stop() == 0
        assert check(server.data).returncode == 0
    finally:
        server.kill()


# --- tuspy ---

def tuspy_client(server):
    return tuspy.TusClient(f"{server.base}/files", headers={"Authorization": f"Bearer {server.admin['key']}"})


def test_tuspy_uploads_with_checksums_and_resumes(server, tus, clip):
    path, content = clip
    uploader = tuspy_client(server).uploader(str(path), chunk_size=5 * MIB, metadata={"filename": "a.bin"}, upload_checksum=True)
    uploader.upload_chunk()
    assert tus.offset(uploader.url) == 5 * MIB
    again = tuspy_client(server).uploader(str(path), url=uploader.url, chunk_size=5 * MIB, upload_checksum=True)
    assert again.offset == 5 * MIB
    again.upload()
    assert tus.content(uploader.url) == content


# --- what breaks ---

def stalled_patch(server, url, content, offset=0):
    """A PATCH that never gets its last byte, on a connection that stays open."""
    client = H1(server.address)
    head = (f"PATCH {httpx.URL(url).raw_path.decode()} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {server.admin['key']}\r\n"
            f"Tus-Resumable: 1.0.0\r\nUpload-Offset: {offset}\r\nContent-Type: {BYTES}\r\nContent-Length: {len(content) + 1}\r\n\r\n")
    client.send(head.encode() + content)
    return client


def test_head_evicts_a_dead_patch_and_its_bytes_stay(server, api, tus):
    content = noise(6 * MIB, "evicted")
    url = tus.create(len(content))
    with stalled_patch(server, url, content[:4 * MIB]) as dead:
        wait_until(lambda: api.upload(url.rsplit("/", 1)[1])["bytesReceived"] == 4 * MIB, "the bytes to arrive")
        assert tus.offset(url) == 4 * MIB
        assert dead.head()[0] == 409
        assert tus.patch(url, 4 * MIB, content[4 * MIB:]).status_code == 204
    assert tus.content(url) == content


def test_patch_evicts_a_dead_patch(server, api, tus):
    content = noise(6 * MIB, "evicted by patch")
    url = tus.create(len(content))
    with stalled_patch(server, url, content[:4 * MIB]) as dead:
        wait_until(lambda: api.upload(url.rsplit("/", 1)[1])["bytesReceived"] == 4 * MIB, "the bytes to arrive")
        assert tus.patch(url, 4 * MIB, content[4 * MIB:]).status_code == 204
        assert dead.head()[0] == 409
    assert tus.content(url) == content


def test_kill_in_the_middle_of_a_patch_keeps_the_checkpoints(tmp_path):
    server = FixedServer(tmp_path / "middle").start()
    try:
        content = noise(150 * MIB, "checkpoint")
        tus = Tus(server)
        url = tus.create(len(content))
        with stalled_patch(server, url, content[:140 * MIB]):
            upload = url.rsplit("/", 1)[1]
            wait_until(lambda: server.api().upload(upload)["bytesReceived"] == 140 * MIB, "the bytes to arrive", 60)
            server.kill()
        server.start()
        offset = Tus(server).offset(url)
        assert 64 * MIB <= offset <= 140 * MIB
        assert Tus(server).patch(url, offset, content[offset:]).status_code == 204
        assert hashlib.sha256(Tus(server).content(url)).digest() == hashlib.sha256(content).digest()
        assert server.stop() == 0
    finally:
        server.kill()


def checksum(algorithm, content):
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


@pytest.mark.parametrize("http2", [False, True], ids=["h1", "h2"])
def test_checksum_mismatch_keeps_nothing(server, http2):
    tus = Tus(server, http1=not http2, http2=http2)
    content = noise(3 * MIB, "checked")
    url = tus.create(len(content))
    assert tus.patch(url, 0, content[:MIB], Upload_Checksum=checksum("sha256", b"other")).status_code == 460
    assert tus.offset(url) == 0
    assert tus.patch(url, 0, content[:MIB], Upload_Checksum=checksum("sha256", content[:MIB])).status_code == 204
    assert tus.patch(url, MIB, content[MIB:], Upload_Checksum=checksum("sha1", content[MIB:])).status_code == 204
    assert tus.content(url) == content


def test_mismatch_beyond_a_checkpoint_keeps_nothing_either(server):
    tus, content = Tus(server), noise(100 * MIB, "long checked")
    url = tus.create(len(content))
    assert tus.patch(url, 0, content, Upload_Checksum=checksum("md5", b"other")).status_code == 460
    assert tus.offset(url) == 0


def test_checksum_in_the_trailer_of_a_chunked_body(server, tus):
    content = noise(MIB, "trailer")
    for claimed, status in ((b"other", 460), (content, 204)):
        url = tus.create(len(content))
        with H1(server.address) as client:
            client.request("PATCH", httpx.URL(url).raw_path.decode(), {
                "Authorization": f"Bearer {server.admin['key']}", "Tus-Resumable": "1.0.0", "Upload-Offset": "0",
                "Content-Type": BYTES, "Transfer-Encoding": "chunked", "Trailer": "Upload-Checksum"})
            client.send(b"%x\r\n" % len(content) + content + b"\r\n0\r\n")
            client.send(f"Upload-Checksum: {checksum('sha1', claimed)}\r\n\r\n")
            assert client.response()[0] == status
        assert tus.offset(url) == (len(content) if status == 204 else 0)


def test_pieces_may_still_be_under_way_when_they_are_joined(server, tus):
    contents = [noise(MIB + n, f"piece {n}") for n in range(5)]
    pieces = [tus.create(len(c), **{"Upload-Concat": "partial"}) for c in contents]
    response = tus.http.post("/files", headers={"Upload-Concat": "final;" + " ".join(pieces)})
    assert response.status_code == 201
    threads = [threading.Thread(target=Tus(server).patch, args=(url, 0, content)) for url, content in zip(pieces, contents)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert tus.content(response.headers["location"]) == b"".join(contents)


# --- the IETF draft ---

def heads_of(text):
    """Status and fields of every head that curl has seen, informational ones too."""
    heads = [head.splitlines() for head in re.split(r"\r?\n\r?\n", text.strip())]
    return [(int(head[0].split()[1]), dict(line.lower().split(": ", 1) for line in head[1:])) for head in heads]


@pytest.fixture(params=["--http1.1", "--http2-prior-knowledge"], ids=["h1", "h2"])
def draft(request, server, tmp_path):
    """curl in the words of the draft; answers the heads that came."""
    def call(method, url, content=None, *fields):
        dump, arguments = tmp_path / "heads", ["-I"] if method == "HEAD" else ["-X", method]
        if content is not None:
            (tmp_path / "body").write_bytes(content)
            arguments += ["--data-binary", f"@{tmp_path / 'body'}"]
        for field in (f"Authorization: Bearer {server.admin['key']}", "Expect:", *fields):
            arguments += ["-H", field]
        curl(request.param, "-D", dump, "-o", tmp_path / "out", *arguments, url)
        return heads_of(dump.read_text())
    return call


def test_draft_upload_is_resumed(server, tus, draft):
    content = noise(2 * MIB, "draft")
    first, final = draft("POST", f"{server.base}/files", content[:MIB], "Upload-Complete: ?0", f"Upload-Length: {len(content)}",
                         "Content-Type: video/mp4")
    assert first[0] == 104 and final[0] == 201
    url = first[1]["location"]
    assert url == final[1]["location"] and first[1]["upload-draft-interop-version"] == "8"
    (status, state), = draft("HEAD", url)
    assert status == 204 and state["upload-offset"] == str(MIB) and state["upload-complete"] == "?0"
    assert state["upload-length"] == str(len(content)) and "max-size=" in state["upload-limit"]
    *_, wrong = draft("PATCH", url, b"x", "Upload-Complete: ?0", "Upload-Offset: 7", f"Content-Type: {PARTIAL}")
    assert wrong[0] == 409 and wrong[1]["upload-offset"] == str(MIB)
    *_, done = draft("PATCH", url, content[MIB:], "Upload-Complete: ?1", f"Upload-Offset: {MIB}", f"Content-Type: {PARTIAL}")
    assert done[0] == 200 and done[1]["upload-complete"] == "?1"
    assert tus.content(url) == content


def test_draft_tells_progress(server, tus, draft):
    content = noise(140 * MIB, "draft progress")
    *informed, final = draft("POST", f"{server.base}/files", content, "Upload-Complete: ?1")
    assert final[0] == 201 and [status for status, _ in informed] == [104] * len(informed)
    offsets = [int(fields["upload-offset"]) for _, fields in informed if "upload-offset" in fields]
    assert offsets and offsets == sorted(offsets) and offsets[-1] <= len(content)
    assert all("location" not in fields for _, fields in informed[1:])
    assert hashlib.sha256(tus.content(final[1]["location"])).digest() == hashlib.sha256(content).digest()


def test_draft_upload_is_cancelled(server, draft):
    *_, made = draft("POST", f"{server.base}/files", b"bytes", "Upload-Complete: ?0")
    assert draft("DELETE", made[1]["location"])[0][0] == 204
    assert draft("HEAD", made[1]["location"])[0][0] == 410


def test_draft_creation_that_was_cut_goes_on(server, api, tus):
    content = noise(4 * MIB, "draft cut")
    with H1(server.address) as client:
        client.request("POST", "/files", {"Authorization": f"Bearer {server.admin['key']}", "Upload-Complete": "?1",
                                          "Content-Length": len(content)}, host=server.listen)
        client.send(content[:3 * MIB])
        status, fields = client.head()
        assert status == 104
        url = fields["location"]
        wait_until(lambda: api.upload(url.rsplit("/", 1)[1])["bytesReceived"] == 3 * MIB, "the bytes to arrive")
        client.reset()
    key = {"Authorization": f"Bearer {server.admin['key']}"}
    wait_until(lambda: httpx.head(url, headers=key).headers.get("upload-offset") == str(3 * MIB), "the bytes to be kept")
    response = httpx.patch(url, content=content[3 * MIB:], headers=key | {
        "Upload-Complete": "?1", "Upload-Offset": str(3 * MIB), "Content-Type": PARTIAL})
    assert response.status_code == 200 and api.original(response.json()["mediaId"]).content == content
