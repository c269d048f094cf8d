"""The client/v1 door with the clients people use: a video in a form, then polling until it is completed."""

import asyncio
import json

import httpx
import pytest
import requests

from forms import CONTENT_TYPE, TAIL, client, field, file_head, poll
from harness import MIB, clips, curl, noise, wait_until

UPLOADS = "/api/client/v1/uploads"


@pytest.fixture
def door(server):
    with client(server) as session:
        yield session


def completed(door, upload_id):
    """What a watch folder does after an upload."""
    done = poll(lambda: door.get(f"{UPLOADS}/{upload_id}").json()["data"], lambda data: data["status"] in (6, 7))
    assert set(done) == {"id", "filename", "status", "status_text"}
    return done


def test_watch_folder(door, server, tmp_path):
    """Every clip in a folder is sent, polled until it is completed, and there for the other doors."""
    for clip in clips(tmp_path):
        with clip.open("rb") as content:
            answer = door.post(UPLOADS, data={"folder": "root/watched"}, files={"video": (clip.name, content)})
        assert answer.status_code == 202, answer.text
        body = answer.json()
        assert body["message"] == "Upload accepted and is now being processed."
        assert body["data"] == {"id": body["data"]["id"], "status": 1, "status_text": "pending"}
        done = completed(door, body["data"]["id"])
        assert (done["status"], done["status_text"], done["filename"]) == (6, "completed", clip.name)
        listed = next(row for row in door.get(UPLOADS).json()["data"] if row["id"] == done["id"])
        assert set(listed) == {"id", "filename", "status", "status_text", "created_at", "updated_at"}
        api = server.api()
        upload = api.upload(done["id"])
        assert (upload["state"], upload["fileName"]) == ("completed", clip.name)
        assert api.original(upload["mediaId"]).content == clip.read_bytes()
    paths = [row["path"] for row in door.get("/api/client/v1/collections").json()["data"]]
    assert "root/watched" in paths


@pytest.mark.parametrize("options", [["--http1.1"], ["--http2-prior-knowledge"], ["-k", "--http2"]])
def test_curl_form(server, tmp_path, options):
    clip = clips(tmp_path)[0]
    base = server.tls_base if "-k" in options else server.base
    answer = json.loads(curl(*options, "-H", f"Authorization: Bearer {server.admin['key']}", "-F", f"video=@{clip}",
                             "-F", "folder=root/by curl", f"{base}{UPLOADS}"))
    assert answer["data"]["status_text"] == "pending"
    with client(server) as door:
        assert completed(door, answer["data"]["id"])["status"] == 6
        shown = door.get(f"/api/client/v1/videos/{answer['data']['id']}").json()["data"]
        assert shown["path"] == "root/by curl" and shown["width"] > 0 and shown["manifest"] == {"hls": None, "dash": None}


def test_requests_form(server, tmp_path):
    """The other Python client; its names of files are not only ASCII."""
    answer = requests.post(server.base + UPLOADS, headers={"Authorization": f"Bearer {server.admin['key']}"}, timeout=60,
                           files={"video": ("fährt \"los\".mp4", noise(3 * MIB, 1)), "folder": (None, "root/ä")})
    assert answer.status_code == 202, answer.text
    with client(server) as door:
        assert door.get(f"{UPLOADS}/{answer.json()['data']['id']}").json()["data"]["filename"] == 'fährt "los".mp4'


def test_a_long_file_before_its_folder_is_not_kept_in_memory(door, server):
    """128 MiB before the field that says where they go, sent as they are made."""
    piece = noise(MIB, 2)

    def body():
        yield file_head("video", "long.bin")
        for number in range(128):
            yield number.to_bytes(8) + piece
            if number % 32 == 31:
                assert server.metric("millrace_budget_used_bytes") <= server.metric("millrace_budget_limit_bytes")
        yield b"\r\n" + field("folder", "root/long") + TAIL[2:]

    answer = door.post(UPLOADS, content=body(), headers={"Content-Type": CONTENT_TYPE})
    assert answer.status_code == 202, answer.text
    api = server.api()
    assert api.media(api.upload(answer.json()["data"]["id"])["mediaId"])["size"] == 128 * (MIB + 8)


@pytest.mark.parametrize("data, files, named", [
    ({"folder": "root/x"}, {"other": ("a", b"x")}, "video"),
    ({}, {"video": ("a.mp4", b"x")}, "folder"),
    ({"folder": "elsewhere"}, {"video": ("a.mp4", b"x")}, "folder"),
    ({"folder": "root/../x"}, {"video": ("a.mp4", b"x")}, "folder"),
])
def test_what_is_wrong_is_named(door, data, files, named):
    answer = door.post(UPLOADS, data=data, files=files)
    assert answer.status_code == 422, answer.text
    assert list(answer.json()["errors"]) == [named] and answer.json()["message"]


def test_a_form_that_is_cut_leaves_nothing(start):
    with start() as server, client(server) as door:
        def body():
            yield field("folder", "root/cut") + file_head("video", "cut.bin") + noise(3 * MIB, 3)
            raise ConnectionAbortedError
        with pytest.raises(ConnectionAbortedError):
            door.post(UPLOADS, content=body(), headers={"Content-Type": CONTENT_TYPE})
        wait_until(lambda: [row["status"] for row in door.get(UPLOADS).json()["data"]] == [7], "the upload to be given up")
        assert server.api().call("GET", "/v2/media")["total"] == 0


def test_a_hundred_forms_at_once_stay_in_the_budget(start):
    """100 forms of 4 MiB at once, with a budget of 64 MiB for all buffers."""
    contents = [noise(4 * MIB, 100 + number) for number in range(100)]

    async def send_all(server):
        limits = httpx.Limits(max_connections=200)
        headers = {"Authorization": f"Bearer {server.admin['key']}"}
        peak = 0
        async with httpx.AsyncClient(base_url=server.base, headers=headers, limits=limits, timeout=300) as session:
            async def send(number):
                files = {"video": (f"{number}.bin", contents[number])}
                return await session.post(UPLOADS, data={"folder": f"root/{number % 10}"}, files=files)
            sending = [asyncio.create_task(send(number)) for number in range(len(contents))]
            while not all(task.done() for task in sending):
                peak = max(peak, await asyncio.to_thread(server.metric, "millrace_budget_used_bytes"))
                await asyncio.sleep(0.05)
            return peak, [task.result() for task in sending]

    with start(config="[memory]\nbudget_bytes = 67108864\n") as server:
        limit = server.metric("millrace_budget_limit_bytes")
        assert limit == 64 * MIB
        peak, answers = asyncio.run(send_all(server))
        assert [answer.status_code for answer in answers] == [202] * 100
        assert peak <= limit
        api = server.api()
        for number in range(0, 100, 9):
            assert api.original(answers[number].json()["data"]["id"]).content == contents[number]
