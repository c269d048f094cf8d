"""Downloads: archives that are made while they are sent, read by everybody's programs, cut and resumed, kept while
media go, gone when they expire."""

import datetime
import io
import random
import shutil
import subprocess
import time
import zipfile

import httpx
import pytest

from harness import MIB, check, clips, curl, noise, wait_until
from test_s3 import client

TITLE = "Q4: Grüße/board"
NAMES = ["clip.mp4", "clip.mp4", "CLIP.MP4", "Über das Meer 😀.mov", "../../../etc/passwd", "con.txt", "a\\b.bin", "leer.bin"]
SEEN = ["clip.mp4", "clip (2).mp4", "CLIP (3).MP4", "Über das Meer 😀.mov", ".._.._.._etc_passwd", "_con.txt", "a_b.bin",
        "leer.bin"]
FILES = [noise(size, size) for size in (3 * MIB, 700_001, 65_536, 1, 1_500_000, 17, 300_000)] + [b""]


def create(api, expect=201, **fields):
    return api.call("POST", "/v2/downloads", expect, json={"title": TITLE} | fields)


def ingest_all(api):
    return [api.ingest(content, name)["mediaId"] for content, name in zip(FILES, NAMES)]


def in_seconds(seconds):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return moment.isoformat()


def url_of(download):
    assert download["status"] == "ready"
    (file,) = download["files"]
    return file["url"]


def run(*command, cwd=None):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120, cwd=cwd)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def package(server):
    """A download of eight files, and its bytes."""
    api = server.api()
    download = create(api, selectedMediaIds=ingest_all(api), description="all of it")
    response = httpx.get(url_of(download))
    assert response.status_code == 200
    return download, response


def test_says_what_it_is(api, package):
    download, response = package
    assert download["compressed"] is True and download["expired"] is False
    (file,) = download["files"]
    assert file["mimeType"] == "application/zip" and file["fileName"] == "Q4_ Grüße_board.zip"
    assert file["size"] == len(response.content) == int(response.headers["content-length"])
    assert "filename*=UTF-8''Q4_%20Gr%C3%BC%C3%9Fe_board.zip" in response.headers["content-disposition"]
    assert response.headers["accept-ranges"] == "bytes" and response.headers["etag"].startswith('"')
    assert api.call("GET", f"/v2/downloads/{download['id']}") == download
    assert download["id"] in [item["id"] for item in api.call("GET", "/v2/downloads?perPage=50")["items"]]


