"""Download of a large file from the page cache, and small requests: many at once, and one at a time."""

import contextlib

import measure
import servers
from measure import GIB
from table import medians, part

PEERS = (servers.Nghttpd, servers.H2o, servers.Lighttpd, servers.Nginx)
DOWNLOAD_RIVALS = ("h2o", "nghttpd", "lighttpd")
CONNECTIONS = 16
STREAMS = 32
SLOW_SECONDS = 0.01
CPU_REQUESTS = 1000  # fewer cost too little to be counted in ticks of 10 ms


@contextlib.contextmanager
def all_serving(bench, classes, where, prepare):
    """Every server at once, each with what `prepare` put there: an idle neighbour costs nothing."""
    with contextlib.ExitStack() as stack:
        running = {}
        for cls in bench.with_ours(classes):
            with bench.noted(cls.name):
                server = stack.enter_context(cls(where))
                running[cls.name] = server, prepare(server)
        yield running


def download(bench, kind):
    times = bench.pick(4, 1)

    def prepare(server):
        url, headers = server.place(kind, GIB)
        measure.load([url], headers=headers, flags=["verify"] if server.name == "millrace" else [])
        return url, headers

    with all_serving(bench, PEERS, bench.disk, prepare) as running:
        def once(name):
            server, (url, headers) = running[name]
            before = server.cpu_seconds()
            report = measure.load([url], headers=headers, requests=times)
            return {"cpu": (server.cpu_seconds() - before) / times, "speed": GIB * times / report["seconds"] / 1e9}

        figures = medians(bench.rounds_of(running, once))
    bench.table.ratio(f"download-{kind}-cpu", "s/GiB", part(figures, "cpu"), "<=", 1.0, DOWNLOAD_RIVALS)
    bench.table.ratio(f"download-{kind}-speed", "GB/s", part(figures, "speed"), ">=", 1.0, DOWNLOAD_RIVALS)


def small_place(what, kind):
    return lambda server: server.small(kind) if what == "healthz" else server.place(kind, 1024)


def many(bench, what, kind):
    """h2load, 16 connections of 32 streams. nghttpd has no HTTP/1.1: there its HTTP/2 rate is the mark."""
    requests = bench.pick(400_000, 100_000)

    def prepare(server):
        own = kind if kind != "h1" or server.speaks_h1 else "h2"
        return *small_place(what, own)(server), own

    with all_serving(bench, PEERS, bench.tmpfs, prepare) as running:
        def once(name):
            _, (url, headers, own) = running[name]
            return measure.h2load(url, requests, CONNECTIONS, STREAMS, headers, own == "h1")

        figures = medians(bench.rounds_of(running, once))
    bench.table.ratio(f"small-{what}-{kind}", "req/s", figures, ">=", 1.0, ("nghttpd",))


def single(bench, what, kind):
    """One request at a time on one connection: what each costs, and how long it takes."""
    with all_serving(bench, PEERS, bench.tmpfs, small_place(what, kind)) as running:
        def once(name):
            server, (url, headers) = running[name]
            pilot = measure.load([url], headers=headers, requests=20)
            requests = 50 if pilot["seconds"] / 20 > SLOW_SECONDS else bench.pick(40_000, 10_000)
            before = server.cpu_seconds()
            report = measure.load([url], headers=headers, requests=requests)
            cpu = (server.cpu_seconds() - before) / requests * 1e6 if requests >= CPU_REQUESTS else None
            return {"cpu": cpu, "latency": report["latency_us"]["p50"]}

        figures = medians(bench.rounds_of(running, once))
    bench.table.ratio(f"single-{what}-{kind}-cpu", "us/req", part(figures, "cpu"), "<=", 1.0, ("nghttpd",))
    bench.table.ratio(f"single-{what}-{kind}-latency", "us", part(figures, "latency"), "<=", 1.0, ("nghttpd",))
