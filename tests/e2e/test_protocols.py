"""Protocol behaviour a client or an attacker sees on the one port: HTTP/1.1 rules, HTTP/2 by library clients, PROXY
protocol, forwarded headers, limits, and the envelope of every refusal."""

import asyncio
import socket
import struct
import subprocess
import threading

import h2.config
import h2.connection
import h2.events
import httpx
import pytest

from harness import MIB, H1, Api, insecure_tls, noise, wait_until


@pytest.fixture
def h1(server):
    with H1(server.address) as client:
        yield client


def bearer(server):
    return {"Authorization": f"Bearer {server.admin['key']}"}


# --- HTTP/1.1 ---

def test_keep_alive_and_close(h1):
    for _ in range(3):
        h1.request("GET", "/healthz")
        assert h1.response()[0] == 200
    h1.request("GET", "/healthz", {"Connection": "close"})
    assert h1.response()[0] == 200 and h1.is_closed()


def test_http_1_0_closes(h1):
    h1.send("GET /healthz HTTP/1.0\r\n\r\n")
    status, headers, _ = h1.response()
    assert status == 200 and "transfer-encoding" not in headers and h1.is_closed()


def test_pipelined_answers_come_in_order(h1):
    paths = ["/healthz", "/nowhere", "/readyz", "/v2/uploads", "/healthz"] * 10
    h1.send("".join(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths))
    assert [h1.response()[0] for _ in paths] == [200, 404, 200, 401, 200] * 10


def test_pipelined_requests_with_bodies(h1, server):
    body = b'{"fileName": "pipelined.bin", "type": "put"}'
    for _ in range(5):
        h1.request("POST", "/v2/uploads", bearer(server) | {"Content-Type": "application/json"}, body)
    assert [h1.response()[0] for _ in range(5)] == [201] * 5


def test_request_in_single_bytes(h1):
    for byte in b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n":
        h1.send(bytes([byte]))
    assert h1.response()[0] == 200


def test_head_has_no_body(h1):
    h1.request("HEAD", "/healthz")
    assert h1.response("HEAD")[0] == 200
    h1.request("GET", "/healthz")
    assert h1.response()[0] == 200


def put_path(upload):
    return "/" + upload["input"]["url"].split("/", 3)[3]


def test_chunked_upload(h1, server, api):
    upload, content = api.create(), noise(MIB, "chunked")
    h1.request("PUT", put_path(upload), {"Transfer-Encoding": "chunked"}, host=server.listen)
    for at in range(0, len(content), 10_000):
        piece = content[at:at + 10_000]
        h1.send(b"%x;extension=1\r\n%b\r\n" % (len(piece), piece))
    h1.send(b"0\r\nTrailer: yes\r\n\r\n")
    assert h1.response()[0] in (200, 201, 204)
    assert api.original(api.complete(upload)["mediaId"]).content == content


def test_expect_100_continue(h1, server, api):
    upload = api.create()
    h1.request("PUT", put_path(upload), {"Content-Length": 5, "Expect": "100-continue"}, host=server.listen)
    assert h1.head()[0] == 100
    h1.send(b"hello")
    assert h1.response()[0] in (200, 201, 204)


def test_expect_is_refused_before_the_body(h1):
    h1.request("POST", "/v2/uploads", {"Content-Length": 100_000, "Expect": "100-continue"})
    assert h1.head()[0] == 401


def test_unknown_expectation(h1):
    h1.request("GET", "/healthz", {"Expect": "a-miracle"})
    assert h1.response()[0] in (200, 417)


