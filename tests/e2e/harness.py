"""Starts the real server binary and talks to it: what every end-to-end test shares.

A Server owns one process and one scratch folder (configuration, data, log). Clients here are thin: Api for the v2 door,
H1 for bytes on a socket, and h2frames.py for HTTP/2 at frame level. Nothing here knows what a test expects.
"""

import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MILLRACE_BINARY", ROOT / "build/release/millrace"))
MEDIA = ROOT.parent / "shared/media"
START_SECONDS = 20
STOP_SECONDS = 40
KIB, MIB = 1 << 10, 1 << 20
# Media are ready once they are probed, unless a test wants what comes after.
QUICK = {"MILLRACE_MEDIA_RENDITIONS": "false", "MILLRACE_MEDIA_TRANSCRIPTS": "false"}


def wait_until(condition, what, seconds=15):
    """Polls until `condition()` is truthy and returns that value."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"gave up after {seconds} s waiting for {what}")


def noise(size, seed):
    """Bytes that do not repeat and do not compress, the same for the same seed."""
    return random.Random(seed).randbytes(size)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """One `millrace serve`. The data directory outlives stop(), kill() and the next start()."""

    def __init__(self, folder, *, config="", env=None, data=None):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = Path(data) if data else self.folder / "data"
        self.config = self.folder / "millrace.toml"
        self.config.write_text(config)
        self.ready_file = self.folder / "ready.json"
        self.log_file = self.folder / "log"
        self.env = env or {}
        self.process = None

    def command(self):
        return [BINARY, "serve", "--config", self.config, "--data", self.data, "--listen", "127.0.0.1:0",
                "--tls-listen", "127.0.0.1:0", "--ready-file", self.ready_file]

    def start(self):
        self.ready_file.unlink(missing_ok=True)
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=os.environ | QUICK | self.env)
        wait_until(self._is_up, "the ready file", START_SECONDS)
        self.ready = json.loads(self.ready_file.read_text())
        self.listen, self.tls = self.ready["listen"], self.ready["tls"]
        self.base, self.tls_base = f"http://{self.listen}", f"https://{self.tls}"
        self.admin = json.loads((self.data / "admin-key.json").read_text())
        return self

    def _is_up(self):
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log()[-4000:]}")
        return self.ready_file.exists() and self.ready_file.read_text().rstrip().endswith("}")

    @property
    def address(self):
        return split_address(self.listen)

    @property
    def tls_address(self):
        return split_address(self.tls)

    def log(self):
        return self.log_file.read_text(errors="replace")

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self):
        """Drains the server and returns its exit code."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def kill(self):
        self.process.kill()
        self.process.wait(STOP_SECONDS)

    def api(self, **options):
        return Api(self.base, self.admin["key"], **options)

    def metric(self, name):
        """The sum of a metric over its labels."""
        text = httpx.get(f"{self.base}/metrics").text
        values = re.findall(rf"^{name}(?:\{{[^}}]*\}})? ([-+0-9.eE]+)$", text, re.M)
        return sum(map(float, values)) if values else None


@contextlib.contextmanager
def serving(folder, **options):
    """A server for one test; leaving the block must drain it to exit code 0."""
    server = Server(folder, **options).start()
    try:
        yield server
    except BaseException:
        server.kill()
        raise
    code = server.stop()
    assert code == 0, f"SIGTERM ended the server with {code}:\n{server.log()[-4000:]}"


def check(data, *options):
    """`millrace check` on a stopped store."""
    return subprocess.run([BINARY, "check", "--data", data, *options], capture_output=True, text=True, timeout=120)


def split_address(address):
    host, port = address.rsplit(":", 1)
    return host.strip("[]"), int(port)


