"""`./dev demo`: a server on a scratch directory, real files uploaded over HTTP/2, and the states as they change.

Prints an address for each file that a player can open. On a terminal the server stays up until Enter is pressed.
"""

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path

from harness import KIB, MIB, Api, Server, clips

BAR_COLUMNS = 40
PIECE_BYTES = 256 * KIB


def bar(done, total, words):
    filled = BAR_COLUMNS * done // total if total else BAR_COLUMNS
    end = "\n" if done >= total else ""
    sys.stdout.write(f"\r  [{'#' * filled}{'.' * (BAR_COLUMNS - filled)}] {done / MIB:6.1f} MiB  {words}{end}")
    sys.stdout.flush()


def pieces_with_bar(content):
    began = time.monotonic()
    for at in range(0, len(content), PIECE_BYTES):
        yield content[at:at + PIECE_BYTES]
        sent = min(at + PIECE_BYTES, len(content))
        bar(sent, len(content), f"{sent / MIB / max(time.monotonic() - began, 1e-3):.0f} MiB/s")


def state(words):
    print(f"  {time.strftime('%H:%M:%S')}  {words}", flush=True)


def upload(api, path):
    print(f"\n{path.name}")
    created = api.create(path.name, fileSize=path.stat().st_size)
    state(f"upload {created['id']} is {created['state']}")
    answer = api.put(created, pieces_with_bar(path.read_bytes()))
    answer.raise_for_status()
    state(f"upload is {api.upload(created['id'])['state']}, sent over {answer.http_version}")
    done = api.complete(created)
    state(f"upload is {done['state']}, media {done['mediaId']}")
    return watch(api, done["mediaId"])


def watch(api, media_id):
    """Tells every status of the media until its probe has ended."""
    seen = None
    while True:
        media = api.media(media_id)
        if media["status"] != seen:
            seen = media["status"]
            state(f"media is {seen}" + (f": {media['error']}" if media.get("error") else ""))
        if seen != "preparing":
            return media
        time.sleep(0.05)


def show(api, server, media):
    metadata = api.call("GET", f"/v2/media/{media['id']}/metadata")
    print("  " + json.dumps(metadata.get("probe", metadata), indent=2).replace("\n", "\n  "))
    address = f"{server.base}/v2/media/{media['id']}/original"
    print(f"\n  ffplay -headers 'Authorization: Bearer {server.admin['key']}' {address}")


def main():
    folder = Path(tempfile.mkdtemp(prefix="millrace-demo-"))
    server = Server(folder).start()
    try:
        print(f"Millrace serves {server.base} on {folder}")
        api = Api(server.base, server.admin["key"], http1=False, http2=True)
        for clip in clips(folder):
            show(api, server, upload(api, clip))
        if sys.stdin.isatty():
            input("\nPress Enter to stop the server. ")
    finally:
        code = server.stop()
        shutil.rmtree(folder)
    print(f"\nThe server drained and ended with {code}.")
    return code


if __name__ == "__main__":
    sys.exit(main())
