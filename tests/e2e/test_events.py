"""Events: what happens to a file, told to a real receiver and to those who follow the stream.

A Receiver is somebody else's server on 127.0.0.1, which the operator allowed. It verifies every signature with the
library of Standard Webhooks and can be told to be down.
"""

import contextlib
import http.server
import json
import re
import threading
import time

import httpx
import pytest
from standardwebhooks import Webhook

from elsewhere import Elsewhere
from harness import Server, clips, noise, serving, wait_until

ALLOWED = {"MILLRACE_OUTBOUND_ALLOW": "127.0.0.0/8", "MILLRACE_WEBHOOKS_RETRY_FIRST_MS": "50"}
WAY_OF_A_FILE = ["upload.created", "upload.completed", "media.created"]


class Receiver:
    """Keeps what it was sent; `status` is what it answers, a number or a function of the body."""

    def __init__(self):
        self.taken, self.refused, self.status, self.secret = [], [], 200, None
        self.lock = threading.Lock()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(handler):
                raw = handler.rfile.read(int(handler.headers["content-length"]))
                status = self.take(raw, handler.headers)
                answer = b"thank you" if status < 300 else b"come back later"
                handler.send_response(status)
                handler.send_header("content-length", str(len(answer)))
                handler.end_headers()
                handler.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, raw, headers):
        body = json.loads(raw)
        status = self.status(body) if callable(self.status) else self.status
        if self.secret:
            Webhook(self.secret).verify(raw, dict(headers))
        with self.lock:
            (self.taken if status < 300 else self.refused).append((headers["webhook-id"], body))
        return status

    def types(self, subject=None):
        """In the order they came, without repeats."""
        with self.lock:
            seen = dict.fromkeys((key, body["type"]) for key, body in self.taken
                                 if subject in (None, body["data"].get("id")))
        return [kind for _, kind in seen]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receiver():
    with contextlib.closing(Receiver()) as running:
        yield running


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("events"), env=ALLOWED) as running:
        yield running


def hook(api, receiver, **fields):
    made = api.call("POST", "/v2/webhooks", 201, json={"url": receiver.url} | fields)
    receiver.secret = made["secret"]
    return made


def deliveries(api, webhook):
    return api.call("GET", f"/v2/webhooks/{webhook['id']}/deliveries", params={"perPage": 50})["items"]


def drop_hooks(api):
    for webhook in api.call("GET", "/v2/webhooks")["items"]:
        api.call("DELETE", f"/v2/webhooks/{webhook['id']}")


@pytest.fixture
def api(own):
    api = own.api()
    yield api
    drop_hooks(api)


# --- webhooks ---

def test_imports_and_downloads_are_told_without_their_secrets(api, receiver):
    hook(api, receiver, events=["import.*", "download.*"])
    with Elsewhere() as elsewhere:
        url = elsewhere.put("/film?X-Amz-Signature=secret", noise(50_000, 5))
        good = api.call("POST", "/v2/uploads/imports", 201, json={"files": [{"url": url, "name": "good"}]})
        bad = api.call("POST", "/v2/uploads/imports", 201, json={"files": [{"url": elsewhere.base + "/none", "name": "bad"}]})
        wait_until(lambda: receiver.types(good["id"]) and receiver.types(bad["id"]), "the imports to be told", 30)
    assert receiver.types(good["id"]) == ["import.completed"]
    assert receiver.types(bad["id"]) == ["import.failed"]
    media = api.call("GET", f"/v2/uploads/imports/{good['id']}")["files"][0]["mediaId"]
    download = api.call("POST", "/v2/downloads", 201, json={"title": "All", "selectedMediaIds": [media]})
    wait_until(lambda: receiver.types(download["id"]), "the download to be told")
    assert receiver.types(download["id"]) == ["download.ready"]
    assert "secret" not in json.dumps([body for _, body in receiver.taken])


