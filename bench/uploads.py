"""Uploads: data nobody has seen, one large body by curl, and the same data again."""

import time

import measure
import servers
from measure import GIB, MIB
from table import medians, part

BODY = 8 * MIB
CONNECTIONS = 4
STORING_PEERS = ("nginx", "lighttpd")
PEERS = (servers.Lighttpd, servers.Nginx, servers.Nghttpd)
SHIFT = 4097


def spent(server, send):
    """CPU seconds of the server and wall seconds until what `send` sent is durable. Ours answers when it is; a peer
    answers when the page cache has it, so its clock stops after a sync."""
    measure.sync(server.where)
    with measure.WARM.released():
        cpu, start = server.cpu_seconds(), time.monotonic()
        send()
        if server.name != "millrace":
            measure.sync(server.where)
        seconds = time.monotonic() - start
        return server.cpu_seconds() - cpu, seconds


def unique(bench, where, kind, total):
    def once(cls):
        with cls(where) as server:
            urls = server.put_urls(kind, total // BODY, BODY)
            cpu, seconds = spent(server, lambda: measure.load(urls, method="PUT", size=BODY, connections=CONNECTIONS))
            return {"cpu": cpu * GIB / total, "speed": total / seconds / 1e9}

    return medians(bench.rounds(PEERS, once))


def upload(bench, kind, disk):
    where = bench.disk if disk else bench.tmpfs
    figures = unique(bench, where, kind, bench.pick(GIB, GIB // 2))
    name = f"upload-{kind}-{'disk' if disk else 'tmpfs'}"
    bench.table.ratio(f"{name}-cpu", "s/GiB", part(figures, "cpu"), "<=", 0.9 if disk else 1.1, STORING_PEERS)
    if disk:
        bench.table.ratio(f"{name}-durable", "GB/s", part(figures, "speed"), ">=", 2, STORING_PEERS)


def curl(bench, kind):
    source = bench.tmpfs / "curl.bin"
    measure.emit(source, GIB, seed=7)

    def once(cls):
        with cls(bench.disk) as server:
            [url] = server.put_urls(kind, 1, GIB)
            cpu, seconds = spent(server, lambda: measure.curl_put(source, url, kind == "tls"))
            return {"cpu": cpu, "speed": GIB / seconds / 1e9}

    try:
        figures = medians(bench.rounds(bench.pick(PEERS, PEERS[:2]), once))
    finally:
        source.unlink()
    bench.table.ratio(f"curl-1g-{kind}-cpu", "s/GiB", part(figures, "cpu"), "<=", 0.9, STORING_PEERS)
    bench.table.ratio(f"curl-1g-{kind}-durable", "GB/s", part(figures, "speed"), ">=", 2, STORING_PEERS)


def send_again(server, shift=0):
    """The same 1 GiB in four bodies: the CPU it cost and how much the store grew, as a share of what was sent."""
    size = GIB // CONNECTIONS
    urls = server.put_urls("h2", CONNECTIONS, size + shift)
    before = server.store_bytes()
    cpu, _ = spent(server, lambda: measure.load(urls, method="PUT", size=size, shift=shift, connections=CONNECTIONS))
    return {"cpu": cpu, "growth": (server.store_bytes() - before) / GIB * 100}


def dedupe(bench):
    def once(cls):
        with cls(bench.disk) as server:
            first, again, shifted = send_again(server), send_again(server), send_again(server, SHIFT)
            return {"first": first["cpu"], "again": again["cpu"], "shifted": shifted["cpu"],
                    "again_growth": again["growth"], "shifted_growth": shifted["growth"]}

    figures = medians(bench.rounds((), once)).get("millrace", {})
    ours = {"millrace": figures.get("again"), "first pass": figures.get("first"), "shifted": figures.get("shifted")}
    bench.table.ratio("dedupe-again-cpu", "s/GiB", ours, "<=", 1.0, ("first pass",))
    bench.table.absolute("dedupe-again-growth", "%", {"millrace": figures.get("again_growth")}, "<=", 1)
    bench.table.absolute("dedupe-shifted-growth", "%", {"millrace": figures.get("shifted_growth")}, "<=", 5)
