"""The servers under measurement: ours and the peers, started on free loopback ports, pinned to one core, ended by pid.

A server is a context manager that owns its processes and its scratch directory. `address[kind]` says where it listens:
h2 (clear text, prior knowledge), h1 (clear text), tls (ALPN). What it costs is read from /proc by measure.py.
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import measure

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
SERVER_CORE = 0
START_S = 20
STOP_S = 30


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def make_certificate(folder):
    """One P-256 certificate for all peers, as ours makes for itself."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    if not certificate.exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-keyout", key, "-out", certificate],
            check=True, capture_output=True)
    return certificate, key


class Server:
    """Common to all: scratch space under `where`, processes, and the guarantee that both are gone afterwards."""

    name = ""
    program = ""
    speaks_h1 = True

    def __init__(self, where):
        self.where = pathlib.Path(where)
        self.processes = []
        self.address = {}
        self.batch = 0

    @classmethod
    def installed(cls):
        return shutil.which(cls.program) is not None

    def __enter__(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix=f"bench-{self.name}-", dir=self.where))
        self.files = self.scratch / "files"
        (self.files / "up").mkdir(parents=True)
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.scratch, ignore_errors=True)

    def spawn(self, *command, env=None):
        log = open(self.scratch / "output.log", "ab")
        process = subprocess.Popen(
            ["taskset", "-c", str(SERVER_CORE), *map(str, command)], stdin=subprocess.DEVNULL, stdout=log,
            stderr=log, cwd=self.scratch, env=env)
        log.close()
        self.processes.append(process)
        return process

    def wait_for_ports(self):
        deadline = time.monotonic() + START_S
        for address in set(self.address.values()):
            host, port = address.split(":")
            while True:
                try:
                    socket.create_connection((host, int(port)), 1).close()
                    break
                except OSError:
                    self.check_alive(deadline)
                    time.sleep(0.02)

    def check_alive(self, deadline):
        for process in self.processes:
            if process.poll() is not None or time.monotonic() > deadline:
                text = (self.scratch / "output.log").read_text(errors="replace")
                raise RuntimeError(f"{self.name} did not start: {text[-2000:]}")

    def cpu_seconds(self):
        return sum(measure.cpu_seconds(p.pid) for p in self.processes)

    def resident_bytes(self):
        return sum(measure.resident_bytes(p.pid) for p in self.processes)

    def url(self, kind, path):
        return f"{'https' if kind == 'tls' else 'http'}://{self.address[kind]}{path}"

    def store_bytes(self):
        return measure.disk_bytes(self.files)

    def put_urls(self, kind, count, size):
        """Where `count` new bodies go."""
        self.batch += 1
        return [self.url(kind, f"/up/{self.batch}-{i}") for i in range(count)]

    def place(self, kind, size, body=0, seed=1):
        """A stored file of that body, as (url, headers) to get it."""
        name = f"file-{size}-{body}-{seed}"
        original = self.where / name  # one for all peers
        if not original.exists():
            measure.emit(original, size, body=body, seed=seed)
        os.link(original, self.files / name)
        return self.url(kind, f"/{name}"), []

    def small(self, kind):
        """The smallest thing it answers: ours is /healthz, a peer's is a file of as many bytes."""
        (self.files / "healthz").write_bytes(b"ok\n")
        return self.url(kind, "/healthz"), []


class Peer(Server):
    """A peer whose configuration is a template of @name@ fields."""

    def start(self):
        certificate, key = make_certificate(self.where)
        ports = {f"{kind}_port": free_port() for kind in ("h1", "h2", "tls")}
        fields = {"scratch": self.scratch, "files": self.files, "certificate": certificate, "key": key, **ports}
        text = (HERE / "peers" / f"{self.name}.conf.template").read_text()
        for name, value in fields.items():
            text = text.replace(f"@{name}@", str(value))
        (self.files / f"{self.name}-body").mkdir()
        config = self.scratch / f"{self.name}.conf"
        config.write_text(text)
        h1 = "h1_port" if self.separate_h1 else "h2_port"
        self.address = {"h2": f"127.0.0.1:{ports['h2_port']}", "h1": f"127.0.0.1:{ports[h1]}",
                        "tls": f"127.0.0.1:{ports['tls_port']}"}
        self.spawn(*self.command(config))
        self.wait_for_ports()

    separate_h1 = False