def test_a_receiver_is_told_the_way_of_a_file(api, receiver, tmp_path):
    webhook = hook(api, receiver)
    upload = api.ingest(clips(tmp_path)[0].read_bytes(), "clip.mp4")
    wait_until(lambda: "media.ready" in receiver.types(upload["id"]), "media.ready", 60)
    assert receiver.types(upload["id"]) == WAY_OF_A_FILE + ["media.ready"]
    told = {body["type"]: body for _, body in receiver.taken}
    assert told["upload.completed"]["data"]["mediaId"] == upload["mediaId"]
    assert told["media.ready"]["data"]["status"] == "ready"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told["media.ready"]["timestamp"])
    wait_until(lambda: all(d["status"] == "delivered" for d in deliveries(api, webhook)), "the log to say so")
    newest = deliveries(api, webhook)[0]
    assert (newest["type"], newest["responseStatus"], newest["responseBody"]) == ("media.ready", 200, "thank you")
    assert newest["messageId"] in {key for key, _ in receiver.taken}
    assert "secret" not in api.call("GET", f"/v2/webhooks/{webhook['id']}")


def test_changes_of_a_media_are_told_and_assets_in_their_own_shape(api, receiver):
    media = api.ingest(noise(1000, 1))["mediaId"]
    api.settled(media)
    receiver.status = lambda body: 200
    made = api.call("POST", "/v2/webhooks", 201, json={"url": receiver.url, "events": ["asset.*"]})
    bodies = []
    receiver.take = lambda raw, headers: (Webhook(made["secret"]).verify(raw, dict(headers)),
                                          bodies.append(json.loads(raw)), 200)[2]
    api.call("PATCH", f"/v2/media/{media}", json={"title": "another"})
    api.call("DELETE", f"/v2/media/{media}")
    api.call("POST", f"/v2/media/{media}/recover")
    wait_until(lambda: len(bodies) == 3, "three events")
    assert [body["event"] for body in bodies] == ["asset.changed", "asset.deleted", "asset.changed"]
    assert set(bodies[0]) == {"id", "created_on", "event", "payload", "performed_by"}
    assert bodies[0]["payload"]["title"] == "another"


def test_a_receiver_that_was_down_is_told_in_order(api, receiver):
    webhook = hook(api, receiver, events=["upload.*", "media.created"])
    receiver.status = 503
    uploads = [api.ingest(noise(500, seed)) for seed in range(5)]
    wait_until(lambda: len({key for key, _ in receiver.refused}) >= 5, "attempts at every subject")
    assert {body["type"] for _, body in receiver.refused} == {"upload.created"}, "later events wait for the first"
    waiting = deliveries(api, webhook)
    assert {d["status"] for d in waiting} == {"pending"}
    tried = next(d for d in waiting if d["attempts"] > 0)
    assert tried["error"] == "the receiver answered 503" and tried["responseBody"] == "come back later"
    receiver.status = 200
    wait_until(lambda: len(receiver.types()) == 15, "all events", 30)
    for upload in uploads:
        assert receiver.types(upload["id"]) == WAY_OF_A_FILE


def test_a_ping_and_a_retry_by_hand(api, receiver):
    webhook = hook(api, receiver, events=["media.ready"])
    receiver.status = 410
    api.call("POST", f"/v2/webhooks/{webhook['id']}/ping", 202)
    gone = wait_until(lambda: [d for d in deliveries(api, webhook) if d["status"] == "failed"], "the ping to fail")[0]
    told = api.call("GET", f"/v2/webhooks/{webhook['id']}")
    assert (told["enabled"], told["disabledBecause"]) == (False, "the receiver answered 410")
    api.call("POST", f"/v2/webhooks/{webhook['id']}/ping", 409)
    api.call("PATCH", f"/v2/webhooks/{webhook['id']}", json={"enabled": True})
    receiver.status = 200
    api.call("POST", f"/v2/webhooks/{webhook['id']}/deliveries/{gone['id']}/retry", 202)
    wait_until(lambda: receiver.types() == ["ping"], "the ping")
    assert receiver.taken[0][0] == gone["messageId"]


