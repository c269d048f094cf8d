"""The whole journey of a file through the v2 door, with the clients people use: create, put, complete, look, fetch,
delete, recover; interrupted and continued, duplicated, cancelled, damaged."""

import hashlib
import json
import re

import pytest

from harness import MIB, H1, Api, clips, curl, noise, wait_until

CURL = {"h1": ["--http1.1"], "h2": ["--http2-prior-knowledge"], "tls h1": ["-k", "--http1.1"], "tls h2": ["-k", "--http2"]}


@pytest.fixture(params=CURL)
def way(request, server):
    """How curl reaches the server: its options and the base address."""
    return CURL[request.param], server.tls_base if "tls" in request.param else server.base


# --- the journey by curl ---

def test_journey_by_curl(way, server, tmp_path):
    options, base = way
    content = noise(3 * MIB + 17, repr(options))
    clip = tmp_path / "clip.bin"
    clip.write_bytes(content)
    key = ["-H", f"Authorization: Bearer {server.admin['key']}"]

    def data(*arguments):
        return json.loads(curl(*options, *key, *arguments))["data"]

    upload = data("--json", '{"fileName": "clip.bin", "type": "put", "fileSize": %d}' % len(content), f"{base}/v2/uploads")
    assert upload["state"] == "created" and upload["type"] == "put" and upload["input"]["url"].startswith(base)
    curl(*options, "--fail", "-T", clip, upload["input"]["url"])
    got = data(f"{base}/v2/uploads/{upload['id']}")
    assert (got["state"], got["bytesReceived"], got["size"]) == ("uploading", len(content), len(content))
    done = data("-X", "POST", f"{base}/v2/uploads/{upload['id']}/complete")
    assert done["state"] == "completed" and done["mediaId"]
    original = f"{base}/v2/media/{done['mediaId']}/original"
    assert curl(*options, *key, "--fail", original) == content
    assert curl(*options, *key, "--fail", "-r", "1048570-1048585", original) == content[1048570:1048586]
    version = curl(*options, "-o", "/dev/null", "-w", "%{http_version}", f"{base}/healthz").decode()
    assert version == ("2" if "--http2" in " ".join(options) else "1.1")


def test_one_body_through_every_protocol_is_stored_once(server, tmp_path):
    """The second copy, through another protocol and shifted, must find the chunks of the first."""
    content = noise(24 * MIB, "shared")
    server.api().ingest(content)
    before = stored_bytes(server)
    tls = Api(server.tls_base, server.admin["key"], http1=False, http2=True)
    tls.ingest(b"shifted by an odd number of bytes: " + content)
    assert stored_bytes(server) - before < len(content) // 2


def stored_bytes(server):
    """On the disk, without what the media tools are looking at just now."""
    files = (f for f in server.data.rglob("*") if "jobs" not in f.relative_to(server.data).parts)
    return sum(f.stat().st_blocks * 512 for f in files if f.is_file())


# --- uploads ---

def test_list_shows_newest_uploads_with_paging(api):
    ids = [api.create(f"list-{n}.bin")["id"] for n in range(3)]
    first = api.call("GET", "/v2/uploads?perPage=2&page=0&sort=createdAt:desc")
    assert len(items(first)) == 2
    everything = [u["id"] for page in range(20) for u in items(api.call("GET", f"/v2/uploads?perPage=50&page={page}"))]
    assert set(ids) <= set(everything) and len(everything) == len(set(everything))


def items(data):
    """A list answer is an array, or an object that holds one."""
    return data if isinstance(data, list) else next(v for v in data.values() if isinstance(v, list))


def test_filter_by_name(api):
    api.create("needle.bin")
    found = items(api.call("GET", "/v2/uploads", params={"filter": "fileName=needle.bin"}))
    assert found and {u["fileName"] for u in found} == {"needle.bin"}


@pytest.mark.parametrize("query", ["perPage=0", "perPage=51", "perPage=x", "page=-1", "sort=nonsense"])
def test_bad_list_parameters_are_named(api, query):
    response = api.raw("GET", f"/v2/uploads?{query}")
    assert response.status_code == 400 and query.split("=")[0] in response.text


@pytest.mark.parametrize("body, field", [
    ({}, "fileName"), ({"fileName": 7}, "fileName"), ({"fileName": ""}, "fileName"),
    ({"fileName": "a", "type": "carrier-pigeon"}, "type"), ({"fileName": "a", "type": "put", "fileSize": "big"}, "fileSize"),
    ({"fileName": "a", "type": "put", "fileSize": -1}, "fileSize"), ({"fileName": "a", "type": "put", "metadata": 5}, "metadata"),
])
def test_wrong_create_fields_are_named(api, body, field):
    response = api.raw("POST", "/v2/uploads", json=body)
    answer = response.json()
    assert response.status_code in (400, 422) and answer["status"] == "fail" and field in response.text


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b'{"fileName": "a"} x', b"[" * 5000])
def test_broken_json_is_a_clean_400(api, body):
    response = api.raw("POST", "/v2/uploads", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422) and response.json()["status"] == "fail"


