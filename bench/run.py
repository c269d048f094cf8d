#!/usr/bin/env python3
"""Millrace beside its peers, in one table: `./dev bench`, or by hand `python3 bench/run.py --help`.

Every figure is the median of alternating rounds: ours, then each peer, then again. README.md says what each row means.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import archives
import crowd
import downloads
import measure
import ready
import s3
import servers
import uploads
from measure import GIB, MIB, ROOT
from table import Table

DISK_FREE = 8 * GIB
TMPFS_FREE = 5 * GIB
WARM_BYTES = GIB + GIB // 4
BUDGET_BYTES = 256 * MIB  # given to the server, so that the row knows it


def kernels(bench):
    """The cutter, the hash and both checksums in one pass, as the writer runs them."""
    binary = bench.tools / "kernels_bench"
    if not binary.exists():
        bench.table.note("kernels_bench is not built")
        return bench.table.absolute("kernels", "GB/s", {}, ">=", 4)
    done = subprocess.run(
        ["taskset", "-c", str(servers.SERVER_CORE), binary, "--benchmark_format=json",
         f"--benchmark_repetitions={bench.pick(5, 3)}", "--benchmark_filter=cutter_and_digest/from_memory"],
        capture_output=True, text=True, check=True)
    runs = json.loads(done.stdout)["benchmarks"]
    median = next(run for run in runs if run.get("aggregate_name") == "median")
    bench.table.absolute("kernels", "GB/s", {"millrace": median["bytes_per_second"] / 1e9}, ">=", 4)


def tasks():
    for kind in ("h2", "tls"):
        for disk in (True, False):
            yield f"upload-{kind}-{'disk' if disk else 'tmpfs'}", lambda b, k=kind, d=disk: uploads.upload(b, k, d)
    for kind in ("h2", "tls"):
        yield f"curl-1g-{kind}", lambda b, k=kind: uploads.curl(b, k)
    yield "dedupe", uploads.dedupe
    for kind in ("h2", "tls"):
        yield f"download-{kind}", lambda b, k=kind: downloads.download(b, k)
    for kind in ("h2", "tls"):
        yield f"archive-{kind}", lambda b, k=kind: archives.download(b, k)
    for what in ("healthz", "1k"):
        for kind in ("h2", "tls", "h1"):
            yield f"small-{what}-{kind}", lambda b, w=what, k=kind: downloads.many(b, w, k)
    for what in ("healthz", "1k"):
        yield f"single-{what}-h2", lambda b, w=what: downloads.single(b, w, "h2")
    yield "s3-parts", s3.put_and_get
    yield "s3-beside-plain-put", s3.beside_plain_put
    yield "time-to-ready", ready.ready
    yield "path-100ms-1000mbit", lambda b: crowd.path(b, 1000)
    yield "path-100ms-unlimited", lambda b: crowd.path(b, 0)
    yield "idle-h2", lambda b: crowd.idle(b, "h2", 8)
    yield "idle-tls", lambda b: crowd.idle(b, "tls", 24)
    yield "slow-uploads", crowd.slow
    yield "kernels", kernels


class Bench:
    """What the rows share: where to work, how often, who takes part, and the table."""

    budget_bytes = BUDGET_BYTES

    def __init__(self, options, disk, tmpfs):
        self.table = Table()
        self.disk, self.tmpfs = disk, tmpfs
        self.quick = options.quick
        self.repeat = options.rounds or self.pick(5, 1)
        self.ours = not options.peers_only
        self.tools = measure.TOOLS
        self.absent = set()

    def pick(self, full, quick):
        return quick if self.quick else full

    def with_ours(self, classes, ours=servers.Millrace):
        wanted = ([ours] if self.ours else []) + list(classes)
        for cls in wanted:
            if not cls.installed() and cls.name not in self.absent:
                self.absent.add(cls.name)
                self.table.note(f"{cls.name} is not there and is left out")
        return [cls for cls in wanted if cls.installed()]

    @contextlib.contextmanager
    def noted(self, name):
        """A server that fails is a note in the table, and the others go on."""
        try:
            yield
        except (RuntimeError, OSError, subprocess.SubprocessError, ValueError, KeyError) as error:
            self.table.note(f"{name}: {type(error).__name__}: {str(error)[:800]}")

    def alternate(self, names, once, rounds):
        samples = {name: [] for name in names}
        for _ in range(rounds):
            for name, values in samples.items():
                measure.WARM.renew()
                with self.noted(name):
                    values.append(once(name))
        return {name: values for name, values in samples.items() if values}

    def rounds(self, classes, once, rounds=None, ours=servers.Millrace):
        """once(cls) for ours and every peer in turn."""
        by_name = {cls.name: cls for cls in self.with_ours(classes, ours)}
        return self.alternate(by_name, lambda name: once(by_name[name]), rounds or self.repeat)

    def rounds_of(self, running, once):
        return self.alternate(running, once, self.repeat)


def build(folder, with_kernels, with_ours):
    if not (folder / "build.ninja").exists():
        subprocess.run(["cmake", "--preset", "release", "-B", folder], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    targets = ["loadclient", "relay"] + ["kernels_bench"] * with_kernels + ["millrace"] * with_ours
    for target in targets:
        done = subprocess.run(["ninja", "-C", folder, target], capture_output=True, text=True)
        if done.returncode != 0:
            print(f"{target} does not build:\n{done.stdout[-2000:]}", file=sys.stderr)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round of less: rough figures in minutes")
    parser.add_argument("--only", default="", help="rows whose name starts with one of these, comma-separated")
    parser.add_argument("--disk", type=pathlib.Path, default=ROOT / "build/bench", help="a folder on disk")
    parser.add_argument("--tmpfs", type=pathlib.Path, default=pathlib.Path("/dev/shm"), help="a folder in memory")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", help="the build to measure")
    parser.add_argument("--rounds", type=int, default=0, help="rounds of each row (5; 1 with --quick)")
    parser.add_argument("--peers-only", action="store_true", help="leave ours out")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    return parser.parse_args()


def check_space(options):
    for folder, need in ((options.disk, DISK_FREE), (options.tmpfs, TMPFS_FREE)):
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < need:
            sys.exit(f"{folder} needs {need / GIB:.0f} GiB free")


@contextlib.contextmanager
def scratch(folder):
    where = pathlib.Path(tempfile.mkdtemp(prefix="millrace-bench-", dir=folder))
    try:
        yield where
    finally:
        shutil.rmtree(where, ignore_errors=True)


def measure_all(options, chosen):
    with scratch(options.disk) as disk, scratch(options.tmpfs) as tmpfs:
        bench = Bench(options, disk, tmpfs)
        measure.WARM.hold(WARM_BYTES)
        bench.table.header()
        seconds = {}
        try:
            for name, task in chosen:
                started = time.monotonic()
                with bench.noted(name):
                    task(bench)
                seconds[name] = round(time.monotonic() - started, 1)
        finally:
            context = {"quick": options.quick, "seconds": seconds, "cores": os.cpu_count(),
                       "kernel": platform.release()}
            bench.table.write(ROOT / "build/bench/results.json", context)
    return bench.table


def main():
    options = parse()
    wanted = [name for name in options.only.split(",") if name]
    chosen = [(name, task) for name, task in tasks() if not wanted or any(name.startswith(w) for w in wanted)]
    if options.list or not chosen:
        print("\n".join(name for name, _ in (tasks() if options.list else chosen)) or "no such row")
        return 0 if options.list else 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    build(options.build, any(name == "kernels" for name, _ in chosen), not options.peers_only)
    check_space(options)
    measure.TOOLS = options.build / "bench"
    servers.Millrace.binary = options.build / "millrace"
    servers.Millrace.settings = {"MILLRACE_LOG_REQUESTS": "false", "MILLRACE_SERVER_LOOPS": "1",
                                 "MILLRACE_MEMORY_BUDGET_BYTES": str(BUDGET_BYTES),
                                 "MILLRACE_MEDIA_RENDITIONS": "false"}
    table = measure_all(options, chosen)
    print(f"{table.summary()}; build/bench/results.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