def test_private_addresses_are_refused_in_words(start, receiver):
    with start() as server:
        api = server.api()
        answer = api.raw("POST", "/v2/webhooks", json={"url": receiver.url})
        assert answer.status_code == 400 and "private" in answer.json()["data"]["url"]
        by_name = receiver.url.replace("127.0.0.1", "localhost")
        webhook = api.call("POST", "/v2/webhooks", 201, json={"url": by_name})
        api.call("POST", f"/v2/webhooks/{webhook['id']}/ping", 202)
        tried = wait_until(lambda: [d for d in deliveries(api, webhook) if d.get("error")], "an attempt")[0]
        assert "private" in tried["error"] and "responseStatus" not in tried
        assert not receiver.taken and not receiver.refused


def test_another_tenant_finds_nothing(own, api, receiver):
    webhook = hook(api, receiver)
    other = own.api()
    other.http.headers["Authorization"] = "Bearer " + api.call("POST", "/v2/keys", 201, json={"tenant": "other"})["key"]
    path = f"/v2/webhooks/{webhook['id']}"
    for method, place in [("GET", path), ("PATCH", path), ("DELETE", path), ("POST", path + "/ping"),
                          ("GET", path + "/deliveries"), ("POST", path + "/deliveries/0/retry")]:
        assert other.raw(method, place, **({"json": {}} if method == "PATCH" else {})).status_code == 404, place
    assert other.call("GET", "/v2/webhooks")["items"] == []
    other.ingest(noise(100, 2))
    api.call("POST", path + "/ping", 202)
    wait_until(lambda: "ping" in receiver.types(), "the ping")
    assert receiver.types() == ["ping"]


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_nothing_is_lost_over_a_restart(tmp_path, receiver, ending):
    """Restarts in the middle of a burst, with the receiver up for a moment now and then."""
    server = Server(tmp_path, env=ALLOWED).start()
    try:
        hook(server.api(), receiver, events=["upload.*", "media.created"])
        uploads = []
        for round_ in range(3):
            receiver.status = 503
            api = server.api()
            uploads += [api.ingest(noise(300, f"{round_}/{seed}"))["id"] for seed in range(8)]
            receiver.status = 200
            time.sleep(0.02 * round_)
            getattr(server, ending)()
            server.start()
        receiver.status = 200
        wait_until(lambda: all(receiver.types(id) == WAY_OF_A_FILE for id in uploads), "every event in order", 30)
    finally:
        server.kill()


# --- the stream ---

class Stream:
    """A reader of text/event-stream; events() yields (id, type, data) until the stream ends."""

    def __init__(self, client, **options):
        self.response = client.stream("GET", "/v2/events", timeout=40, **options)

    def __enter__(self):
        self.answer = self.response.__enter__()
        assert self.answer.status_code == 200, self.answer.read()
        assert self.answer.headers["content-type"] == "text/event-stream"
        assert self.answer.headers["cache-control"] == "no-store"
        self.lines = self.answer.iter_lines()
        assert next(self.lines).startswith("retry: ")
        return self

    def __exit__(self, *_):
        self.response.__exit__(None, None, None)

    def events(self):
        fields = {}
        for line in self.lines:
            if line.startswith(":"):
                continue
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                yield fields.get("id"), fields["event"], json.loads(fields["data"])["data"]
                fields = {}

    def until(self, kind, subject=None):
        """All events up to the first of this kind."""
        told = []
        for event in self.events():
            told.append(event)
            if event[1] == kind and subject in (None, event[2].get("id")):
                return told
        raise AssertionError(f"the stream ended before {kind}: {told}")


@pytest.fixture(params=["h1", "h2"])
def http_client(request, own):
    secure = request.param == "h2"
    headers = {"Authorization": f"Bearer {own.admin['key']}"}
    with httpx.Client(base_url=own.tls_base if secure else own.base, headers=headers, verify=False, http2=secure) as it:
        yield it


