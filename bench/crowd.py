"""Many connections: idle ones and what they weigh, slow uploads and how the rest fares meanwhile."""

import time

import measure
import servers
from measure import MIB
from table import medians, part

IDLE_PEERS = (servers.Lighttpd, servers.H2o, servers.Nghttpd, servers.Nginx)
SLOW_PEERS = (servers.Lighttpd, servers.Nginx)
SLOW_UPLOADS = 2000
SLOW_RATE = 32 << 10
SETTLE_S = 1
SPARE_MB = 300
DELAY_MS = 50  # each way
PILOTS = (4 * MIB, 64 * MIB)
LONG_S = 1.5
GIVE_UP_S = 90


def idle(bench, kind, limit_kib):
    """Each connection has made one request, so that what a request leaves behind is counted."""
    count = bench.pick(10_000, 2_000 if kind == "h2" else 1_000)

    def once(cls):
        with cls(bench.tmpfs) as server:
            url, headers = server.small(kind)
            measure.load([url], headers=headers, requests=100, connections=4)
            before = server.resident_bytes()
            with measure.held([url], headers=headers, connections=count, requests=count, each=1) as held:
                time.sleep(SETTLE_S)
                if held != count:
                    raise measure.LoadFailed(f"only {held} of {count} connections stayed open")
                return (server.resident_bytes() - before) / count / 1024

    figures = medians(bench.rounds(IDLE_PEERS, once, rounds=1))
    bench.table.absolute(f"idle-{kind}", "KiB/conn", figures, "<=", limit_kib)


def slow(bench):
    size = SLOW_RATE * bench.pick(20, 8)
    seconds = size // SLOW_RATE

    def once(cls):
        with cls(bench.disk) as server:
            urls = server.put_urls("h2", SLOW_UPLOADS, size)
            small, headers = server.small("h2")
            uploads = dict(method="PUT", size=size, rate=SLOW_RATE, connections=SLOW_UPLOADS, each=1)
            with measure.PeakMemory(server) as peak, measure.beside(urls, **uploads) as reports:
                quick = measure.load([small], headers=headers, connections=4, think=5, duration=seconds)
            good = sum(count for status, count in reports[0]["statuses"].items() if status.startswith("2"))
            return {"memory": peak.bytes / MIB, "p99": quick["latency_us"]["p99"] / 1000, "finished": good}

    figures = medians(bench.rounds(SLOW_PEERS, once, rounds=1))
    budget = bench.budget_bytes / MIB
    bench.table.absolute("slow-uploads-memory", "MiB", part(figures, "memory"), "<=", budget + SPARE_MB)
    bench.table.absolute("slow-uploads-finished", "uploads", part(figures, "finished"), ">=", SLOW_UPLOADS)
    bench.table.absolute("slow-uploads-p99", "ms", part(figures, "p99"), "<=", 20)


def path(bench, rate_mbit):
    """One upload over 100 ms: HTTP/2 as a share of the same server's HTTP/1.1."""
    full = bench.pick(measure.GIB, 256 * MIB) if rate_mbit == 0 else 256 * MIB

    def seconds(server, kind, size):
        [url] = server.put_urls(kind, 1, size)
        with measure.relay(server.address[kind], DELAY_MS, rate_mbit) as through:
            flags = ["h1"] if kind == "h1" else []
            report = measure.load([url], method="PUT", size=size, connect=through, flags=flags, timeout=GIVE_UP_S)
            return report["seconds"]

    def speed(server, kind):
        """Where a peer's fixed window decides, a smaller body tells as much: stop at the first that takes long."""
        for size in [*PILOTS, full] if kind == "h2" and server.name != "millrace" else [full]:
            taken = seconds(server, kind, size)
            if taken > LONG_S:
                break
        return size / taken / 1e6

    def once(cls):
        with cls(bench.tmpfs) as server, measure.WARM.released():
            return {"h2": speed(server, "h2"), "h1": speed(server, "h1")}

    figures = medians(bench.rounds((servers.Nginx, servers.Lighttpd, servers.H2o), once, rounds=bench.pick(3, 1)))
    name = f"path-100ms-{f'{rate_mbit}mbit' if rate_mbit else 'unlimited'}"
    own = figures.get("millrace", {})
    shares = {name: values["h2"] / values["h1"] for name, values in figures.items() if name != "millrace"}
    shown = {"millrace": own.get("h2"), "own h1": own.get("h1"), **{f"{peer} h2/h1": v for peer, v in shares.items()}}
    bench.table.ratio(name, "MB/s", shown, ">=", 0.95, ("own h1",))
    for peer, values in figures.items():
        print(f"    {peer}: h2 {values['h2']:.1f} MB/s, h1 {values['h1']:.1f} MB/s", flush=True)