class Nginx(Peer):
    name = program = "nginx"
    separate_h1 = True

    def command(self, config):
        return "nginx", "-p", self.scratch, "-e", self.scratch / "start.log", "-c", config


class Lighttpd(Peer):
    name = program = "lighttpd"

    def command(self, config):
        return "lighttpd", "-D", "-f", config


class H2o(Peer):
    name = program = "h2o"

    def command(self, config):
        return "h2o", "-m", "worker", "-c", config


class Nghttpd(Server):
    """Two processes, because it takes one port; the one not asked costs nothing."""

    name = program = "nghttpd"
    speaks_h1 = False

    def start(self):
        certificate, key = make_certificate(self.where)
        clear, tls = free_port(), free_port()
        common = ["nghttpd", "-a", "127.0.0.1", "-d", self.files, "-n", "1"]
        self.address = {"h2": f"127.0.0.1:{clear}", "tls": f"127.0.0.1:{tls}"}
        self.spawn(*common, "--no-tls", clear)
        self.spawn(*common, tls, key, certificate)
        self.wait_for_ports()

    def put_urls(self, kind, count, size):
        (self.files / "put").write_bytes(b"")
        return [self.url(kind, "/put")] * count


class Millrace(Server):
    name = "millrace"
    binary = ROOT / "build" / "release" / "millrace"
    config = ROOT / "conf" / "millrace.toml"
    settings = {}  # MILLRACE_SECTION_KEY overrides, see run.py

    @classmethod
    def installed(cls):
        return cls.binary.exists()

    def start(self):
        self.data = self.scratch / "data"
        ready = self.scratch / "ready.json"
        command = [self.binary, "serve", "--data", self.data, "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0",
                   "--ready-file", ready]
        if self.config.exists():
            command += ["--config", self.config]
        self.spawn(*command, env={**os.environ, **self.settings})
        deadline = time.monotonic() + START_S
        while not (ready.exists() and ready.read_text().strip()):
            self.check_alive(deadline)
            time.sleep(0.02)
        said = json.loads(ready.read_text())
        self.address = {"h2": said["listen"], "h1": said["listen"], "tls": said["tls"]}
        self.admin = json.loads((self.data / "admin-key.json").read_text())
        self.key = self.admin["key"]

    def call(self, connection, method, path, body=None):
        connection.request(method, path, body and json.dumps(body),
                           {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]}")
        return json.loads(text)["data"]

    def connect(self, kind):
        host, port = self.address[kind].split(":")
        if kind == "tls":
            return http.client.HTTPSConnection(host, int(port), timeout=60, context=measure.unchecked_tls())
        return http.client.HTTPConnection(host, int(port), timeout=60)

    def create_uploads(self, kind, count, size):
        connection = self.connect(kind)
        uploads = [self.call(connection, "POST", "/v2/uploads",
                             {"fileName": f"bench-{i}.bin", "type": "put", "fileSize": size}) for i in range(count)]
        connection.close()
        return uploads

    def put_urls(self, kind, count, size):
        return [upload["input"]["url"] for upload in self.create_uploads(kind, count, size)]

    def media(self, kind, size, body=0, seed=1):
        """A stored file of that body; its id, once nothing is done with it any more."""
        upload = self.create_uploads(kind, 1, size)[0]
        measure.load([upload["input"]["url"]], method="PUT", size=size, first=body, seed=seed)
        connection = self.connect(kind)
        media = self.call(connection, "POST", f"/v2/uploads/{upload['id']}/complete", {})["mediaId"]
        while self.call(connection, "GET", f"/v2/media/{media}")["status"] == "preparing":
            time.sleep(0.05)  # else the probe runs beside what is measured
        connection.close()
        return media

    def place(self, kind, size, body=0, seed=1):
        return self.original(kind, self.media(kind, size, body, seed))

    def original(self, kind, media):
        return self.url(kind, f"/v2/media/{media}/original"), [f"authorization: Bearer {self.key}"]

    def archive(self, kind, medias):
        """A download of them all, as (url, headers)."""
        connection = self.connect(kind)
        made = self.call(connection, "POST", "/v2/downloads", {"title": "bench", "selectedMediaIds": medias})
        connection.close()
        (file,) = made["files"]
        return self.url(kind, "/" + file["url"].split("/", 3)[3]), []

    def small(self, kind):
        return self.url(kind, "/healthz"), []

    def store_bytes(self):
        return measure.disk_bytes(self.data)
