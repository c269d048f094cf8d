"""What becomes of a file: renditions of real and generated clips, looked at with ffprobe; progress in every door's words;
hostile files; and a server that ends in the middle."""

import json
import os
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from harness import clips, generated_clip, wait_until

FULL = {"MILLRACE_MEDIA_RENDITIONS": "true", "MILLRACE_MEDIA_ENCODE_PRESET": "ultrafast"}
SETTLE_SECONDS = 240

PICTURE = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=3"]
SOUND = ["-f", "lavfi", "-i", "sine=frequency=440:duration=3"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


def processed(api, path, seconds=SETTLE_SECONDS):
    media_id = api.ingest(path.read_bytes(), path.name)["mediaId"]
    return api.settled(media_id, seconds)


def renditions(api, media_id):
    return {each["name"]: each for each in api.call("GET", f"/v2/media/{media_id}/metadata")["renditions"]}


def heights(api, media_id):
    return [(each["width"], each["height"]) for each in renditions(api, media_id).values() if each["kind"] == "video"]


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """One server that makes renditions, for all tests that leave it as it was."""
    from harness import serving
    with serving(tmp_path_factory.mktemp("full"), env=FULL) as running:
        yield running


@pytest.fixture
def api(full):
    return full.api()


def test_clips_become_ready_with_files_of_their_kind(api, tmp_path):
    for path in clips(tmp_path):
        media = processed(api, path)
        assert media["status"] == "ready", (path.name, media)
        assert media["progress"] == 100
        kinds = {each["kind"] for each in renditions(api, media["id"]).values()}
        assert kinds == ({"audio"} if media["type"] == "audio" else {"video", "thumbnail"}), path.name


@pytest.mark.parametrize("name, made_with, expected", [
    ("wide.mp4", [*PICTURE, *SOUND, *H264, "-c:a", "aac"], [(320, 240)]),
    ("silent.mkv", [*PICTURE, *H264], [(320, 240)]),
    ("odd.mkv", ["-f", "lavfi", "-i", "testsrc2=size=321x201:rate=25:duration=2", "-c:v", "ffv1"], [(320, 200)]),
    ("ten.mp4", [*PICTURE, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"], [(320, 240)]),
    ("hdr.mp4", [*PICTURE, "-vf", "format=yuv420p10le,setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc",
                 "-c:v", "libx265", "-x265-params", "log-level=error"], [(320, 240)]),
    ("many.mkv", [*PICTURE, *SOUND, *SOUND, "-map", "0", "-map", "1", "-map", "2", *H264, "-c:a", "flac"], [(320, 240)]),
    ("vfr.mkv", [*PICTURE, "-vf", "select='not(mod(n,3))+lt(n,20)'", "-fps_mode", "vfr", *H264], [(320, 240)]),
    ("old.avi", [*PICTURE, *SOUND, "-c:v", "mpeg4", "-c:a", "mp3"], [(320, 240)]),
    ("large.mp4", ["-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=10:duration=2", *H264],
     [(1280, 720), (852, 480), (426, 240)]),
])
def test_videos_of_every_make_get_their_ladder(api, tmp_path, name, made_with, expected):
    media = processed(api, generated_clip(tmp_path / name, *made_with))
    assert media["status"] == "ready", media
    assert heights(api, media["id"]) == expected


def test_a_rotated_video_stands_upright(api, tmp_path):
    plain = generated_clip(tmp_path / "plain.mp4", *PICTURE, *H264)
    turned = tmp_path / "turned.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-i", plain, "-c", "copy", "-metadata:s:v", "rotate=90", turned], check=True)
    media = processed(api, turned)
    assert (media["width"], media["height"]) == (240, 320)
    assert heights(api, media["id"]) == [(240, 320)]


def test_pictures_and_documents_can_be_seen(api, tmp_path):
    picture = generated_clip(tmp_path / "picture.png", "-f", "lavfi", "-i", "testsrc2=size=1500x900", "-frames:v", "1")
    made = renditions(api, processed(api, picture)["id"])
    assert {name: each["kind"] for name, each in made.items()} == {
        "1280": "image", "640": "image", "320": "image", "thumbnail": "thumbnail"}
    document = tmp_path / "page.pdf"
    document.write_bytes(
        b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj "
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 150]>>endobj trailer<</Root 1 0 R>>\n%%EOF\n")
    media = processed(api, document)
    assert (media["status"], media["type"]) == ("ready", "document"), media
    assert renditions(api, media["id"])["640"]["height"] == 320


def test_hostile_files_are_errored_with_a_reason(api, tmp_path):
    whole = generated_clip(tmp_path / "whole.mp4", *PICTURE, *H264).read_bytes()
    files = {
        "cut.mp4": whole[: len(whole) // 3],
        "list.m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
        "concat.txt": b"ffconcat version 1.0\nfile /etc/passwd\n",
        "noise.mp4": b"\0\0\0\x18ftypisom" + bytes(range(256)) * 64,
        "broken.pdf": b"%PDF-1.7\n" + bytes(200),
    }
    for name, content in files.items():
        media = api.settled(api.ingest(content, name)["mediaId"], SETTLE_SECONDS)
        assert media["status"] == "errored", name
        assert len(media["error"]) > 10 and "root:" not in media["error"], media["error"]


def test_every_door_tells_the_way_in_its_own_words(full, tmp_path):
    """What is seen on the way goes forward only and ends at the end."""
    api = full.api()
    path = generated_clip(tmp_path / "clip.mp4", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=30:duration=20", *SOUND,
                          *H264, "-c:a", "aac")
    media_id = api.ingest(path.read_bytes(), path.name)["mediaId"]
    short = media_id.replace("-", "")[:20]
    seen = {"v2": [], "client": [], "v1": []}

    def look():
        media = api.media(media_id)
        seen["v2"].append(media["progress"])
        seen["client"].append(api.raw("GET", f"/api/client/v1/videos/{media_id}").json()["data"]["status"])
        video = api.raw("GET", f"/v1/videos/vid_{short}").json()
        seen["v1"].append((video["status"], video["progress"]))
        return video if media["status"] == "ready" and seen["client"][-1] == 6 else None

    video = wait_until(look, "the media", SETTLE_SECONDS)
    assert seen["v2"] == sorted(seen["v2"]) and seen["v2"][-1] == 100
    assert any(0 < percent < 100 for percent in seen["v2"]), "progress is real"
    assert seen["client"] == sorted(seen["client"]) and set(seen["client"]) <= {1, 3, 5, 6}
    assert 3 in seen["client"]
    assert seen["v1"][0][0] == "preparing" and seen["v1"][-1] == ("ready", 100)
    assert [each["height"] for each in video["playback"]["mp4"]] == [720, 480, 240]
    assert video["transcode_attempts"] == 1
    assert video["thumbnail_url"].endswith(f"/play/{media_id}/thumbnail.jpg")
    assert video["playback"]["hls"].endswith("/master.m3u8")
    assert api.raw("GET", f"/assets/{media_id}").json()["status"] == "ready"


def test_processing_again_replaces_what_was_made(full, tmp_path):
    api = full.api()
    media_id = processed(api, generated_clip(tmp_path / "clip.mp4", *PICTURE, *H264))["id"]
    before = renditions(api, media_id)
    again = api.call("POST", f"/v2/media/{media_id}/reprocess", 202)
    assert again["status"] == "preparing"
    video = api.raw("GET", f"/v1/videos/vid_{media_id.replace('-', '')[:20]}").json()
    assert video["status"] in ("reprocessing", "ready")
    assert api.settled(media_id, SETTLE_SECONDS)["status"] == "ready"
    after = renditions(api, media_id)
    assert after.keys() == before.keys()
    assert not {each["id"] for each in after.values()} & {each["id"] for each in before.values()}


def test_what_is_made_twice_is_stored_once(start, tmp_path):
    """With one thread: at its limit of bits, x264 with more makes other bytes each time."""
    clip = generated_clip(tmp_path / "clip.mp4", "-f", "lavfi", "-i", "smptehdbars=size=640x360:rate=25:duration=6",
                          "-f", "lavfi", "-i", "sine=frequency=440:duration=6", *H264)
    with start("twice", env=FULL | {"MILLRACE_MEDIA_ENCODE_THREADS": "1"}) as server:
        api = server.api()
        kept = []
        for _ in range(2):
            assert processed(api, clip)["status"] == "ready"
            kept.append([server.metric(f"millrace_store_{each}_bytes") for each in ("logical", "stored")])
        (logical, stored), (logical_then, stored_then) = kept
        assert logical > 2 * clip.stat().st_size, "renditions are most of it"
        assert logical_then == 2 * logical
        assert stored_then == stored


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_server_that_ends_in_the_middle_goes_on_where_it_was(start, tmp_path, how):
    from harness import Server, check
    path = generated_clip(tmp_path / "clip.mp4", "-f", "lavfi", "-i", "testsrc2=size=854x480:rate=25:duration=20", *H264)
    server = Server(tmp_path / "own", env=FULL | {"MILLRACE_MEDIA_ENCODE_PRESET": "slow"}).start()
    try:
        api = server.api()
        media_id = api.ingest(path.read_bytes(), path.name)["mediaId"]
        wait_until(lambda: 0 < api.media(media_id)["progress"] < 80, "the encode to be on its way", 60)
        pictures = renditions(api, media_id)
        assert {each["kind"] for each in pictures.values()} == {"thumbnail"}
        getattr(server, how)()
        server.env = FULL
        server.start()
        api = server.api()
        media = api.settled(media_id, SETTLE_SECONDS)
        assert media["status"] == "ready", media
        made = renditions(api, media_id)
        assert {name: each["id"] for name, each in made.items() if name in pictures} == \
            {name: each["id"] for name, each in pictures.items()}, "finished steps are not done again"
        assert heights(api, media_id) == [(854, 480), (426, 240)]
        assert not list((server.data / "jobs").iterdir())
    finally:
        if server.process.poll() is None:
            server.stop()
    result = check(server.data)
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_removed_media_stops_its_encode(start, tmp_path):
    path = generated_clip(tmp_path / "clip.mp4", "-f", "lavfi", "-i", "testsrc2=size=854x480:rate=25:duration=90", *H264)
    with start("removed", env=FULL | {"MILLRACE_MEDIA_ENCODE_PRESET": "slow"}) as server:
        api = server.api()
        media_id = api.ingest(path.read_bytes(), path.name)["mediaId"]
        wait_until(lambda: api.media(media_id)["progress"] > 0, "the encode to be on its way", 60)
        api.call("DELETE", f"/v2/media/{media_id}?hard=true")
        wait_until(lambda: not any((server.data / "jobs").iterdir()), "the encode to end", 15)
        assert server.metric("millrace_store_logical_bytes") == 0


def descendants(pid):
    """The names of all processes below one."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, tail = stat.read_text().rsplit(")", 1)
        except OSError:
            continue  # ended meanwhile
        number, name = head.split(" (", 1)
        parents.setdefault(int(tail.split()[1]), []).append((int(number), name))
    found, todo = [], [pid]
    while todo:
        for child, name in parents.get(todo.pop(), []):
            found.append(name)
            todo.append(child)
    return found


def test_a_cancelled_encode_ends_and_can_begin_again(start, tmp_path):
    path = generated_clip(tmp_path / "clip.mp4", "-f", "lavfi", "-i", "testsrc2=size=854x480:rate=25:duration=30", *H264)
    with start("cancelled", env=FULL | {"MILLRACE_MEDIA_ENCODE_PRESET": "slow"}) as server:
        api = server.api()
        media_id = api.ingest(path.read_bytes(), path.name)["mediaId"]
        wait_until(lambda: api.media(media_id)["progress"] > 0, "the encode to be on its way", 60)
        assert "ffmpeg" in descendants(server.process.pid)
        cancelled = api.call("POST", f"/v2/media/{media_id}/cancel")
        assert (cancelled["status"], cancelled["error"]) == ("errored", "processing was cancelled")
        assert api.raw("POST", f"/v2/media/{media_id}/cancel").status_code == 409
        wait_until(lambda: "ffmpeg" not in descendants(server.process.pid), "ffmpeg to be gone", 15)
        wait_until(lambda: not any((server.data / "jobs").iterdir()), "its directory to be gone", 15)
        media = api.media(media_id)
        assert (media["status"], media["error"]) == ("errored", "processing was cancelled")
        made = renditions(api, media_id).values()
        assert sum(each["size"] for each in made if each["kind"] != "thumbnail") == 0
        assert api.raw("GET", f"/api/client/v1/videos/{media_id}").json()["data"]["status"] == 7
        assert server.metric("millrace_store_logical_bytes") == path.stat().st_size + sum(each["size"] for each in made)
    with start("cancelled", env=FULL, data=server.data) as server:
        api = server.api()
        api.call("POST", f"/v2/media/{media_id}/reprocess", 202)
        media = api.settled(media_id, SETTLE_SECONDS)
        assert media["status"] == "ready" and "error" not in {name for name, value in media.items() if value}, media
        assert heights(api, media_id) == [(854, 480), (426, 240)]


def test_what_cannot_be_made_anew_plays_on(tmp_path):
    from harness import Server
    path = generated_clip(tmp_path / "clip.mp4", *PICTURE, *H264)
    server = Server(tmp_path / "own", env=FULL).start()
    try:
        media_id = processed(server.api(), path)["id"]
        server.stop()
        server.env = FULL | {"MILLRACE_LIMITS_QUOTA_BYTES": "1000"}
        api = server.start().api()
        api.call("POST", f"/v2/media/{media_id}/reprocess", 202)
        media = api.settled(media_id, SETTLE_SECONDS)
        assert media["status"] == "ready" and "made anew" in media["error"], media
        assert httpx.get(f"{server.base}/play/{media_id}/master.m3u8").status_code == 200
        assert server.stop() == 0
    finally:
        if server.process.poll() is None:
            server.kill()


def test_encode_minutes_are_counted_to_the_end_of_the_month(tmp_path):
    """Two clips of half a minute fill a minute; a third keeps its original and says why, also after a restart."""
    from harness import Server
    real = next(path for path in clips(tmp_path) if path.suffix == ".mp4")
    path = tmp_path / "half.mp4"
    generated_clip(path, "-stream_loop", "-1", "-i", real, "-t", "29.9", "-an", "-vf", "scale=160:90,fps=10", *H264)
    content = path.read_bytes()
    minutes = {"MILLRACE_LIMITS_ENCODE_MINUTES_PER_MONTH": "1"}
    server = Server(tmp_path / "own", env=FULL | minutes).start()
    try:
        api = server.api()
        first = processed(api, path)
        assert first["status"] == "ready", first
        server.kill()
        api = server.start().api()
        assert processed(api, path)["status"] == "ready"
        server.kill()
        api = server.start().api()
        third = processed(api, path)
        assert third["status"] == "errored" and "encode minutes left this month" in third["error"], third
        assert third["type"] == "video" and api.original(third["id"]).content == content
        refused = api.raw("POST", f"/v2/media/{third['id']}/reprocess")
        assert refused.status_code == 402 and refused.json()["status"] == "fail"
        assert httpx.get(f"{server.base}/play/{first['id']}/master.m3u8").status_code == 200

        server.stop()
        server.env = FULL | minutes | {"MILLRACE_LIMITS_ENCODE_MINUTES_PER_MONTH": "2"}
        api = server.start().api()
        api.call("POST", f"/v2/media/{third['id']}/reprocess", 202)
        assert api.settled(third["id"], SETTLE_SECONDS)["status"] == "ready"
        server.stop()
        server.env = FULL | minutes
        api = server.start().api()
        assert api.raw("POST", "/v2/uploads", json={"fileName": "a.mp4"}).status_code == 402
        refused = api.raw("POST", "/v1/uploads",
                          json={"filename": "a", "mime_type": "video/mp4", "file_size_bytes": 9})
        assert refused.status_code == 402 and refused.json()["error"]["type"] == "quota_exceeded"
        assert api.create("a.pdf")["id"]
    finally:
        if server.process.poll() is None:
            server.stop()


def test_further_codecs_when_configured(start, tmp_path):
    path = generated_clip(tmp_path / "clip.mp4", *PICTURE, *SOUND, *H264, "-c:a", "aac")
    with start("codecs", env=FULL | {"MILLRACE_MEDIA_CODECS": "h264,hevc,av1"}) as server:
        api = server.api()
        media = processed(api, path)
        assert media["status"] == "ready", media
        made = {name: each for name, each in renditions(api, media["id"]).items() if each["kind"] == "video"}
        assert made.keys() == {"240", "240-hevc", "240-av1"}
        for name, codec in (("240", "h264"), ("240-hevc", "hevc"), ("240-av1", "av1")):
            found = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "stream=codec_name",
                                    "-of", "default=nk=1:nw=1", made[name]["url"]], capture_output=True, text=True, timeout=60)
            assert found.stdout.split() == [codec], found
        assert httpx.get(f"{server.base}/play/{media['id']}/master.m3u8").text.count("EXT-X-STREAM-INF") == 3
