"""The S3 door beside S3 servers: multipart PUT and GET of 8 MiB parts over four connections, by presigned addresses, so
that every server gets the same bytes from the same client. The peers speak HTTP/1.1 only."""

import os

import botocore.session
from botocore.config import Config

import measure
import servers
from measure import GIB, ROOT
from table import medians, part
from uploads import BODY, CONNECTIONS, spent

PEER_TOOLS = ROOT / "build" / "bench" / "peers"
ACCESS, SECRET = "bench-access", "bench-secret-key"
BUCKET = "bench"
# What the S3 door may cost beyond the plain PUT of the same bytes.
DOOR_SHARE_MAX = 1.15


class S3Client:
    """Calls by botocore; part bodies go by presigned addresses."""

    def __init__(self, base, access, secret):
        self.calls = botocore.session.get_session().create_client(
            "s3", endpoint_url=base, region_name="us-east-1", aws_access_key_id=access, aws_secret_access_key=secret,
            verify=False, config=Config(signature_version="s3v4", s3={"addressing_style": "path"},
                                        request_checksum_calculation="when_required"))

    def begin(self, key, parts):
        """A multipart upload and the addresses of its parts."""
        named = {"Bucket": BUCKET, "Key": key}
        named["UploadId"] = self.calls.create_multipart_upload(**named)["UploadId"]
        return named, [self.sign("upload_part", named | {"PartNumber": number + 1}) for number in range(parts)]

    def complete(self, named):
        listed = []
        for page in self.calls.get_paginator("list_parts").paginate(**named):
            listed += [{"PartNumber": entry["PartNumber"], "ETag": entry["ETag"]} for entry in page["Parts"]]
        self.calls.complete_multipart_upload(**named, MultipartUpload={"Parts": listed})

    def sign(self, call, arguments):
        return self.calls.generate_presigned_url(call, Params=arguments, ExpiresIn=3600)


class S3Peer(servers.Server):
    """A gateway over a directory, one port of HTTP/1.1."""

    @classmethod
    def installed(cls):
        return (PEER_TOOLS / cls.program).exists()

    def start(self):
        self.address = {"h1": f"127.0.0.1:{servers.free_port()}"}
        (self.files / BUCKET).mkdir()
        self.spawn(PEER_TOOLS / self.program, *self.arguments(), env={**os.environ, "GOMAXPROCS": "1"})
        self.wait_for_ports()
        self.s3 = S3Client(f"http://{self.address['h1']}", ACCESS, SECRET)


class Versity(S3Peer):
    name = program = "versitygw"

    def arguments(self):
        return "--access", ACCESS, "--secret", SECRET, "--port", self.address["h1"], "--keep-alive", "--quiet", "posix", self.files


class Ours(servers.Millrace):
    def start(self):
        super().start()
        self.s3 = S3Client(f"http://{self.address['h1']}", self.admin["accessKeyId"], self.admin["secretAccessKey"])
        self.s3.calls.create_bucket(Bucket=BUCKET)


PEERS = (Versity,)


def send_parts(server, kind, total):
    named, urls = server.s3.begin(f"{server.batch}.bin", total // BODY)
    server.batch += 1
    flags = ["h1"] if kind == "h1" else []

    def send():
        measure.load(urls, method="PUT", size=BODY, connections=CONNECTIONS, flags=flags)
        server.s3.complete(named)

    return named, spent(server, send)


def put_and_get(bench):
    total = bench.pick(GIB, GIB // 2)

    def once(cls):
        with cls(bench.disk) as server:
            named, (cpu, seconds) = send_parts(server, "h1", total)
            address = server.s3.sign("get_object", {name: named[name] for name in ("Bucket", "Key")})
            before = server.cpu_seconds()
            got = measure.load([address], connections=CONNECTIONS, requests=CONNECTIONS, flags=["h1"])
            read = total * CONNECTIONS
            return {"put": cpu * GIB / total, "durable": total / seconds / 1e9,
                    "get": (server.cpu_seconds() - before) * GIB / read, "speed": read / got["seconds"] / 1e9}

    figures = medians(bench.rounds(PEERS, once, ours=Ours))
    rivals = tuple(peer.name for peer in PEERS)
    bench.table.ratio("s3-parts-put-cpu", "s/GiB", part(figures, "put"), "<=", 1.0, rivals)
    bench.table.ratio("s3-parts-put-durable", "GB/s", part(figures, "durable"), ">=", 1.0, rivals)
    bench.table.ratio("s3-get-cpu", "s/GiB", part(figures, "get"), "<=", 1.0, rivals)
    bench.table.ratio("s3-get-speed", "GB/s", part(figures, "speed"), ">=", 1.0, rivals)


def beside_plain_put(bench):
    """The same server, the same bytes: parts of the S3 door and bodies of the plain PUT, in turn."""
    total = bench.pick(GIB, GIB // 2)

    def once(way):
        with Ours(bench.disk) as server:
            if way == "millrace":
                _, (cpu, _) = send_parts(server, "h2", total)
            else:
                urls = server.put_urls("h2", total // BODY, BODY)
                cpu, _ = spent(server, lambda: measure.load(urls, method="PUT", size=BODY, connections=CONNECTIONS))
            return cpu * GIB / total

    ways = ["millrace", "plain put"] if bench.with_ours(()) else []
    figures = medians(bench.alternate(ways, once, bench.repeat))
    bench.table.ratio("s3-beside-plain-put-cpu", "s/GiB", figures, "<=", DOOR_SHARE_MAX, ("plain put",))