def test_json_over_the_limit_is_413(api):
    response = api.raw("POST", "/v2/uploads", json={"fileName": "a" * (2 * MIB)})
    assert response.status_code == 413


def test_unknown_fields_are_ignored(api):
    assert api.create("a.bin", surprise={"deep": [1, 2]})["state"] == "created"


def test_idempotency_key_replays_the_first_answer(api):
    headers = {"Idempotency-Key": "once"}
    body = {"fileName": "idem.bin", "type": "put"}
    first = api.raw("POST", "/v2/uploads", json=body, headers=headers)
    second = api.raw("POST", "/v2/uploads", json=body, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.json()["data"]["id"] == second.json()["data"]["id"]
    other = api.raw("POST", "/v2/uploads", json=body | {"fileName": "other.bin"}, headers=headers)
    assert other.status_code == 409 and other.headers.get("x-should-retry") == "false"


def test_declared_size_must_come_true(api):
    upload = api.create(fileSize=1000)
    response = api.put(upload, noise(1001, "more"))
    assert response.status_code in (400, 413)
    upload = api.create(fileSize=1000)
    api.put(upload, noise(999, "less"))
    assert api.raw("POST", f"/v2/uploads/{upload['id']}/complete").status_code in (400, 409)


def test_empty_file(api):
    media = api.settled(api.ingest(b"", "empty.bin")["mediaId"])
    assert media["status"] == "errored"
    response = api.original(media["id"])
    assert response.status_code == 200 and response.content == b""


def test_put_again_replaces_or_conflicts(api):
    """A second whole PUT before completion is either taken as the new content or refused; never mixed in."""
    upload = api.create()
    first, second = noise(MIB, "first"), noise(MIB // 2, "second")
    api.put(upload, first)
    response = api.put(upload, second)
    assert response.status_code == 409 or response.is_success
    expected = second if response.is_success else first
    assert api.original(api.complete(upload)["mediaId"]).content == expected


def test_presigned_address_is_good_for_its_upload_only(api):
    first, second = api.create(), api.create()
    url = first["input"]["url"]
    forged = url.replace(first["id"], second["id"])
    assert forged != url or first["id"] not in url
    if forged != url:
        assert api.put_http.put(forged, content=b"x").status_code in (401, 403)
    tampered = re.sub(r"(X-Amz-Signature=)(.)", lambda m: m[1] + ("0" if m[2] != "0" else "1"), url)
    assert tampered != url and api.put_http.put(tampered, content=b"x").status_code in (401, 403)
    assert api.put_http.get(url).status_code in (401, 403, 404, 405)
    assert api.upload(first["id"])["bytesReceived"] == 0


# --- interrupted and continued ---

def cut_off(api, server, upload, content, sent):
    """Sends the first bytes of a PUT and drops the connection; how many of them the server kept."""
    path = "/" + upload["input"]["url"].split("/", 3)[3]
    client = H1(server.address)
    client.request("PUT", path, {"Content-Length": len(content)}, host=server.listen)
    client.send(content[:sent])
    wait_until(lambda: api.upload(upload["id"])["bytesReceived"] > 0, "the first bytes")
    client.reset()
    return settled_offset(api, upload, len(content))


def settled_offset(api, upload, size):
    """Asks as a resuming client does, until two answers agree."""
    previous = None

    def ask():
        nonlocal previous
        response = api.put(upload, b"", **{"Content-Range": f"bytes */{size}"})
        assert response.status_code in (308, 409, 503), response.text
        current = offset_of(response) if response.status_code == 308 else None
        same, previous = current is not None and current == previous, current
        return same
    wait_until(ask, "the interrupted upload to settle")
    return previous


def offset_of(response):
    """308 tells `Range: bytes=0-LAST`; no Range means nothing was kept."""
    kept = response.headers.get("range")
    return int(re.fullmatch(r"bytes=0-(\d+)", kept)[1]) + 1 if kept else 0


def test_interrupted_put_continues(api, server):
    content = noise(20 * MIB, "interrupted")
    upload = api.create()
    kept = cut_off(api, server, upload, content, 14 * MIB)
    assert 0 < kept <= 14 * MIB
    rest = api.put(upload, content[kept:], **{"Content-Range": f"bytes {kept}-{len(content) - 1}/{len(content)}"})
    assert rest.is_success, rest.text
    assert api.original(api.complete(upload)["mediaId"]).content == content


def test_pieces_by_content_range(api):
    content = noise(5 * MIB, "pieces")
    upload = api.create()
    for at in range(0, len(content), MIB):
        piece = content[at:at + MIB]
        response = api.put(upload, piece, **{"Content-Range": f"bytes {at}-{at + len(piece) - 1}/{len(content)}"})
        if at + MIB < len(content):
            assert response.status_code == 308 and offset_of(response) == at + MIB
        else:
            assert response.is_success and response.status_code != 308
    assert api.original(api.complete(upload)["mediaId"]).content == content


def test_piece_at_a_wrong_offset_tells_the_right_one(api):
    upload = api.create()
    api.put(upload, noise(1000, "a"), **{"Content-Range": "bytes 0-999/5000"})
    response = api.put(upload, noise(1000, "b"), **{"Content-Range": "bytes 2000-2999/5000"})
    assert response.status_code in (308, 409, 416)
    assert offset_of(response) == 1000
    assert api.upload(upload["id"])["bytesReceived"] == 1000


@pytest.mark.parametrize("value", ["bytes 5-4/10", "bytes x-y/z", "bytes 0-9/5", "lines 0-1/2", "bytes 0-99999999999999999999/9"])
def test_broken_content_range_is_refused(api, value):
    response = api.put(api.create(), b"0123456789", **{"Content-Range": value})
    assert response.status_code in (400, 416)


def test_incomplete_upload_cannot_be_completed(api):
    upload = api.create()
    api.put(upload, b"x" * 100, **{"Content-Range": "bytes 0-99/1000"})
    response = api.raw("POST", f"/v2/uploads/{upload['id']}/complete")
    assert response.status_code in (400, 409)
    assert api.upload(upload["id"])["state"] == "uploading"


# --- ends ---

def test_cancel_frees_and_forgets(api):
    upload = api.create()
    api.put(upload, noise(MIB, "cancel"))
    api.call("POST", f"/v2/uploads/{upload['id']}/cancel")
    assert api.upload(upload["id"])["state"] == "cancelled"
    assert api.raw("POST", f"/v2/uploads/{upload['id']}/complete").status_code == 409
    assert api.put(upload, b"more").status_code in (403, 404, 409, 410)


def test_only_a_completed_upload_can_be_deleted(api):
    upload = api.create()
    assert api.raw("DELETE", f"/v2/uploads/{upload['id']}").status_code == 409
    api.put(upload, noise(1000, "delete"))
    media = api.complete(upload)["mediaId"]
    assert api.raw("DELETE", f"/v2/uploads/{upload['id']}").is_success
    assert api.raw("GET", f"/v2/uploads/{upload['id']}").status_code == 404
    assert api.original(media).status_code == 200


def test_complete_twice_gives_the_same_media(api):
    upload = api.create()
    api.put(upload, noise(1000, "twice"))
    first = api.complete(upload)["mediaId"]
    again = api.raw("POST", f"/v2/uploads/{upload['id']}/complete")
    assert again.status_code == 409 or again.json()["data"]["mediaId"] == first


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_complete_by_other_methods(api, method):
    upload = api.create()
    api.put(upload, noise(1000, f"complete {method}"))
    assert api.call(method, f"/v2/uploads/{upload['id']}/complete", json={"title": "T"})["mediaId"]


def test_duplicate_is_a_conflict_that_names_the_first(start):
    with start(env={"MILLRACE_MEDIA_DUPLICATE_CHECK": "true"}) as server:
        api = server.api()
        content = noise(6 * MIB, "duplicate")
        first = api.ingest(content)["mediaId"]
        upload = api.create()
        api.put(upload, content)
        response = api.raw("POST", f"/v2/uploads/{upload['id']}/complete")
        assert response.status_code == 409 and first in response.text
        assert response.headers.get("x-should-retry") == "false"


# --- media ---

@pytest.fixture(scope="module")
def stored(server):
    content = noise(9 * MIB + 5, "ranges")
    return server.api().ingest(content, "ranges.bin")["mediaId"], content


@pytest.mark.parametrize("header, part", [
    ("bytes=0-0", slice(0, 1)), ("bytes=0-", slice(0, None)), ("bytes=-7", slice(-7, None)),
    ("bytes=4194300-4194310", slice(4194300, 4194311)), ("bytes=9437180-99999999", slice(9437180, None)),
    ("bytes=-99999999", slice(0, None)),
])
def test_range(api, stored, header, part):
    media, content = stored
    response = api.original(media, Range=header)
    begin, end, _ = part.indices(len(content))
    assert response.status_code == 206
    assert response.headers["content-range"] == f"bytes {begin}-{end - 1}/{len(content)}"
    assert response.content == content[part]


@pytest.mark.parametrize("header", ["bytes=99999999-", "bytes=-0"])
def test_unsatisfiable_range(api, stored, header):
    media, content = stored
    response = api.original(media, Range=header)
    assert response.status_code == 416 and response.headers["content-range"] == f"bytes */{len(content)}"


@pytest.mark.parametrize("header", ["bytes=5-4", "bytes=a-b", "lines=0-1", "bytes"])
def test_senseless_range_is_ignored(api, stored, header):
    media, content = stored
    response = api.original(media, Range=header)
    assert response.status_code == 200 and response.content == content


def test_conditional_requests(api, stored):
    media, content = stored
    head = api.original(media, "HEAD")
    etag = head.headers["etag"]
    assert head.status_code == 200 and not head.content
    assert int(head.headers["content-length"]) == len(content) and head.headers["accept-ranges"] == "bytes"
    assert api.original(media, **{"If-None-Match": etag}).status_code == 304
    assert api.original(media, **{"If-None-Match": '"other"'}).status_code == 200
    assert api.original(media, **{"If-Match": '"other"'}).status_code == 412
    assert api.original(media, **{"If-Range": etag, "Range": "bytes=0-9"}).status_code == 206
    assert api.original(media, **{"If-Range": '"other"', "Range": "bytes=0-9"}).status_code == 200


def test_patch_media(api, stored):
    media, _ = stored
    assert api.call("PATCH", f"/v2/media/{media}", json={"title": "Ünicode ✓"})["title"] == "Ünicode ✓"
    assert api.media(media)["title"] == "Ünicode ✓"
    assert api.raw("PATCH", f"/v2/media/{media}", json={"title": 5}).status_code in (400, 422)


def test_delete_and_recover(api):
    content = noise(1000, "recover")
    media = api.ingest(content)["mediaId"]
    api.settled(media)
    assert api.raw("DELETE", f"/v2/media/{media}").is_success
    assert api.raw("GET", f"/v2/media/{media}").status_code == 404 or api.media(media)["status"] == "softDeleted"
    assert api.raw("POST", f"/v2/media/{media}/recover").is_success
    assert api.original(media).content == content
    assert api.raw("DELETE", f"/v2/media/{media}?hard=true").is_success
    assert api.original(media).status_code in (404, 410)
    assert api.raw("POST", f"/v2/media/{media}/recover").status_code in (404, 409, 410)


def test_media_list_and_channels(api):
    channel = api.call("POST", "/v2/channels", 201, json={"name": "Second"})
    channels = items(api.call("GET", "/v2/channels"))
    assert channel["id"] in [c["id"] for c in channels] and len(channels) >= 2
    upload = api.create("channel.bin")
    api.put(upload, noise(1000, "channel"))
    media = api.complete(upload, channelId=channel["id"], title="In a channel")["mediaId"]
    got = api.media(media)
    assert got["channelId"] == channel["id"] and got["title"] == "In a channel"
    assert media in [m["id"] for m in items(api.call("GET", "/v2/media?perPage=50&sort=createdAt:desc"))]


def test_unknown_channel_is_refused(api):
    upload = api.create()
    api.put(upload, noise(10, "nochannel"))
    response = api.raw("POST", f"/v2/uploads/{upload['id']}/complete", json={"channelId": "nobody"})
    assert response.status_code in (400, 404, 422) and "channel" in response.text.lower()


# --- probe ---

@pytest.fixture(scope="module")
def real_clips(tmp_path_factory):
    return clips(tmp_path_factory.mktemp("clips"))


@pytest.mark.parametrize("number", range(3))
def test_probe_tells_what_a_clip_is(api, real_clips, number):
    clip = real_clips[number]
    content = clip.read_bytes()
    done = api.ingest(content, clip.name)
    media = api.settled(done["mediaId"])
    assert media["status"] == "ready", media
    assert media["type"] == ("audio" if clip.suffix == ".flac" else "video")
    text = json.dumps(api.call("GET", f"/v2/media/{media['id']}/metadata")).lower()
    for word in {".mp4": ["duration", "aac", "codec"], ".mkv": ["duration", "matroska", "codec"], ".flac": ["flac"]}[clip.suffix]:
        assert word in text
    digest = hashlib.sha256(api.original(media["id"]).content).digest()
    assert digest == hashlib.sha256(content).digest()


@pytest.mark.parametrize("content", [b"this is no media at all\n" * 100, noise(100_000, "no media")], ids=["text", "noise"])
def test_what_is_no_media_ends_as_errored(api, content):
    media = api.settled(api.ingest(content, "pretends.mp4")["mediaId"])
    assert media["status"] == "errored" and media["error"]
