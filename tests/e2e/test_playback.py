"""Playback with real players on the real binary: ffmpeg plays HLS and DASH to the end, Chromium plays the page, and what
is signed plays for nobody without a token."""

import datetime
import json
import re
import subprocess
import time
from urllib.parse import urljoin
from xml.etree import ElementTree

import httpx
import pytest

from harness import generated_clip, serving

PLAYS = {"MILLRACE_MEDIA_RENDITIONS": "true", "MILLRACE_MEDIA_LADDER_HEIGHTS": "240,144",
         "MILLRACE_MEDIA_ENCODE_PRESET": "ultrafast", "MILLRACE_MEDIA_ENCODE_THREADS": "1"}
SECONDS, FRAMES_PER_SECOND = 9, 25
READY_SECONDS = 240
DASH = "{urn:mpeg:dash:schema:mpd:2011}"


@pytest.fixture(scope="module")
def playing(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("playing"), env=PLAYS) as running:
        yield running


@pytest.fixture(scope="module")
def api(playing):
    return playing.api()


def clip(folder):
    picture = ["-f", "lavfi", "-i", f"testsrc2=size=426x240:rate={FRAMES_PER_SECOND}:duration={SECONDS}"]
    sound = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={SECONDS}"]
    return generated_clip(folder / "clip.mp4", *picture, *sound, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt",
                          "yuv420p", "-c:a", "aac").read_bytes()


def ready(api, media_id):
    media = api.settled(media_id, READY_SECONDS)
    assert media["status"] == "ready", media
    return media["id"]


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    return clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="module")
def media(api, content):
    """A public video that is ready."""
    return ready(api, api.ingest(content, "clip.mp4", title="A <clip>")["mediaId"])


@pytest.fixture(scope="module")
def hidden(playing, api, content):
    """A video that came through the v1 door with the policy `signed`."""
    made = api.http.post("/v1/uploads", json={"filename": "clip.mp4", "mime_type": "video/mp4", "policy": "signed",
                                              "file_size_bytes": len(content)}).json()
    assert api.put_http.put(made["upload_url"], content=content).is_success
    done = api.http.post(f"/v1/uploads/{made['id']}/finalize",
                         json={"title": "Hidden", "mime_type": "video/mp4", "file_size_bytes": len(content)})
    assert done.is_success, done.text
    playback_id = done.json()["playback_ids"][0]["id"]
    found = [each for each in api.call("GET", "/v2/media")["items"]
             if each["id"].replace("-", "").startswith(playback_id.removeprefix("play_"))]
    return ready(api, found[0]["id"]), playback_id