def test_a_page_follows_a_file_from_its_beginning_until_it_is_ready(own, http_client, tmp_path):
    api = own.api()
    with Stream(http_client) as stream:
        assert stream.answer.http_version == ("HTTP/2" if str(http_client.base_url).startswith("https") else "HTTP/1.1")
        upload = api.ingest(clips(tmp_path)[0].read_bytes(), "clip.mp4")
        told = stream.until("media.ready", upload["id"])
    of_it = [event for event in told if event[2].get("id") == upload["id"]]
    assert [kind for number, kind, _ in of_it if number] == WAY_OF_A_FILE + ["media.ready"]
    assert [kind for number, kind, _ in of_it if not number].count("media.progress") >= 1
    numbers = [int(number) for number, _, _ in told if number]
    assert numbers == sorted(set(numbers))


def test_who_comes_back_has_missed_nothing(own, http_client):
    api = own.api()
    with Stream(http_client) as stream:
        first = api.create()["id"]
        number = stream.until("upload.created", first)[-1][0]
    missed = [api.create()["id"] for _ in range(70)]
    with Stream(http_client, headers={"Last-Event-ID": number}) as stream:
        told = stream.until("upload.created", missed[-1])
    assert [data["id"] for _, kind, data in told if kind == "upload.created"] == missed
    with Stream(http_client, params={"lastEventId": number, "subject": missed[3]}) as stream:
        assert stream.until("upload.created")[0][2]["id"] == missed[3]
    with Stream(http_client, params={"lastEventId": number, "types": "upload.cancelled,media.*"}) as stream:
        api.call("POST", f"/v2/uploads/{missed[0]}/cancel")
        assert [kind for _, kind, _ in stream.until("upload.cancelled")] == ["upload.cancelled"]


def test_what_cannot_be_followed_is_refused_by_name(own):
    api = own.api()
    for parameters, field in [({"types": "media.redy"}, "types"), ({"lastEventId": "soon"}, "lastEventId")]:
        answer = api.raw("GET", "/v2/events", params=parameters)
        assert answer.status_code == 400 and field in answer.json()["data"], answer.text
    assert api.raw("HEAD", "/v2/events").status_code == 200


def test_a_token_may_come_in_the_address_but_a_key_may_not(own):
    form = {"grant_type": "client_credentials", "client_id": own.admin["accessKeyId"],
            "client_secret": own.admin["secretAccessKey"]}
    token = httpx.post(f"{own.base}/oauth/token", data=form).json()["access_token"]
    with httpx.Client(base_url=own.base) as page:
        with Stream(page, params={"access_token": token}):
            pass
        assert page.get("/v2/events", params={"access_token": own.admin["key"]}).status_code == 401
        assert page.get("/v2/uploads", params={"access_token": token}).status_code == 401
    wait_until(lambda: "access_token=***" in own.log(), "the request in the log")
    assert token not in own.log() and own.admin["key"] not in own.log()


@pytest.mark.parametrize("secure", [False, True], ids=["h1", "h2"])
def test_a_stream_outlives_every_idle_limit(start, secure):
    limits = ["HTTP1_IDLE_MS", "HTTP1_BODY_IDLE_MS", "HTTP1_HEADER_MS", "HTTP2_IDLE_MS", "HTTP2_RESPONSE_IDLE_MS",
              "HTTP2_BODY_IDLE_MS", "SERVER_WRITE_IDLE_MS"]
    with start(env={f"MILLRACE_{name}": "300" for name in limits}) as server:
        headers = {"Authorization": f"Bearer {server.admin['key']}"}
        base = server.tls_base if secure else server.base
        with httpx.Client(base_url=base, headers=headers, verify=False, http2=secure) as client:
            with Stream(client) as stream:
                time.sleep(2)
                upload = server.api().create()["id"]
                assert stream.until("upload.created")[-1][2]["id"] == upload


def test_streams_are_bounded_and_end_with_the_server(start):
    with start(env={"MILLRACE_EVENTS_STREAMS_MAX": "1"}) as server:
        client = server.api().http
        with Stream(client):
            assert client.get("/v2/events").status_code == 429
        wait_until(lambda: client.head("/v2/events").status_code == 200, "the place of the one who left")
        with Stream(client) as stream:
            stopping = threading.Thread(target=server.stop)
            stopping.start()
            assert list(stream.events()) == [], "it ends as a whole response, before the drain cuts it"
            stopping.join()