SMUGGLING = {
    "both lengths": "POST /v2/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": "POST /v2/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "list of lengths": "POST /v2/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 5\r\n\r\nabcde",
    "signed length": "POST /v2/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd",
    "negative length": "POST /v2/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: -4\r\n\r\nabcd",
    "hexadecimal length": "POST /v2/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 0x4\r\n\r\nabcd",
    "endless length": "POST /v2/uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\nabcd",
    "obs-fold": "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n folded: 2\r\n\r\n",
    "blank before colon": "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length : 0\r\n\r\n",
    "blank in name": "GET /healthz HTTP/1.1\r\nHost: x\r\nX A: 1\r\n\r\n",
    "NUL in value": "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: 1\0002\r\n\r\n",
    "bare CR in value": "GET /healthz HTTP/1.1\r\nHost: x\r\nX-A: 1\r2\r\n\r\n",
    "no colon": "GET /healthz HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
    "chunked not last": "POST /v2/uploads HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "unknown coding": "POST /v2/uploads HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked twice": "POST /v2/uploads HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": "POST /v2/uploads HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "no host": "GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": "GET /healthz HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "bad version": "GET /healthz HTTP/1.9.1\r\nHost: x\r\n\r\n",
    "blank in target": "GET /healthz x HTTP/1.1\r\nHost: x\r\n\r\n",
    "control in target": "GET /heal\x01thz HTTP/1.1\r\nHost: x\r\n\r\n",
    "not HTTP": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("text", SMUGGLING.values(), ids=SMUGGLING)
def test_ambiguous_request_is_400_and_close(h1, text):
    h1.send(text + "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = h1.response()
    assert answer is None or answer[0] in (400, 501, 505), answer
    assert h1.is_closed(), "a connection whose framing is in doubt must not be read on"


BAD_CHUNKS = {
    "no hex": "xyz\r\n", "negative": "-5\r\nhello\r\n", "prefix": "0x5\r\nhello\r\n", "blank first": " 5\r\nhello\r\n",
    "endless size": "fffffffffffffffff\r\n", "no line end after data": "5\r\nhelloXX0\r\n\r\n", "bare LF": "5\nhello\n0\n\n",
    "bare CR in extension": "5;a\rb\r\nhello\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("chunks", BAD_CHUNKS.values(), ids=BAD_CHUNKS)
def test_bad_chunk_is_400_and_close(h1, server, api, chunks):
    upload = api.create()
    h1.request("PUT", put_path(upload), {"Transfer-Encoding": "chunked"}, host=server.listen)
    h1.send(chunks + "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = h1.response()
    assert answer is None or answer[0] == 400
    assert h1.is_closed()


def test_truncated_body_is_never_complete(server, api):
    upload = api.create()
    with H1(server.address) as client:
        client.request("PUT", put_path(upload), {"Content-Length": 1000}, host=server.listen)
        client.send(b"x" * 500)
        client.socket.shutdown(socket.SHUT_WR)
        assert client.response() is None or True
    assert api.raw("POST", f"/v2/uploads/{upload['id']}/complete").status_code in (400, 409)


# --- HTTP/2 with library clients ---

@pytest.mark.parametrize("options", [{"http1": False, "http2": True}, {"http2": True}], ids=["prior knowledge", "TLS"])
def test_httpx_many_streams(server, options):
    """From one thread: httpcore's HTTP/2 connections are not safe to share between threads (httpx#3072)."""
    base = server.base if "http1" in options else server.tls_base
    api = Api(base, server.admin["key"], **options)
    bodies = [noise(300_000, f"{base} {n}") for n in range(12)]
    uploads = [api.create() for _ in bodies]
    key = {"authorization": f"Bearer {server.admin['key']}"}

    async def at_once(requests):
        async with httpx.AsyncClient(verify=False, timeout=30, **options) as client:
            return await asyncio.gather(*(client.request(method, url, **more) for method, url, more in requests))

    sent = asyncio.run(at_once([("PUT", u["input"]["url"], {"content": b}) for u, b in zip(uploads, bodies)]))
    assert all(r.status_code == 200 and r.http_version == "HTTP/2" for r in sent)
    media = [api.complete(u)["mediaId"] for u in uploads]
    got = asyncio.run(at_once([("GET", f"{base}/v2/media/{m}/original", {"headers": key}) for m in media]))
    assert all(r.http_version == "HTTP/2" and r.content == b for r, b in zip(got, bodies))


def test_alpn_picks_the_protocol(server):
    for offer, chosen in ((["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), ([], None)):
        context = insecure_tls(offer) if offer else insecure_tls(["http/1.1"])
        if not offer:
            context.set_alpn_protocols([])
        with context.wrap_socket(socket.create_connection(server.tls_address), server_hostname="localhost") as tls:
            assert tls.selected_alpn_protocol() == chosen and tls.version() in ("TLSv1.2", "TLSv1.3")


def test_old_tls_is_refused(server):
    import ssl
    context = insecure_tls(["h2"])
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        context.wrap_socket(socket.create_connection(server.tls_address), server_hostname="localhost")


def test_one_stalled_stream_stops_nobody(server, api):
    """A download that is not read must not hold up another stream of its connection."""
    media = api.ingest(noise(4 * MIB, "stall"))["mediaId"]
    with socket.create_connection(server.address, timeout=15) as sock:
        client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        client.initiate_connection()
        client.increment_flow_control_window(2**30)
        headers = [(":method", "GET"), (":scheme", "http"), (":authority", server.listen)]
        key = [("authorization", f"Bearer {server.admin['key']}")]
        client.send_headers(1, headers + [(":path", f"/v2/media/{media}/original")] + key, end_stream=True)
        client.send_headers(3, headers + [(":path", "/healthz")], end_stream=True)
        sock.sendall(client.data_to_send())
        ended = set()
        while 3 not in ended:
            for event in client.receive_data(sock.recv(65536)):
                if isinstance(event, h2.events.StreamEnded):
                    ended.add(event.stream_id)
            sock.sendall(client.data_to_send())
        assert 1 not in ended


def test_early_answer_ends_an_upload_cleanly(server, tmp_path):
    """401 while the body is still on its way: the client gets the answer, and the connection lives on."""
    body = tmp_path / "body"
    body.write_bytes(bytes(4 << 20))
    command = ["curl", "-sS", "--http2-prior-knowledge", "-w", "%{http_code}", "-o", "/dev/null", "-X", "POST",
               "-H", "content-type: application/json", "-T", body, f"{server.base}/v2/uploads"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "401"), done.stderr

    with httpx.Client(http1=False, http2=True) as client:
        refused = client.post(f"{server.base}/v2/uploads", content=bytes(4 << 20), headers={"content-type": "application/json"})
        after = client.get(f"{server.base}/healthz")
    assert (refused.status_code, after.status_code) == (401, 200)
    streams = [answer.extensions["stream_id"] for answer in (refused, after)]
    assert streams == [1, 3], "both on one connection"


# --- who the peer is ---

PROXY_V1 = b"PROXY TCP4 203.0.113.7 192.0.2.1 51234 443\r\n"
PROXY_V2 = (b"\r\n\r\n\0\r\nQUIT\n" + b"\x21\x11" + struct.pack(">H", 12)
            + socket.inet_aton("203.0.113.7") + socket.inet_aton("192.0.2.1") + struct.pack(">HH", 51234, 443))
PROXY_V2_LOCAL = b"\r\n\r\n\0\r\nQUIT\n" + b"\x20\x00" + struct.pack(">H", 0)


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """A server that trusts the loopback as its proxy."""
    from harness import serving
    with serving(tmp_path_factory.mktemp("behind"), env={"MILLRACE_PROXY_TRUSTED": "127.0.0.0/8", "MILLRACE_PROXY_PROTOCOL": "true"}) as running:
        yield running


def ask(server, path, headers=(), preamble=b"", tls=False):
    with H1(server.tls_address if tls else server.address, tls, preamble) as client:
        client.request("GET", path, headers)
        return client.response()


@pytest.mark.parametrize("preamble", [PROXY_V1, PROXY_V2], ids=["v1", "v2"])
@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
def test_proxy_protocol_from_a_trusted_peer(behind, preamble, tls):
    assert ask(behind, "/healthz?proxied", preamble=preamble, tls=tls)[0] == 200
    wait_until(lambda: "203.0.113.7" in behind.log(), "the log to name the client behind the proxy")


@pytest.mark.parametrize("preamble", [PROXY_V2_LOCAL, b"PROXY UNKNOWN\r\n"], ids=["v2 LOCAL", "v1 UNKNOWN"])
def test_proxy_health_checks(behind, preamble):
    assert ask(behind, "/healthz", preamble=preamble)[0] == 200


@pytest.mark.parametrize("preamble", [PROXY_V1, PROXY_V2], ids=["v1", "v2"])
def test_proxy_protocol_from_anyone_else_is_refused(server, preamble):
    answer = ask(server, "/healthz", preamble=preamble)
    assert answer is None or answer[0] == 400


@pytest.mark.parametrize("preamble", [b"PROXY TCP4 nonsense\r\n", b"PROXY " + b"x" * 200, PROXY_V2[:12] + b"\x2f" + PROXY_V2[13:]],
                         ids=["v1 nonsense", "v1 endless", "v2 command"])
def test_broken_proxy_header_is_refused(behind, preamble):
    before = behind.metric("millrace_proxy_headers_rejected_total")
    assert no_answer_to(behind, preamble)
    assert behind.metric("millrace_proxy_headers_rejected_total") == before + 1


def no_answer_to(server, preamble):
    """True when the server ends the connection, or resets it under what was still to be sent, without an answer."""
    try:
        return ask(server, "/healthz", preamble=preamble) is None
    except (ConnectionResetError, BrokenPipeError):
        return True


FORWARDED = [{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "outside.example:8443"},
             {"Forwarded": 'for=203.0.113.8;proto=https;host="outside.example:8443"'}]


@pytest.mark.parametrize("headers", FORWARDED, ids=["X-Forwarded", "Forwarded"])
def test_forwarded_names_the_outside(behind, headers):
    created = behind.api().call("POST", "/v2/uploads", 201, json={"fileName": "a", "type": "put"}, headers=headers)
    assert created["input"]["url"].startswith("https://outside.example:8443/")


@pytest.mark.parametrize("headers", FORWARDED, ids=["X-Forwarded", "Forwarded"])
def test_forwarded_from_anyone_else_is_ignored(server, headers):
    created = server.api().call("POST", "/v2/uploads", 201, json={"fileName": "a", "type": "put"}, headers=headers)
    assert created["input"]["url"].startswith(f"{server.base}/")


# --- limits ---

def test_too_many_header_bytes(h1):
    h1.send("GET /healthz HTTP/1.1\r\nHost: x\r\n" + "".join(f"X-{n}: {'a' * 1000}\r\n" for n in range(300)) + "\r\n")
    assert h1.response()[0] == 431 and h1.is_closed()


def test_too_many_header_bytes_in_h2(server):
    client = httpx.Client(http1=False, http2=True)
    try:
        response = client.get(f"{server.base}/healthz", headers={f"x-{n}": "a" * 1000 for n in range(300)})
        assert response.status_code == 431
    except httpx.RemoteProtocolError:
        pass  # a reset or GOAWAY is as good


def test_endless_request_line(h1):
    h1.send("GET /" + "a" * 200_000 + " HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = h1.response()
    assert answer is None or answer[0] in (414, 431)
    assert h1.is_closed()


# --- envelopes ---

def test_every_response_has_a_request_id(server):
    for path in ("/healthz", "/nowhere", "/v2/uploads"):
        assert httpx.get(f"{server.base}{path}").headers["x-request-id"]


def test_404_in_the_envelope(api):
    for path in ("/v2/nothing", "/v2/uploads/absent", "/v2/media/absent"):
        response = api.raw("GET", path)
        assert response.status_code == 404 and response.json()["status"] == "fail" and response.json()["message"]


@pytest.mark.parametrize("method, path, allowed", [
    ("DELETE", "/v2/uploads", {"GET", "POST"}), ("PUT", "/healthz", {"GET"}), ("POST", "/v2/media/absent/original", {"GET", "HEAD"}),
    ("BREW", "/v2/uploads", {"GET", "POST"}),
])
def test_405_names_what_is_allowed(api, method, path, allowed):
    response = api.raw(method, path)
    assert response.status_code == 405
    assert allowed <= {m.strip() for m in response.headers["allow"].split(",")}


@pytest.mark.parametrize("value", [None, "Bearer", "Bearer sk-wrong", "Basic YTpi", "sk-wrong", "Bearer " + "x" * 5000])
def test_401_for_missing_and_wrong_keys(server, value):
    response = httpx.get(f"{server.base}/v2/uploads", headers={"Authorization": value} if value else {})
    assert response.status_code == 401 and response.json()["status"] in ("fail", "error")


def test_415_for_another_content_type(api):
    response = api.raw("POST", "/v2/uploads", content=b"<a/>", headers={"Content-Type": "application/xml"})
    assert response.status_code in (400, 415)


def test_oauth_client_credentials(server):
    form = {"grant_type": "client_credentials", "client_id": server.admin["accessKeyId"],
            "client_secret": server.admin["secretAccessKey"]}
    for path in ("/oauth/token", f"/realms/{server.admin['tenant']}/protocol/openid-connect/token"):
        answer = httpx.post(f"{server.base}{path}", data=form)
        assert answer.status_code == 200, answer.text
        token = answer.json()
        assert token["token_type"].lower() == "bearer" and token["expires_in"] == 16 * 3600 and "refresh_token" not in token
        assert Api(server.base, token["access_token"]).raw("GET", "/v2/uploads").status_code == 200
    wrong = httpx.post(f"{server.base}/oauth/token", data=form | {"client_secret": "wrong"})
    assert wrong.status_code in (400, 401) and wrong.json()["error"] == "invalid_client"


def test_operations_endpoints(server):
    assert httpx.get(f"{server.base}/healthz").status_code == 200
    assert httpx.get(f"{server.base}/readyz").status_code == 200
    metrics = httpx.get(f"{server.base}/metrics")
    assert metrics.status_code == 200 and "# TYPE millrace_" in metrics.text
