"""Reading what a server costs, and driving the clients. Nothing here knows what a row means."""

import contextlib
import json
import mmap
import os
import pathlib
import re
import ssl
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOLS = ROOT / "build" / "release" / "bench"
CLIENT_CORE = 1
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
GIB = 1 << 30
MIB = 1 << 20


def family(pid):
    """A process and all that descend from it."""
    found, open_ = [], [pid]
    while open_:
        current = open_.pop()
        found.append(current)
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{current}/task"):
                open_ += map(int, pathlib.Path(f"/proc/{current}/task/{task}/children").read_text().split())
    return found


def cpu_seconds(pid):
    """User and system time of a process tree, children that ended included."""
    ticks = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            fields = pathlib.Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
    return ticks / TICKS


def resident_bytes(pid):
    total = 0
    for member in family(pid):
        with contextlib.suppress(OSError):
            total += int(pathlib.Path(f"/proc/{member}/statm").read_text().split()[1]) * PAGE
    return total


class WarmMemory:
    """Memory the guest already has from its host, kept back until a measurement needs it.

    A virtual machine that gives free pages back pays for each again at its first touch, three times what writing it
    costs, and charges that to whichever server comes first. Pages freed a moment ago are still here.
    """

    def __init__(self):
        self.held = None

    def hold(self, size):
        self.size = size
        self.held = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)

    @contextlib.contextmanager
    def released(self):
        if self.held:
            self.held.close()
        try:
            yield
        finally:
            self.held = None

    def renew(self):
        if not self.held:
            self.hold(self.size)


WARM = WarmMemory()


class PeakMemory:
    """The most a server had resident while the block ran, looked at ten times a second."""

    def __init__(self, server):
        self.server = server
        self.bytes = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        while not self.over.wait(0.1):
            self.bytes = max(self.bytes, self.server.resident_bytes())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def disk_bytes(folder):
    """What a folder takes on disk, as du counts it."""
    total = 0
    for at, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(at, name)).st_blocks * 512
    return total


def sync(folder):
    subprocess.run(["sync", "-f", str(folder)], check=True)


def unchecked_tls():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def emit(path, size, body=0, seed=1):
    """Writes a body of the load client to a file."""
    subprocess.run([TOOLS / "loadclient", "--emit", path, "--size", str(size), "--first", str(body),
                    "--seed", str(seed)], check=True)


def load_command(urls, headers=(), flags=(), **options):
    """A loadclient on the client's core; `urls` go in by a file because there may be thousands."""
    listing = tempfile.NamedTemporaryFile("w", prefix="bench-urls-", suffix=".txt", delete=False)
    listing.write("\n".join(urls) + "\n")
    listing.close()
    command = ["taskset", "-c", str(CLIENT_CORE), TOOLS / "loadclient", "--input", listing.name]
    for header in headers:
        command += ["-H", header]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    return [*map(str, command), *(f"--{flag}" for flag in flags)], listing.name


class LoadFailed(RuntimeError):
    pass


def checked(report, what):
    bad = [status for status in report["statuses"] if not status.startswith("2")]
    if report["failed"] or bad:
        raise LoadFailed(f"{what}: {report['failed']} failed, statuses {report['statuses']}")
    return report


def load(urls, expect_good=True, **options):
    command, listing = load_command(urls, **options)
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    finally:
        os.unlink(listing)
    if not done.stdout:
        raise LoadFailed(done.stderr)
    report = json.loads(done.stdout.splitlines()[-1])
    return checked(report, urls[0]) if expect_good else report


@contextlib.contextmanager
def held(urls, **options):
    """Connections that stay open while the block runs; gives how many there are."""
    options["flags"] = [*options.get("flags", ()), "hold"]
    command, listing = load_command(urls, **options)
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        line = process.stdout.readline()
        if not line:
            raise LoadFailed("no connection was held")
        yield json.loads(line)["open"]
    finally:
        process.stdin.close()
        process.wait()
        os.unlink(listing)


@contextlib.contextmanager
def beside(urls, **options):
    """A load that runs beside the block; the report is in the list it gives once the block is over."""
    command, listing = load_command(urls, **options)
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    reports = []
    try:
        yield reports
        reports.append(json.loads(process.communicate()[0].splitlines()[-1]))
    finally:
        process.kill()
        process.wait()
        os.unlink(listing)


def h2load(url, requests, connections, streams, headers=(), http1=False):
    """Requests per second by h2load."""
    command = ["taskset", "-c", str(CLIENT_CORE), "h2load", "-n", str(requests), "-c", str(connections),
               "-m", str(streams)]
    command += ["--h1"] if http1 else []
    for header in headers:
        command += ["-H", header]
    text = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    good = re.search(r"status codes: (\d+) 2xx", text)
    if not good or int(good[1]) != requests:
        raise LoadFailed(f"h2load {url}: {text[-600:]}")
    return float(re.search(r"([\d.]+) req/s", text)[1])


def curl_put(path, url, tls):
    command = ["taskset", "-c", str(CLIENT_CORE), "curl", "-sS", "-o", os.devnull, "-T", str(path),
               "-w", "%{http_code} %{http_version} %{time_total}"]
    command += ["-k", "--http2", "--tls13-ciphers", "TLS_AES_128_GCM_SHA256"] if tls else ["--http2-prior-knowledge"]
    done = subprocess.run([*command, url], capture_output=True, text=True)
    status, version, seconds = (done.stdout or "0 0 0").split()
    if not status.startswith("2") or version != "2":
        raise LoadFailed(f"curl {url}: status {status}, HTTP/{version}, {done.stderr}")
    return float(seconds)


@contextlib.contextmanager
def relay(to, delay_ms, rate_mbit):
    """A long path to a server; gives the address to dial."""
    process = subprocess.Popen(
        ["taskset", "-c", str(CLIENT_CORE), TOOLS / "relay", "--to", to, "--delay-ms", str(delay_ms), "--rate-mbit",
         str(rate_mbit)], stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())["listen"]
    finally:
        process.terminate()
        process.wait()
