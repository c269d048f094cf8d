"""The v1 door as its clients use it: create, PUT, finalize, poll until ready."""

import concurrent.futures

import httpx
import pytest

from forms import client, poll
from harness import clips, noise

# From the contract's Video; every one is there, null when nothing is known.
VIDEO = {"id", "title", "description", "thumbnail_url", "status", "progress", "transcode_attempts", "duration",
         "file_size_bytes", "video_codec", "fps", "source_url", "source_width", "source_height", "creator_username",
         "playback", "playback_ids", "policy", "passthrough", "ingest", "errors", "view_count", "tags", "created_at",
         "updated_at"}


@pytest.fixture
def door(server):
    with client(server) as session:
        yield session


def create(door, name, content, mime_type="video/mp4", **more):
    body = {"filename": name, "mime_type": mime_type, "file_size_bytes": len(content)} | more
    answer = door.post("/v1/uploads", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def finalize(door, upload, content, **more):
    body = {"mime_type": "video/mp4", "file_size_bytes": len(content)} | more
    return door.post(f"/v1/uploads/{upload['id']}/finalize", json=body)


def test_create_put_finalize_and_poll_until_ready(door, server, tmp_path):
    clip = clips(tmp_path)[0]
    content = clip.read_bytes()
    upload = create(door, clip.name, content, title="A clip", passthrough="mine")
    assert httpx.put(upload["upload_url"], content=content, timeout=60).status_code == 200
    answer = finalize(door, upload, content, duration_secs=1.5, source_height=180, source_width=320)
    assert answer.status_code == 200, answer.text
    video = answer.json()
    assert set(video) == VIDEO
    assert video["id"] == "vid_" + upload["id"][3:] and video["status"] in ("preparing", "ready")
    ready = poll(lambda: door.get(f"/v1/videos/{video['id']}").json(), lambda seen: seen["status"] != "preparing")
    assert set(ready) == VIDEO
    assert (ready["status"], ready["progress"], ready["errors"]) == ("ready", 100, [])
    assert ready["duration"] > 1 and ready["source_width"] > 0 and ready["video_codec"]
    assert (ready["title"], ready["passthrough"], ready["ingest"]) == ("A clip", "mine", {"kind": "direct_upload"})
    assert ready["playback_ids"][0]["id"] == "play_" + upload["id"][3:]
    assert door.get(ready["source_url"]).content == content
    media = server.api().call("GET", "/v2/media?perPage=50")["items"]
    assert any(item["fileName"] == clip.name and item["title"] == "A clip" for item in media)


def test_multipart(door, server, tmp_path):
    """Parts of a real file go to the S3 door by their presigned addresses, in parallel and out of order."""
    content = clips(tmp_path)[0].read_bytes() + noise(20_000_000, 5)
    upload = create(door, "long.mp4", content, multipart=True)
    size = upload["part_size"]
    assert len(upload["parts"]) == -(-len(content) // size) >= 3

    def send(part):
        number = part["partNumber"]
        answer = httpx.put(part["url"], content=content[(number - 1) * size:number * size], timeout=60)
        assert answer.status_code == 200, answer.text
        return {"partNumber": number, "etag": answer.headers["etag"]}

    early = finalize(door, upload, content, upload_id=upload["upload_id"], parts=[{"partNumber": 1, "etag": "x"}])
    assert (early.status_code, early.json()["error"]["param"]) == (400, "parts")
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        parts = list(pool.map(send, reversed(upload["parts"])))
    parts.sort(key=lambda part: part["partNumber"])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: finalize(door, upload, content, upload_id=upload["upload_id"], parts=parts),
                                range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8, answers[0].text
    assert {answer.json()["id"] for answer in answers} == {"vid_" + upload["id"][3:]}
    assert door.get(answers[0].json()["source_url"]).content == content


def test_finalize_at_the_same_time_makes_one_video(start):
    with start() as server, client(server) as door:
        content = noise(100_000, 1)
        upload = create(door, "a.mp4", content)
        httpx.put(upload["upload_url"], content=content)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda _: finalize(door, upload, content), range(64)))
        assert {answer.status_code for answer in answers} == {200}
        assert {answer.json()["id"] for answer in answers} == {"vid_" + upload["id"][3:]}
        assert len(door.get("/v1/videos").json()["data"]) == 1


def test_a_file_that_is_no_video_is_errored_with_the_reason(door):
    content = noise(50_000, 2)
    upload = create(door, "noise.mp4", content)
    httpx.put(upload["upload_url"], content=content)
    video = finalize(door, upload, content).json()
    seen = poll(lambda: door.get(f"/v1/videos/{video['id']}").json(), lambda seen: seen["status"] != "preparing")
    assert seen["status"] == "errored" and seen["errors"][0]["messages"][0]


def test_refusals_have_their_envelope(door, server):
    unknown = door.post("/v1/uploads/up_a1b2c3d4e5f6a1b2c3d4/finalize", json={"mime_type": "video/mp4", "file_size_bytes": 1})
    assert (unknown.status_code, unknown.json()["error"]["type"]) == (404, "not_found")
    assert unknown.json()["error"]["request_id"] == unknown.headers["x-request-id"]
    wrong = door.post("/v1/uploads/up_a1b2c3d4e5f6a1b2c3d4/finalize", json={"mime_type": "x"})
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "mime_type")
    nobody = httpx.get(server.base + "/v1/videos")
    assert (nobody.status_code, nobody.json()["error"]["type"]) == (401, "authentication_error")


def test_pages_follow_the_cursor(start):
    with start() as server, client(server) as door:
        ids = []
        for number in range(7):
            answer = door.post("/assets", files={"source": (f"{number}.bin", noise(100, number))})
            ids.append("vid_" + answer.json()["id"].replace("-", "")[:20])
        seen, cursor = [], None
        while True:
            page = door.get("/v1/videos", params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
            seen += [video["id"] for video in page["data"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
        assert sorted(seen) == sorted(ids)