def test_python_reads_it(package):
    with zipfile.ZipFile(io.BytesIO(package[1].content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == SEEN
        assert [archive.read(name) for name in SEEN] == FILES
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {info.extract_version for info in archive.infolist()} == {10}


def test_unzip_7z_and_jar_read_it(package, tmp_path):
    archive = tmp_path / "package.zip"
    archive.write_bytes(package[1].content)
    assert "No errors detected" in run("unzip", "-t", archive)
    tested = run("7z", "t", archive)
    assert "Everything is Ok" in tested and "Warnings" not in tested
    assert "warning" not in run("zipinfo", "-v", archive).lower()
    assert run("jar", "tf", archive).splitlines() == SEEN
    for name, command in {"unzip": ["unzip", "-q", archive], "7z": ["7z", "x", "-y", archive],
                          "jar": ["jar", "xf", archive]}.items():
        folder = tmp_path / name
        folder.mkdir()
        run(*command, cwd=folder)
        assert sorted(path.name for path in folder.rglob("*")) == sorted(SEEN)
        for seen, content in zip(SEEN, FILES):
            assert (folder / seen).read_bytes() == content, (name, seen)
    assert not list(tmp_path.parent.glob("etc"))


def test_can_be_unpacked_while_it_comes(package, tmp_path):
    """No data descriptors: what reads streams needs no end."""
    if not shutil.which("bsdtar"):
        pytest.skip("no bsdtar here")
    subprocess.run(["bsdtar", "-xf", "-"], input=package[1].content, cwd=tmp_path, check=True)
    assert (tmp_path / SEEN[0]).read_bytes() == FILES[0]


def test_ranges(package):
    download, whole = package
    url, content = url_of(download), whole.content
    chance = random.Random(7)
    ranges = [(0, 0), (0, len(content) - 1), (len(content) - 1, len(content) - 1), (29, 31)]
    ranges += [tuple(sorted(chance.randrange(len(content)) for _ in range(2))) for _ in range(60)]
    for first, last in ranges:
        part = httpx.get(url, headers={"Range": f"bytes={first}-{last}"})
        assert part.status_code == 206
        assert part.content == content[first:last + 1]
        assert part.headers["content-range"] == f"bytes {first}-{last}/{len(content)}"
        assert part.headers["etag"] == whole.headers["etag"]
    assert httpx.get(url, headers={"Range": "bytes=-100"}).content == content[-100:]
    beyond = httpx.get(url, headers={"Range": f"bytes={len(content)}-"})
    assert beyond.status_code == 416 and beyond.headers["content-range"] == f"bytes */{len(content)}"


def test_every_byte_of_the_directory_can_be_the_first(package):
    download, whole = package
    url, content = url_of(download), whole.content
    directory = content.index(b"PK\x01\x02")
    with httpx.Client() as http:
        for first in range(directory - 3, len(content), 7):
            assert http.get(url, headers={"Range": f"bytes={first}-{first + 20}"}).content == content[first:first + 21]


def test_conditions(package):
    download, whole = package
    url, etag, size = url_of(download), whole.headers["etag"], len(whole.content)
    head = httpx.head(url)
    assert head.status_code == 200 and int(head.headers["content-length"]) == size and head.headers["etag"] == etag
    assert httpx.head(url, headers={"Range": "bytes=0-4"}).headers["content-length"] == str(size)
    assert httpx.get(url, headers={"If-None-Match": etag}).status_code == 304
    assert httpx.get(url, headers={"If-Match": '"other"'}).status_code == 412
    assert httpx.get(url, headers={"Range": "bytes=0-4", "If-Range": etag}).status_code == 206
    assert len(httpx.get(url, headers={"Range": "bytes=0-4", "If-Range": '"other"'}).content) == size
    modified = whole.headers["last-modified"]
    assert httpx.get(url, headers={"Range": "bytes=0-4", "If-Range": modified}).status_code == 206


def test_curl_goes_on_where_it_was_cut(package, tmp_path):
    download, whole = package
    chance = random.Random(11)
    target = tmp_path / "cut.zip"
    for _ in range(12):
        cut = chance.randrange(len(whole.content))
        target.write_bytes(whole.content[:cut])
        curl("-C", "-", "-o", target, url_of(download))
        assert target.read_bytes() == whole.content


def test_is_the_same_after_a_restart_and_a_kill(start, tmp_path):
    with start() as server:
        api = server.api()
        download = create(api, selectedMediaIds=ingest_all(api))
        path = url_of(download).removeprefix(server.base)
        whole = api.raw("GET", path)
        for end in (server.stop, server.kill):
            end()
            server.start()
            again = httpx.get(server.base + path, headers={"Range": "bytes=1000000-", "If-Range": whole.headers["etag"]})
            assert again.status_code == 206 and again.content == whole.content[1_000_000:]
            target = tmp_path / "cut.zip"
            target.write_bytes(whole.content[:54_321])
            curl("-C", "-", "-o", target, server.base + path)
            assert target.read_bytes() == whole.content


def test_one_file_is_sent_as_it_is(api):
    media = api.ingest(FILES[0], "Über.mp4", contentType="video/mp4")["mediaId"]
    download = create(api, selectedMediaIds=[media])
    assert download["compressed"] is False
    assert download["files"][0]["mimeType"] == "video/mp4" and download["files"][0]["size"] == len(FILES[0])
    response = httpx.get(url_of(download), headers={"Range": "bytes=10-"})
    assert response.status_code == 206 and response.content == FILES[0][10:]
    assert "filename*=UTF-8''%C3%9Cber.mp4" in response.headers["content-disposition"]
    archive = httpx.get(url_of(create(api, selectedMediaIds=[media], compressed=True))).content
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.read("Über.mp4") == FILES[0]


class Remote(io.RawIOBase):
    """A file behind ranges, as zipfile wants it."""

    def __init__(self, url):
        self.url, self.at, self.http = url, 0, httpx.Client()
        self.size = int(self.http.head(url).headers["content-length"])
        self.read_bytes = 0

    def seekable(self):
        return True

    def readable(self):
        return True

    def tell(self):
        return self.at

    def seek(self, offset, whence=io.SEEK_SET):
        self.at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence]
        return self.at

    def read(self, size=-1):
        end = self.size if size is None or size < 0 else min(self.at + size, self.size)
        if end <= self.at:
            return b""
        content = self.http.get(self.url, headers={"Range": f"bytes={self.at}-{end - 1}"}).content
        assert len(content) == end - self.at
        self.at = end
        self.read_bytes += len(content)
        return content


def object_of(s3, key, source, times):
    """An object of `times` times another, which is sent nowhere."""
    where = {"Bucket": "units", "Key": key}
    complete(s3, where, source, times)
    return f"units/{key}"


def complete(s3, where, source, times):
    part = where | {"UploadId": s3.create_multipart_upload(**where)["UploadId"]}
    etags = []
    for number in range(1, times + 1):
        copied = s3.upload_part_copy(PartNumber=number, CopySource=source, **part)
        etags.append({"PartNumber": number, "ETag": copied["CopyPartResult"]["ETag"]})
    s3.complete_multipart_upload(MultipartUpload={"Parts": etags}, **part)


def large_media(api, s3, name, source, times):
    upload = api.create(name, type="multipart")
    complete(s3, {"Bucket": upload["input"]["bucket"], "Key": upload["input"]["key"]}, source, times)
    return api.complete(upload)["mediaId"]


def test_zip64_where_it_is_needed_and_ready_at_once(start):
    """A file above 4 GiB before and behind small ones; then 100 GiB together."""
    unit = noise(64 * MIB, "unit")
    large_bytes = 68 * len(unit)
    with start(env={"MILLRACE_MEDIA_JOBS_MAX": "1"}) as server:
        api, s3 = server.api(), client(server)
        s3.create_bucket(Bucket="units")
        s3.put_object(Bucket="units", Key="unit", Body=unit)
        gib = object_of(s3, "gib", "units/unit", 16)
        small = api.ingest(b"before", "a.txt")["mediaId"]
        large = large_media(api, s3, "large.bin", "units/unit", 68)
        behind = api.ingest(b"behind", "z.txt")["mediaId"]
        download = create(api, selectedMediaIds=[small, large, behind])
        remote = Remote(url_of(download))
        assert remote.size == download["files"][0]["size"] > large_bytes
        with zipfile.ZipFile(remote) as archive:
            first, second, third = archive.infolist()
            assert archive.read(first) == b"before" and archive.read(third) == b"behind"
            assert second.file_size == second.compress_size == large_bytes
            assert (first.extract_version, second.extract_version, third.extract_version) == (10, 45, 45)
            assert third.header_offset > 0xFFFFFFFF
        assert remote.read_bytes < MIB
        begin = second.header_offset + 30 + len(second.filename) + 20 + 9
        for offset in (0, len(unit) - 5, large_bytes - 10, *(limit - begin for limit in range(0xFFFFFFF8, 0x100000002))):
            remote.seek(begin + offset)
            assert remote.read(10) == (unit + unit)[offset % len(unit):][:10], offset
        many = [large_media(api, s3, f"part {number}.bin", gib, 1) for number in range(100)]
        began = time.monotonic()
        ready = create(api, selectedMediaIds=many)
        took = time.monotonic() - began
        assert ready["status"] == "ready"
        print(f"\na download of {ready['files'][0]['size'] / 2**30:.1f} GiB was ready after {took * 1000:.1f} ms")


def test_deleted_media_stays_in_the_download(start):
    with start(env={"MILLRACE_STORE_RECLAIM_DELAY_SECONDS": "0"}) as server:
        api = server.api()
        ids = ingest_all(api)
        for media in ids:
            api.settled(media)
        download = create(api, selectedMediaIds=ids)
        before = httpx.get(url_of(download)).content
        for media in ids:
            api.call("DELETE", f"/v2/media/{media}?hard=true")
        time.sleep(2)  # what is not held would be reclaimed now
        path = url_of(download).removeprefix(server.base)
        assert httpx.get(server.base + path).content == before
        server.stop()
        server.start()
        assert httpx.get(server.base + path).content == before
        server.api().call("DELETE", f"/v2/downloads/{download['id']}")
        assert httpx.get(server.base + path).status_code == 404
        wait_until(lambda: server.metric("millrace_store_stored_bytes") == 0, "the bytes to go")
        data = server.data
    done = check(data)
    assert done.returncode == 0, done.stdout


def test_expires(start):
    env = {"MILLRACE_STORE_RECLAIM_DELAY_SECONDS": "0", "MILLRACE_UPLOADS_SWEEP_SECONDS": "1",
           "MILLRACE_DOWNLOADS_FORGET_SECONDS": "2"}
    with start(env=env) as server:
        api = server.api()
        media = api.ingest(FILES[0], "clip.mp4")["mediaId"]
        api.settled(media)
        download = create(api, selectedMediaIds=[media], compressed=True, expires=in_seconds(1.5))
        url = url_of(download)
        api.call("DELETE", f"/v2/media/{media}?hard=true")
        assert httpx.get(url).status_code == 200
        wait_until(lambda: httpx.get(url).status_code == 410, "the end")
        shown = api.call("GET", f"/v2/downloads/{download['id']}")
        assert shown["expired"] is True and shown["files"] == []
        wait_until(lambda: server.metric("millrace_store_stored_bytes") == 0, "the bytes to go")
        wait_until(lambda: httpx.get(url).status_code == 404, "the record to go")
        api.call("GET", f"/v2/downloads/{download['id']}", 404)


def test_expires_as_configured_when_it_does_not_say(start):
    env = {"MILLRACE_DOWNLOADS_EXPIRE_SECONDS": "4", "MILLRACE_UPLOADS_SWEEP_SECONDS": "1"}
    with start(env=env) as server:
        api = server.api()
        media = api.ingest(FILES[0], "clip.mp4")["mediaId"]
        api.settled(media)
        long = create(api, selectedMediaIds=[media], expires=in_seconds(3600))
        short = create(api, selectedMediaIds=[media])
        assert httpx.get(url_of(short)).status_code == 200
        wait_until(lambda: httpx.get(url_of(short)).status_code == 410, "the end")
        assert httpx.get(url_of(long)).status_code == 200


def test_refusals_name_the_field(api):
    media = api.ingest(b"here", "here.txt")["mediaId"]

    def refused(status, field, **fields):
        response = api.raw("POST", "/v2/downloads", json={"title": TITLE} | fields)
        assert response.status_code == status, response.text
        assert field in response.json()["data"], response.text

    refused(404, "selectedMediaIds[1]", selectedMediaIds=[media, "nothing"])
    refused(404, "selectedRenditionIds[0]", selectedRenditionIds=["nothing"])
    refused(404, "selectedTranscripts[0]", selectedTranscripts=[{"id": "nothing", "format": "srt"}])
    refused(400, "selectedTranscripts[0].format", selectedTranscripts=[{"id": "nothing", "format": "doc"}])
    refused(400, "selectedTranscripts[0].id", selectedTranscripts=[{}])
    refused(400, "selectedMediaIds")
    refused(400, "title", title="", selectedMediaIds=[media])
    refused(400, "expires", selectedMediaIds=[media], expires="tomorrow")
    refused(400, "expires", selectedMediaIds=[media], expires=in_seconds(-10))
    refused(400, "expires", selectedMediaIds=[media], expires="9999-12-31T23:59:59Z")
    refused(400, "compressed", selectedMediaIds=[media, api.ingest(b"2", "2")["mediaId"]], compressed=False)


def test_a_repeat_with_its_key_is_the_same_download(api):
    media = api.ingest(b"once", "once.txt")["mediaId"]
    options = {"json": {"title": TITLE, "selectedMediaIds": [media]}, "headers": {"Idempotency-Key": f"key {media}"}}
    assert api.call("POST", "/v2/downloads", 201, **options) == api.call("POST", "/v2/downloads", 201, **options)


def test_without_a_key(server, api):
    media = api.ingest(b"private", "private.txt")["mediaId"]
    stranger = httpx.Client(base_url=server.base)
    for fields in ({"selectedMediaIds": [media]}, {"selectedRenditionIds": ["a", "b"]}, {}):
        assert stranger.post("/v2/downloads", json={"title": TITLE} | fields).status_code == 401
    absent = stranger.post("/v2/downloads", json={"title": TITLE, "selectedRenditionIds": [media]})
    assert absent.status_code == 404
    assert stranger.get("/v2/downloads").status_code == 401
    mine = create(api, selectedMediaIds=[media])
    assert stranger.get(f"/v2/downloads/{mine['id']}").status_code == 401
    assert stranger.delete(f"/v2/downloads/{mine['id']}").status_code == 401
    assert stranger.get(url_of(mine)).content == b"private"
    assert stranger.get("/v2/downloads/file/00ff").status_code == 404
    assert mine["files"][0]["url"].rsplit("/", 1)[1] not in server.log()


def test_what_was_made_of_a_media_can_be_taken_home(start, tmp_path):
    speech = clips(tmp_path)[-1]
    with start("made", env={"MILLRACE_MEDIA_RENDITIONS": "true", "MILLRACE_MEDIA_TRANSCRIPTS": "true"}) as server:
        api = server.api()
        media = api.settled(api.ingest(speech.read_bytes(), speech.name)["mediaId"], 240)
        made = api.call("GET", f"/v2/media/{media['id']}/metadata")["renditions"]
        rendition = next(each for each in made if each["kind"] in ("video", "audio"))
        anonymous = httpx.post(f"{server.base}/v2/downloads", json={"title": "x", "selectedRenditionIds": [rendition["id"]]})
        assert anonymous.status_code == 201, anonymous.text
        file = anonymous.json()["data"]["files"][0]
        content = httpx.get(file["url"]).content
        assert len(content) == file["size"] == rendition["size"]
        both = {"title": "x", "selectedRenditionIds": [rendition["id"]], "selectedMediaIds": [media["id"]]}
        assert httpx.post(f"{server.base}/v2/downloads", json=both).status_code in (400, 401, 403)
        transcripts = f"/v2/media/{media['id']}/metadata/transcripts"
        written = wait_until(lambda: next((t for t in api.call("GET", transcripts) if t["status"] == "ready"), None),
                             "the transcript", 240)
        text = api.raw("GET", f"{transcripts}/{written['id']}/download?transcriptDownloadType=srt").content
        both["selectedTranscripts"] = [{"id": written["id"], "format": "srt"}]
        package = api.call("POST", "/v2/downloads", 201, json=both)["files"][0]["url"]
        with zipfile.ZipFile(io.BytesIO(httpx.get(package).content)) as archive:
            assert {archive.read(name) for name in archive.namelist()} == {content, speech.read_bytes(), text}
            assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