def run(*command):
    done = subprocess.run([str(each) for each in command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{command}: {done.stderr[-2000:]}"
    return done.stdout


def streams(url, *options):
    told = run("ffprobe", "-v", "error", *options, "-print_format", "json", "-show_streams", "-show_format", url)
    return json.loads(told)["streams"]


def frames(url, stream, *options):
    told = run("ffprobe", "-v", "error", *options, "-select_streams", stream, "-count_frames", "-show_entries",
               "stream=nb_read_frames", "-of", "csv=p=0", url)
    return int(told.strip().split("\n")[0].strip(","))


def play(playing, path):
    return f"{playing.base}/play/{path}"


def addresses(playlist, base):
    """Every address a playlist names."""
    plain = [line for line in playlist.splitlines() if line and not line.startswith("#")]
    return [urljoin(base, each) for each in plain + re.findall(r'URI="([^"]+)"', playlist)]


def test_ffmpeg_plays_hls_to_the_end(playing, media):
    url = play(playing, f"{media}/master.m3u8")
    found = streams(url)
    assert {each["codec_type"] for each in found} >= {"video", "audio"}
    assert {240, 144} <= {each.get("height") for each in found}
    assert frames(url, "v:0") == SECONDS * FRAMES_PER_SECOND
    run("ffmpeg", "-v", "error", "-xerror", "-i", url, "-map", "0:a:0", "-f", "null", "-")


def test_ffmpeg_plays_dash_to_the_end(playing, media):
    url = play(playing, f"{media}/manifest.mpd")
    found = streams(url)
    assert {each["codec_type"] for each in found} >= {"video", "audio"}
    assert frames(url, "v:0") == SECONDS * FRAMES_PER_SECOND


def test_the_master_playlist_tells_what_players_choose_by(playing, media):
    answer = httpx.get(play(playing, f"{media}/master.m3u8"))
    assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
    variants = re.findall(r"#EXT-X-STREAM-INF:(.*)\n(\S+)", answer.text)
    assert len(variants) == 2
    for told, address in variants:
        for name in ("BANDWIDTH=", "AVERAGE-BANDWIDTH=", "RESOLUTION=", "FRAME-RATE=25.000", 'AUDIO="audio"'):
            assert name in told
        assert re.search(r'CODECS="avc1\.[0-9A-Fa-f]{6},mp4a\.40\.2"', told)
        segments = httpx.get(urljoin(str(answer.url), address)).text
        target = int(re.search(r"TARGETDURATION:(\d+)", segments)[1])
        lengths = [float(each) for each in re.findall(r"#EXTINF:([\d.]+),", segments)]
        assert all(round(each) <= target for each in lengths)
        assert sum(lengths) == pytest.approx(SECONDS, abs=0.2)


def test_segments_follow_one_another_without_a_gap(playing, media):
    """The pieces that a playlist names are the whole track, each a fragment of its own, and never change."""
    playlist = play(playing, f"{media}/v240.m3u8")
    named = addresses(httpx.get(playlist).text, playlist)
    pieces = [httpx.get(each) for each in named]
    assert all(each.status_code == 200 for each in pieces)
    assert {each.headers["cache-control"] for each in pieces} == {"public, max-age=31536000, immutable"}
    *segments, init = pieces
    assert init.content[4:8] == b"ftyp"
    assert all(each.content[4:8] in (b"styp", b"sidx", b"moof", b"prft", b"emsg") for each in segments)


def test_the_manifest_is_whole(playing, media):
    manifest = ElementTree.fromstring(httpx.get(play(playing, f"{media}/manifest.mpd")).content)
    assert manifest.tag == f"{DASH}MPD" and manifest.get("type") == "static"
    for representation in manifest.iter(f"{DASH}Representation"):
        assert int(representation.get("bandwidth")) > 0 and representation.get("codecs")
        template = representation.find(f"{DASH}SegmentTemplate")
        count = sum(int(each.get("r", 0)) + 1 for each in template.iter(f"{DASH}S"))
        name = representation.get("id")
        for number, expect in ((1, 200), (count, 200), (count + 1, 404)):
            address = template.get("media").replace("$RepresentationID$", name).replace("$Number$", str(number))
            assert httpx.get(play(playing, f"{media}/{address}")).status_code == expect


def test_files_have_ranges_and_may_be_asked_for_again(playing, media):
    url = play(playing, f"{media}/240.mp4")
    whole = httpx.get(url)
    assert whole.headers["content-type"] == "video/mp4"
    assert whole.headers["cache-control"] == "public, max-age=60"
    assert whole.headers["accept-ranges"] == "bytes" and whole.headers["access-control-allow-origin"] == "*"
    etag = whole.headers["etag"]
    assert not etag.startswith("W/")
    part = httpx.get(url, headers={"Range": "bytes=100-199", "If-Range": etag})
    assert part.status_code == 206 and part.content == whole.content[100:200]
    assert httpx.get(url, headers={"Range": "bytes=100-199", "If-Range": '"x"'}).content == whole.content
    assert httpx.get(url, headers={"If-None-Match": etag}).status_code == 304
    head = httpx.head(url)
    assert int(head.headers["content-length"]) == len(whole.content) and not head.content
    assert "max-age=60" in httpx.get(play(playing, f"{media}/master.m3u8")).headers["cache-control"]
    assert frames(url, "v:0") == SECONDS * FRAMES_PER_SECOND


def test_what_is_told_of_renditions_can_be_fetched(api, media):
    told = api.call("GET", f"/v2/media/{media}/metadata")["renditions"]
    assert {"video", "thumbnail"} <= {each["kind"] for each in told}
    for each in told:
        answer = httpx.get(each["url"])
        assert answer.status_code == 200 and len(answer.content) == each["size"], each
        assert answer.headers["content-type"] == each["contentType"]


def test_a_token_opens_what_is_signed_and_is_carried_on(playing, api, hidden):
    media, playback_id = hidden
    for name in (media, playback_id):
        for file in ("master.m3u8", "manifest.mpd", "240.mp4", "v240/init.mp4", ""):
            assert httpx.get(play(playing, f"{name}/{file}".rstrip("/"))).status_code == 401
    token = api.call("POST", f"/v2/media/{media}/playback-token", 201, json={})
    for url in token["urls"].values():
        assert httpx.get(url).status_code == 200
        assert httpx.get(url[:-1]).status_code == 403
    master = token["urls"]["hls"]
    left, fetched = [master], 0
    while left:
        url = left.pop()
        answer = httpx.get(url)
        assert answer.status_code == 200, url
        assert "private" in answer.headers["cache-control"]
        fetched += 1
        if ".m3u8" in url:
            left += addresses(answer.text, url)
    assert fetched > 8
    assert frames(token["urls"]["dash"], "v:0") == SECONDS * FRAMES_PER_SECOND
    assert frames(play(playing, f"{playback_id}/master.m3u8?token={token['token']}"), "v:0") > 0


def test_a_token_ends(playing, api, hidden):
    media, _ = hidden
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    made = api.call("POST", f"/v2/media/{media}/playback-token", 201, json={"expires": soon.isoformat()})
    assert httpx.get(made["urls"]["hls"]).status_code == 200
    while datetime.datetime.now(datetime.timezone.utc) < soon:
        time.sleep(0.1)
    answer = httpx.get(made["urls"]["hls"])
    assert answer.status_code == 403 and "expired" in answer.json()["message"]


def test_deleted_media_do_not_play(playing, api, tmp_path):
    picture = generated_clip(tmp_path / "picture.png", "-f", "lavfi", "-i", "testsrc2=size=640x360", "-frames:v", "1")
    media = ready(api, api.ingest(picture.read_bytes(), "picture.png")["mediaId"])
    assert httpx.get(play(playing, media)).status_code == 200
    api.call("DELETE", f"/v2/media/{media}")
    assert httpx.get(play(playing, media)).status_code == 404
    api.call("POST", f"/v2/media/{media}/recover")
    assert httpx.get(play(playing, media)).status_code == 200


def check_played(seen, base):
    assert not seen.get("stuck") and seen["currentTime"] > 1.5, seen
    assert seen["error"] is None and not seen["complaints"] and not seen["failures"], seen
    assert seen["source"].startswith("blob:"), "played by hls.js"
    assert seen["duration"] == pytest.approx(SECONDS, abs=0.3)
    assert all(each.startswith((base, "blob:")) for each in seen["requests"]), "nothing comes from elsewhere"


def test_chromium_plays_the_page(playing, media, browser):
    seen = browser(play(playing, media))
    check_played(seen, playing.base)
    assert seen["title"] == "A <clip>"
    assert seen["qualities"] == ["Automatic", "240p", "144p"]


def test_chromium_plays_a_signed_page(playing, api, hidden, browser):
    token = api.call("POST", f"/v2/media/{hidden[0]}/playback-token", 201, json={})
    check_played(browser(token["urls"]["page"]), playing.base)
    refused = browser(play(playing, hidden[0]))
    assert refused["status"] == 401 and "token" in refused["text"]