class Api:
    """The v2 door with one key. `call` unwraps the envelope; `raw` hands out the response."""

    def __init__(self, base, key, **options):
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self.http = httpx.Client(base_url=base, headers=headers, verify=False, timeout=30, **options)
        self.put_http = httpx.Client(verify=False, timeout=60, **options)

    def raw(self, method, path, **options):
        return self.http.request(method, path, **options)

    def call(self, method, path, expect=200, **options):
        response = self.raw(method, path, **options)
        assert response.status_code == expect, f"{method} {path}: {response.status_code} {response.text[:600]}"
        return response.json()["data"] if response.content else None

    def create(self, name="clip.bin", **fields):
        return self.call("POST", "/v2/uploads", 201, json={"fileName": name, "type": "put"} | fields)

    def put(self, upload, content, **headers):
        """PUT to the presigned address, which needs no key."""
        return self.put_http.put(upload["input"]["url"], content=content, headers=headers)

    def upload(self, upload_id):
        return self.call("GET", f"/v2/uploads/{upload_id}")

    def complete(self, upload, expect=200, **fields):
        return self.call("POST", f"/v2/uploads/{upload['id']}/complete", expect, json=fields)

    def ingest(self, content, name="clip.bin", **fields):
        """The whole way: create, put, complete; the completed upload."""
        upload = self.create(name, **fields)
        response = self.put(upload, content)
        assert response.is_success, f"PUT: {response.status_code} {response.text[:600]}"
        return self.complete(upload)

    def media(self, media_id):
        return self.call("GET", f"/v2/media/{media_id}")

    def settled(self, media_id, seconds=30):
        """The media once its probe has ended, either way."""
        def settled():
            media = self.media(media_id)
            return media if media["status"] != "preparing" else None
        return wait_until(settled, f"media {media_id} to settle", seconds)

    def original(self, media_id, method="GET", **headers):
        return self.raw(method, f"/v2/media/{media_id}/original", headers=headers)


class H1:
    """A socket that speaks HTTP/1.1 by hand."""

    def __init__(self, address, tls=False, preamble=b""):
        self.socket = socket.create_connection(address, timeout=15)
        if preamble:
            self.socket.sendall(preamble)
        if tls:
            self.socket = insecure_tls(["http/1.1"]).wrap_socket(self.socket, server_hostname="localhost")
        self.reader = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.reader.close()
        self.socket.close()

    def reset(self):
        """Ends the connection with a RST, as a crashed client does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        self.close()

    def send(self, data):
        self.socket.sendall(data.encode("latin-1") if isinstance(data, str) else data)

    def request(self, method, path, headers=(), body=b"", host="localhost"):
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in dict(headers).items())]
        if body and not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in lines):
            lines.append(f"Content-Length: {len(body)}")
        self.send("\r\n".join(lines) + "\r\n\r\n")
        if body:
            self.send(body)

    def head(self):
        """Status and headers (names in lower case) of the next response, without its body."""
        line = self.reader.readline()
        if not line:
            return None
        status = int(line.split()[1])
        return status, {k.lower(): v for k, v in http.client.parse_headers(self.reader).items()}

    def response(self, method="GET"):
        head = self.head()
        if head is None:
            return None
        status, headers = head
        return status, headers, b"" if method == "HEAD" or status in (204, 304) else self.body(headers)

    def body(self, headers):
        if headers.get("transfer-encoding") == "chunked":
            return b"".join(iter(self._chunk, b""))
        if "content-length" in headers:
            return self.reader.read(int(headers["content-length"]))
        return self.reader.read()

    def _chunk(self):
        size = int(self.reader.readline().split(b";")[0], 16)
        data = self.reader.read(size)
        self.reader.readline()
        return data

    def is_closed(self):
        """True when the peer has ended the connection; waits for it."""
        try:
            return self.reader.read(1) == b""
        except (ConnectionResetError, ssl.SSLError):
            return True
        except TimeoutError:
            return False


def insecure_tls(alpn):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(alpn)
    return context


def curl(*arguments, **options):
    """Runs curl quietly and returns what it printed; a failure raises with its error text."""
    done = subprocess.run(["curl", "-sS", "--max-time", "60", *map(str, arguments)], capture_output=True, **options)
    assert done.returncode == 0, f"curl {arguments}: {done.returncode} {done.stderr.decode()}"
    return done.stdout


def generated_clip(path, *inputs_and_codecs):
    subprocess.run(["ffmpeg", "-v", "error", "-y", *inputs_and_codecs, str(path)], check=True, timeout=60)
    return path


def clips(folder):
    """Real media when it lies beside the project, generated otherwise; always at least one video with sound."""
    real = sorted(p for p in MEDIA.glob("*") if p.suffix in (".mp4", ".mkv", ".flac")) if MEDIA.is_dir() else []
    if real:
        return real
    picture = ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=2"]
    sound = ["-f", "lavfi", "-i", "sine=frequency=440:duration=2"]
    folder = Path(folder)
    return [generated_clip(folder / "clip.mp4", *picture, *sound, "-c:v", "mpeg4", "-c:a", "aac", "-shortest"),
            generated_clip(folder / "silent.mkv", *picture, "-c:v", "mpeg4"),
            generated_clip(folder / "tone.flac", *sound)]
