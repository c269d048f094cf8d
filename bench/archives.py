"""An archive that is made while it is sent, beside the plain download of a file as large from the same server, and beside
nginx, which sends the same archive as a file."""

import contextlib
import shutil
import urllib.request

import measure
import servers
from measure import GIB
from table import medians, part

FILES = 8
ARCHIVE = "package.zip"


@contextlib.contextmanager
def sources(bench, kind):
    """What each name stands for: the server that is measured, and what to ask it for."""
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(servers.Millrace(bench.disk))
        medias = [ours.media(kind, GIB // FILES, seed=seed) for seed in range(1, FILES + 1)]
        archive = ours.archive(kind, medias)
        found = {"millrace": (ours, *archive), "plain": (ours, *ours.place(kind, GIB, seed=FILES + 1))}
        if servers.Nginx.installed():
            nginx = stack.enter_context(servers.Nginx(bench.disk))
            url, _ = ours.archive("h1", medias)
            with urllib.request.urlopen(url) as whole, open(nginx.files / ARCHIVE, "wb") as file:
                shutil.copyfileobj(whole, file, 1 << 20)
            found["nginx"] = nginx, nginx.url(kind, f"/{ARCHIVE}"), []
        for _, url, headers in found.values():
            measure.load([url], headers=headers)
        yield found


def download(bench, kind):
    times = bench.pick(4, 1)
    with sources(bench, kind) as found:
        def once(name):
            server, url, headers = found[name]
            before = server.cpu_seconds()
            report = measure.load([url], headers=headers, requests=times)
            return {"cpu": (server.cpu_seconds() - before) / times, "speed": GIB * times / report["seconds"] / 1e9}

        figures = medians(bench.rounds_of(found, once))
    bench.table.ratio(f"archive-{kind}-cpu", "s/GiB", part(figures, "cpu"), "<=", 1.05, ("plain",))
    bench.table.ratio(f"archive-{kind}-speed", "GB/s", part(figures, "speed"), ">=", 0.95, ("plain",))
