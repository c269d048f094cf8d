"""The assets door: a file in one form, and a video in three phases with a resume after a cut."""

import httpx
import pytest
import requests

from forms import CONTENT_TYPE, client, field, file_head, poll
from harness import MIB, clips, curl, noise


@pytest.fixture
def door(server):
    with client(server) as session:
        yield session


def start_video(door, size):
    answer = door.post("/assets", json={"label": "Video", "upload_phase": "start", "file_size": str(size)})
    assert answer.status_code == 201, answer.text
    return answer.json()


def transfer(door, asset, chunk, **more):
    data = {"upload_phase": "transfer", "original_name": "holiday.mp4"} | more
    return door.post(f"/assets/{asset['id']}/multipart", data=data, files={"file_chunk": ("xaa", chunk)})


def finish(door, asset):
    return door.post(f"/assets/{asset['id']}/multipart", json={"upload_phase": "finish"})


def test_three_phases(door, server, tmp_path):
    content = clips(tmp_path)[0].read_bytes()
    asset = start_video(door, len(content))
    assert (asset["start_offset"], asset["end_offset"]) == (0, min(len(content), 52_428_800))
    step = len(content) // 5 + 1
    offset = 0
    while offset < len(content):
        answer = transfer(door, asset, content[offset:offset + step])
        assert answer.status_code == 200, answer.text
        offset = answer.json()["start_offset"]
    assert answer.json()["start_offset"] == answer.json()["end_offset"] == len(content)
    done = finish(door, asset)
    assert done.status_code == 200 and done.json()["id"] == asset["id"]
    ready = poll(lambda: door.get(f"/assets/{asset['id']}").json(), lambda seen: seen["status"] != "preparing")
    assert (ready["status"], ready["type"], ready["original_name"]) == ("ready", "video", "holiday.mp4")
    assert server.api().original(asset["id"]).content == content
    assert any(item["id"] == asset["id"] for item in door.get("/assets", params={"sort": "-created_on"}).json()["items"])


def test_resume_after_a_cut(door, server):
    content = noise(6 * MIB, 1)
    asset = start_video(door, len(content))

    def cut():
        yield field("upload_phase", "transfer") + field("start_offset", "0") + file_head("file_chunk", "xaa")
        yield content[:4 * MIB]
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        door.post(f"/assets/{asset['id']}/multipart", content=cut(), headers={"Content-Type": CONTENT_TYPE})
    wrong = transfer(door, asset, b"x", start_offset=str(len(content)))
    assert wrong.status_code == 409, wrong.text
    offset = wrong.json()["start_offset"]
    assert 0 < offset <= 4 * MIB
    assert finish(door, asset).status_code == 400
    assert transfer(door, asset, content[offset:], start_offset=str(offset)).json()["start_offset"] == len(content)
    assert finish(door, asset).status_code == 200
    assert server.api().original(asset["id"]).content == content


def test_resume_after_the_server_was_killed(start):
    content = noise(6 * MIB, 2)
    with start() as server:
        with client(server) as door:
            asset = start_video(door, len(content))
            assert transfer(door, asset, content[:2 * MIB]).status_code == 200
        server.kill()
        server.start()
        with client(server) as door:
            assert door.get(f"/assets/{asset['id']}").json()["start_offset"] == 2 * MIB
            assert transfer(door, asset, content[2 * MIB:], start_offset=str(2 * MIB)).status_code == 200
            assert finish(door, asset).status_code == 200
            assert server.api().original(asset["id"]).content == content


def test_a_chunk_without_its_place_is_taken_whole_or_not(door):
    """A client that knows no offsets repeats the chunk that was cut."""
    content = noise(3 * MIB, 3)
    asset = start_video(door, len(content))

    def cut():
        yield field("upload_phase", "transfer") + file_head("file_chunk", "xaa") + content[:MIB]
        raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        door.post(f"/assets/{asset['id']}/multipart", content=cut(), headers={"Content-Type": CONTENT_TYPE})
    assert transfer(door, asset, content).json()["start_offset"] == len(content)
    assert finish(door, asset).status_code == 200


def test_one_form_by_curl_and_requests(server, door, tmp_path):
    key = f"Authorization: Bearer {server.admin['key']}"
    picture = tmp_path / "a picture.png"
    picture.write_bytes(noise(200_000, 4))
    out = curl("-H", key, "-F", f"source=@{picture};type=image/png", "-w", "%{http_code}", f"{server.base}/assets").decode()
    assert out.endswith("201") and '"original_name":"a picture.png"' in out
    answer = requests.post(f"{server.base}/assets", headers=dict([key.split(": ", 1)]), timeout=60,
                           files={"source": ("notes.pdf", b"%PDF-1.4 notes")})
    assert answer.status_code == 201
    settled = poll(lambda: door.get(f"/assets/{answer.json()['id']}").json(), lambda seen: seen["status"] != "preparing")
    assert settled["type"] == "document"


def test_change_and_delete(door):
    asset = door.post("/assets", files={"source": ("a.bin", b"bytes")}).json()
    assert door.put(f"/assets/{asset['id']}", json={"label": "New"}).json()["label"] == "New"
    assert door.delete(f"/assets/{asset['id']}").status_code == 204
    gone = door.get(f"/assets/{asset['id']}")
    assert gone.status_code == 404 and gone.json()["message"]


def test_a_missing_scope_is_401(server):
    few = server.api().call("POST", "/v2/keys", 201, json={"name": "few", "scopes": ["assets"]})
    headers = {"Authorization": f"Bearer {few['key']}"}
    assert httpx.get(server.base + "/assets", headers=headers).status_code == 200
    refused = httpx.post(server.base + "/assets", headers=headers, json={"upload_phase": "start", "file_size": 1})
    assert refused.status_code == 401 and "assets_publish" in refused.json()["message"]
