"""The sample configurations of conf/ in front of the real server: links name the outside, uploads stream, bytes come back.

Each sample is used as it stands but for ports, paths and certificates.
"""

import contextlib
import os
import re
import socket
import subprocess

import httpx
import pytest

from harness import MIB, ROOT, Api, free_port, noise, serving, wait_until

TRUST_LOOPBACK = {"MILLRACE_PROXY_TRUSTED": "127.0.0.0/8", "MILLRACE_PROXY_PROTOCOL": "true"}
HALF = 12 * MIB
# What may be under way when half was sent: socket buffers, the proxy's own, and a chunk not yet cut.
UNDER_WAY = 6 * MIB


@pytest.fixture(scope="module")
def inside(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("inside"), env=TRUST_LOOPBACK) as server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                    "-keyout", folder / "key", "-out", folder / "cert"], check=True, capture_output=True)
    (folder / "both").write_bytes((folder / "cert").read_bytes() + (folder / "key").read_bytes())
    return folder


def substituted(name, *pairs):
    """The sample with each pattern replaced; a pattern that matches nothing means the sample and the test differ."""
    text = (ROOT / "conf" / name).read_text()
    for pattern, replacement in pairs:
        text, count = re.subn(pattern, lambda _: replacement, text)
        assert count, f"{name} has no {pattern}"
    return text


def nginx(folder, certificate, inside, port):
    temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in
                          ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(substituted(
        "nginx.conf", (r"listen 443", f"listen 127.0.0.1:{port}"), (r"server 127\.0\.0\.1:8080", f"server {inside.listen}"),
        (r"/etc/ssl/certs/\S+;", f"{certificate}/cert;"), (r"/etc/ssl/private/\S+;", f"{certificate}/key;"),
        (r"/var/log/nginx/error.log", f"{folder}/error.log"), (r"/run/nginx.pid", f"{folder}/pid"),
        (r"access_log off;", f"access_log off;\n{temporary}\n")))
    return ["nginx", "-e", folder / "error.log", "-p", folder, "-c", folder / "nginx.conf", "-g", "daemon off;"]


def haproxy(folder, certificate, inside, port, option="check"):
    (folder / "haproxy.cfg").write_text(substituted(
        "haproxy.cfg", (r"bind :443", f"bind 127.0.0.1:{port}"), (r"/etc/haproxy/\S+\.pem", f"{certificate}/both"),
        (r"(?m)^  server millrace1 127\.0\.0\.1:8080 check", f"  server millrace1 {inside.listen} {option}")))
    return ["haproxy", "-db", "-f", folder / "haproxy.cfg"]


def haproxy_with_proxy_protocol(folder, certificate, inside, port):
    return haproxy(folder, certificate, inside, port, "send-proxy-v2 check check-send-proxy")


def caddy(folder, certificate, inside, port):
    (folder / "Caddyfile").write_text(substituted(
        "Caddyfile", (r"(?m)^\{$", "{\n\tadmin off\n\tauto_https disable_redirects"), (r"127\.0\.0\.1:8080", inside.listen),
        (r"(?m)^media\.example\.org \{$",
         f"https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls {certificate}/cert {certificate}/key")))
    return ["caddy", "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"]


@contextlib.contextmanager
def running(command, folder, port):
    with (folder / "proxy.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder,
                                   env=os.environ | {"XDG_DATA_HOME": str(folder), "HOME": str(folder)})
    try:
        wait_until(lambda: process.poll() is not None or is_open(port), f"{command[0]} to listen")
        assert process.poll() is None, (folder / "proxy.log").read_text()[-3000:]
        yield
    finally:
        process.terminate()
        process.wait(20)


def is_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module", params=[nginx, haproxy, haproxy_with_proxy_protocol, caddy], ids=lambda f: f.__name__)
def outside(request, tmp_path_factory, certificate, inside):
    """The base address of a proxy in front of the server."""
    folder, port = tmp_path_factory.mktemp(request.param.__name__), free_port()
    with running(request.param(folder, certificate, inside, port), folder, port):
        base = f"https://localhost:{port}"
        wait_until(lambda: httpx.get(f"{base}/healthz", verify=False).status_code == 200, "the way through the proxy")
        yield base


@pytest.fixture(params=["h1", "h2"])
def api(request, outside, inside):
    return Api(outside, inside.admin["key"], http2=request.param == "h2")


@pytest.fixture(scope="module")
def stored(inside):
    body = noise(16 * MIB, "down")
    return body, inside.api().ingest(body)["mediaId"]


def test_links_name_the_outside(api, outside):
    assert api.create()["input"]["url"].startswith(f"{outside}/")


def test_upload_streams_through(api, inside):
    direct, body = inside.api(), noise(2 * HALF, "proxied")
    upload = api.create()

    def halves():
        for at in range(0, HALF, MIB):
            yield body[at:at + MIB]
        wait_until(lambda: direct.upload(upload["id"])["bytesReceived"] >= HALF - UNDER_WAY,
                   "the first half to arrive before the second is sent")
        yield body[HALF:]

    response = api.put(upload, halves())
    assert response.is_success, response.text
    media = api.complete(upload)["mediaId"]
    assert api.original(media).content == body
    assert api.original(media, Range="bytes=1000000-1999999").content == body[1000000:2000000]


def test_download_streams_through(api, stored):
    body, media = stored
    with api.http.stream("GET", f"/v2/media/{media}/original") as response:
        assert response.status_code == 200 and int(response.headers["content-length"]) == len(body)
        assert b"".join(response.iter_bytes()) == body


def test_log_names_the_client_not_the_proxy(outside, inside):
    """Behind a trusted proxy a client's address is the one the proxy tells, and a client cannot make one up."""
    httpx.get(f"{outside}/healthz?tell=me", headers={"X-Forwarded-For": "203.0.113.9"}, verify=False)
    assert "203.0.113.9" not in inside.log()
