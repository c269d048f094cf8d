"""Files made to break or fool the media tools: each ends, within its limits, as `errored` with a reason in words (or as
`ready` when it is harmless after all); nothing of the host is read, nobody is called, and the server goes on."""

import random
import socket
import struct
import subprocess
import zlib

import pytest

from harness import noise, serving, wait_until

SETTLE_SECONDS = 240


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("hostile"), env={"MILLRACE_MEDIA_RENDITIONS": "true"}) as running:
        yield running


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Two seconds of moving pictures with a tone, its index at the end."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=2", "-f", "lavfi", "-i",
                    "sine=d=2", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", path],
                   check=True, timeout=60)
    return path.read_bytes()


def outcome(server, content, name="clip.mp4"):
    api = server.api()
    media = api.ingest(content, name)["mediaId"]
    return api.settled(media, SETTLE_SECONDS)


def assert_refused(media):
    assert media["status"] == "errored", media
    assert media["error"].strip() and len(media["error"]) < 2000


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(side):
    """A few hundred KiB that want side * side * 4 bytes."""
    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(b"\0" * (side * 4 + 1)) for _ in range(64)) + rows.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def gif_of_frames(count):
    """Frames of one pixel on a screen as large as GIF allows."""
    head = b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x21\xf9\x04\0\x01\0\0\0" + b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return head + frame * count + b";"


def test_truncated_file_says_why(server, clip):
    assert_refused(outcome(server, clip[:len(clip) // 2]))


@pytest.mark.parametrize("seed", range(8))
def test_fuzzed_file_settles(server, clip, seed):
    chance = random.Random(seed)
    content = bytearray(clip)
    for _ in range(40):
        content[chance.randrange(len(content))] = chance.randrange(256)
    media = outcome(server, bytes(content))
    assert media["status"] == "ready" or media["error"].strip(), media


def test_noise_is_no_media(server):
    assert_refused(outcome(server, noise(100_000, 7)))
    assert_refused(outcome(server, b""))


@pytest.fixture
def listener():
    """A port of ours that nobody may call; answers how many did."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        yield listening


def callers(listener):
    try:
        listener.accept()[0].close()
        return True
    except TimeoutError:
        return False


PLAYLISTS = {
    "hls-file.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://{secret}\n#EXT-X-ENDLIST\n",
    "hls-path.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{secret}\n#EXT-X-ENDLIST\n",
    "hls-http.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:{port}/x.ts\n#EXT-X-ENDLIST\n",
    "hls-concat.mp4": "#EXTM3U\n#EXTINF:5,\nconcat:http://127.0.0.1:{port}/a|file://{secret}\n#EXT-X-ENDLIST\n",
    "concat.mp4": "ffconcat version 1.0\nfile '{secret}'\nfile 'http://127.0.0.1:{port}/x.mp4'\n",
    "manifest.mpd": "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011' type='static' "
                    "mediaPresentationDuration='PT5S'><Period><AdaptationSet mimeType='video/mp4'><Representation id='1' "
                    "bandwidth='1'><BaseURL>http://127.0.0.1:{port}/x.mp4</BaseURL></Representation></AdaptationSet>"
                    "</Period></MPD>",
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
                   "a=rtpmap:96 H264/90000\n",
    "picture.svg": "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'><image "
                   "xlink:href='file://{secret}'/><image xlink:href='http://127.0.0.1:{port}/x.png'/></svg>",
    "script.avs": "AviSource(\"{secret}\")\n",
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_file_that_names_others_reaches_none(server, listener, name):
    secret = server.data / "admin-key.json"
    text = PLAYLISTS[name].format(secret=secret, port=listener.getsockname()[1])
    media = outcome(server, text.encode(), name)
    assert not callers(listener)
    assert_refused(media)
    assert server.admin["key"] not in media["error"]


@pytest.mark.parametrize("name", ["file:///etc/passwd", "concat:/etc/passwd|x.mp4", "-i.mp4", "pipe:0", "%03d.png",
                                  "data:text/plain,x", "../../admin-key.json", "x;reboot.mp4", "$(id).mp4"])
def test_name_of_a_file_is_only_a_name(server, clip, name):
    media = outcome(server, clip, name)
    assert media["status"] == "ready", media
    assert media["fileName"] == name


def test_picture_bomb_is_refused(server):
    assert_refused(outcome(server, png_bomb(50_000), "bomb.png"))


def test_flood_of_frames_settles(server):
    media = outcome(server, gif_of_frames(100_000), "flood.gif")
    assert media["status"] == "ready" or media["error"].strip(), media


def test_document_that_is_none_is_refused(server):
    assert_refused(outcome(server, b"%PDF-1.7\n" + noise(20_000, 3), "paper.pdf"))


def test_server_goes_on_and_leaves_nothing_behind(server, clip):
    """Last in this file: what the others left."""
    assert outcome(server, clip)["status"] == "ready"
    jobs = server.data / "jobs"
    wait_until(lambda: not any(jobs.iterdir()), "the job directories to be removed")
