"""kill -9 at random moments of the pipeline: every media ends ready or errored, and nothing is left over."""

import random
import subprocess
import time

import httpx
import pytest

from harness import Server, check, noise

KILLS = 8
SETTLE_SECONDS = 240


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")

    def made(name, *arguments):
        subprocess.run(["ffmpeg", "-v", "error", *arguments, folder / name], check=True, timeout=60)
        return name, (folder / name).read_bytes()

    video = ["-f", "lavfi", "-i", "testsrc2=s=640x480:r=25:d=6", "-f", "lavfi", "-i", "sine=d=6", "-c:v", "libx264",
             "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    return [made("video.mp4", *video), made("sound.flac", "-f", "lavfi", "-i", "sine=d=8"),
            made("picture.png", "-f", "lavfi", "-i", "testsrc2=s=1600x900", "-frames:v", "1"),
            ("noise.mp4", noise(50_000, 1))]


def all_settled(api, medias):
    return all(api.media(media)["status"] in ("ready", "errored") for media in medias)


def test_kills_leave_every_media_ready_or_errored(tmp_path, files):
    chance = random.Random(11)
    server = Server(tmp_path / "server", env={"MILLRACE_MEDIA_RENDITIONS": "true",
                                              "MILLRACE_MEDIA_JOB_ATTEMPTS_MAX": str(KILLS + 5)}).start()
    try:
        medias = {}
        for name, content in files:
            medias[server.api().ingest(content, name)["mediaId"]] = name
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.1, 1.5))
            server.kill()
            server.start()
        deadline = time.monotonic() + SETTLE_SECONDS
        while not all_settled(server.api(), medias):
            assert time.monotonic() < deadline, [server.api().media(media) for media in medias]
            time.sleep(0.2)
        for media, name in medias.items():
            view = server.api().media(media)
            assert view["status"] == ("errored" if name == "noise.mp4" else "ready"), view
            for rendition in server.api().call("GET", f"/v2/media/{media}/metadata")["renditions"]:
                body = httpx.get(rendition["url"], timeout=30)
                assert body.status_code == 200 and len(body.content) == rendition["size"], rendition
        for media in medias:
            assert server.api().raw("DELETE", f"/v2/media/{media}?hard=true").is_success
        assert server.metric("millrace_store_logical_bytes") == 0
        assert server.stop() == 0
    finally:
        if server.process.poll() is None:
            server.kill()
    report = check(server.data)
    assert report.returncode == 0, report.stdout + report.stderr
    assert not any((server.data / "jobs").iterdir())
