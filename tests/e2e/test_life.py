"""The same life of the same file through every door: created, sent, finished, read back, deleted. A row of the table says
how one door does it and in which words; after every step all other doors are asked what they see."""

import uuid
from base64 import b64encode

import httpx
import pytest

from forms import client as http_client
from harness import MIB, check, clips, noise, serving, wait_until
from test_s3 import client as s3_client

PART = 5 * MIB


class Life:
    """What the ways through the doors have in common: the server, and the file that is sent."""

    name = None
    states = None         # in the door's words: before, after the bytes, after the finish, ready
    shown_open = True     # the other doors see it while it is open

    def __init__(self, server, content):
        self.server, self.content = server, content
        self.http = http_client(server)
        self.api = server.api()
        self.file_name = f"{uuid.uuid4()}.mp4"

    def get(self, path):
        return self.http.get(path).raise_for_status().json()

    def ok(self, method, path, expect, **options):
        response = self.http.request(method, path, **options)
        assert response.status_code == expect, f"{method} {path}: {response.status_code} {response.text}"
        return response

    def create(self):
        """Leaves the upload's id in self.id, if the door has one by then."""
        self.id = None

    def send(self):
        raise NotImplementedError

    def finish(self):
        """For doors where the bytes end it."""

    def delete(self):
        """The door's own, or that of v2 where it has none."""
        self.api.call("DELETE", f"/v2/media/{self.id}?hard=true")


class V2(Life):
    states = ("created", "uploading", "completed", "completed")
    kind = None

    def create(self):
        self.upload = self.api.create(self.file_name, type=self.kind)
        self.id = self.upload["id"]

    def state(self):
        return self.api.upload(self.id)["state"]

    def finish(self):
        assert self.api.complete(self.upload)["mediaId"] == self.id

    def read(self):
        return self.api.original(self.id).content


class V2Put(V2):
    name, kind = "v2 put", "put"

    def send(self):
        assert self.api.put(self.upload, self.content).status_code == 200


class V2Multipart(V2):
    """With the temporary credentials of the upload."""

    name, kind = "v2 multipart", "multipart"

    def send(self):
        given = self.upload["input"]
        where = {"Bucket": given["bucket"], "Key": given["key"]}
        s3 = s3_client(self.server, base=given["endpoint"], access=given)
        multipart = where | {"UploadId": s3.create_multipart_upload(**where)["UploadId"]}
        send_parts(s3, multipart, self.content)


def send_parts(s3, multipart, content):
    starts = range(0, len(content), PART)
    parts = [{"PartNumber": number, "ETag": s3.upload_part(**multipart, PartNumber=number,
                                                           Body=content[start:start + PART])["ETag"]}
             for number, start in enumerate(starts, 1)]
    s3.complete_multipart_upload(**multipart, MultipartUpload={"Parts": parts})


class V2Tus(V2):
    """Announced at v2, sent to its signed address without a key."""

    name, kind = "v2 tus", "tus"

    def send(self):
        url, fields = self.upload["input"]["url"], {"Tus-Resumable": "1.0.0"}
        length = fields | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream",
                           "Upload-Length": str(len(self.content))}
        response = httpx.patch(url, content=self.content, headers=length, timeout=60)
        assert response.status_code == 204, response.text


class Tus(Life):
    name = "tus"

    def fields(self):
        return {"Tus-Resumable": "1.0.0"}

    def create(self):
        name = b64encode(self.file_name.encode()).decode()
        length = {"Upload-Length": str(len(self.content)), "Upload-Metadata": f"filename {name}"}
        self.url = self.ok("POST", "/files", 201, headers=self.fields() | length).headers["location"]
        self.id = self.url.rsplit("/", 1)[1]
        self.states = tuple((str(offset), is_done) for offset, is_done in
                            ((0, False), (len(self.content), True), (len(self.content), True),
                             (len(self.content), True)))

    def state(self):
        head = self.ok("HEAD", self.url, 200, headers=self.fields()).headers
        return head["upload-offset"], head.get("x-media-id") == self.id

    def send(self):
        half = len(self.content) // 2
        for start, content in ((0, self.content[:half]), (half, self.content[half:])):
            self.ok("PATCH", self.url, 204, content=content, headers=self.fields() | {
                "Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"})

    def read(self):
        return self.ok("GET", self.url, 200).content


class Draft(Tus):
    """The IETF draft on the same resources."""

    name = "draft"

    def fields(self):
        return {}

    def create(self):
        half = self.content[:len(self.content) // 2]
        made = self.ok("POST", "/files", 201, content=half, headers={
            "Upload-Complete": "?0", "Upload-Length": str(len(self.content)),
            "Content-Disposition": f'attachment; filename="{self.file_name}"'})
        self.url, self.half = made.headers["location"], len(half)
        self.id = self.url.rsplit("/", 1)[1]
        done = (str(len(self.content)), "?1")
        self.states = ((str(self.half), "?0"), done, done, done)

    def state(self):
        head = self.ok("HEAD", self.url, 204).headers
        return head["upload-offset"], head["upload-complete"]

    def send(self):
        self.ok("PATCH", self.url, 200, content=self.content[self.half:], headers={
            "Upload-Complete": "?1", "Upload-Offset": str(self.half), "Content-Type": "application/partial-upload"})


class ClientV1(Life):
    name = "client_v1 form"
    states = (None, "completed", "completed", "completed")
    shown_open = False

    def state(self):
        if not self.id:
            return None
        path = f"/api/client/v1/uploads/{self.id}"
        return wait_until(lambda: self.get(path)["data"]["status"] in (6, 7) and self.get(path)["data"],
                          "the video")["status_text"]

    def send(self):
        response = self.ok("POST", "/api/client/v1/uploads", 202, data={"folder": "root/life"},
                           files={"video": (self.file_name, self.content)})
        self.id = response.json()["data"]["id"]

    def read(self):
        return self.api.original(self.id).content


class V1(Life):
    states = (404, 404, "ready", "ready")
    multipart = False

    def create(self):
        self.made = self.ok("POST", "/v1/uploads", 201, json={
            "filename": self.file_name, "mime_type": "video/mp4", "file_size_bytes": len(self.content),
            "multipart": self.multipart}).json()
        self.video = "/v1/videos/vid_" + self.made["id"][3:]
        self.parts = None
        self.id = self.api.call("GET", "/v2/uploads?perPage=1")["items"][0]["id"]
        assert self.id.replace("-", "").startswith(self.made["id"][3:])

    def state(self):
        response = self.http.get(self.video)
        if response.status_code != 200:
            return response.status_code
        return wait_until(lambda: self.get(self.video)["status"] != "preparing" and self.get(self.video),
                          "the video")["status"]

    def finish(self):
        body = {"mime_type": "video/mp4", "file_size_bytes": len(self.content)}
        if self.parts:
            body |= {"upload_id": self.made["upload_id"], "parts": self.parts}
        video = self.ok("POST", f"/v1/uploads/{self.made['id']}/finalize", 200, json=body).json()
        assert video["id"] == "vid_" + self.made["id"][3:]

    def read(self):
        return self.http.get(self.get(self.video)["source_url"]).content

    def delete(self):
        self.ok("DELETE", self.video, 204)


class V1Single(V1):
    name = "v1 single"

    def send(self):
        assert httpx.put(self.made["upload_url"], content=self.content, timeout=60).status_code == 200


class V1Multipart(V1):
    name, multipart = "v1 multipart", True

    def send(self):
        size = self.made["part_size"]
        self.parts = []
        for part in self.made["parts"]:
            start = (part["partNumber"] - 1) * size
            put = httpx.put(part["url"], content=self.content[start:start + size], timeout=60)
            assert put.status_code == 200, put.text
            self.parts.append({"partNumber": part["partNumber"], "etag": put.headers["etag"]})


class Assets(Life):
    def state(self):
        if not self.id:
            return None
        path = f"/assets/{self.id}"
        return wait_until(lambda: self.get(path)["status"] != "preparing" and self.get(path), "the asset")["status"]

    def read(self):
        return self.http.get(self.get(f"/assets/{self.id}")["url"]).content

    def delete(self):
        assert self.http.delete(f"/assets/{self.id}").is_success


class AssetsForm(Assets):
    """A file in one form. Videos come in three phases, but the form takes what it is given."""

    name = "assets form"
    states = (None, "ready", "ready", "ready")
    shown_open = False

    def send(self):
        files = {"source": (self.file_name, self.content, "audio/mp4")}
        self.id = self.ok("POST", "/assets", 201, files=files).json()["id"]


class AssetsPhases(Assets):
    name = "assets three phases"
    states = ("uploading", "uploading", "ready", "ready")

    def create(self):
        start = {"label": "Video", "upload_phase": "start", "file_size": str(len(self.content))}
        self.id = self.ok("POST", "/assets", 201, json=start).json()["id"]

    def send(self):
        step = len(self.content) // 3 + 1
        for start in range(0, len(self.content), step):
            self.ok("POST", f"/assets/{self.id}/multipart", 200, files={"file_chunk": self.content[start:start + step]},
                    data={"upload_phase": "transfer", "original_name": self.file_name, "start_offset": str(start)})

    def finish(self):
        assert self.http.post(f"/assets/{self.id}/multipart", json={"upload_phase": "finish"}).is_success


WAYS = [V2Put, V2Multipart, V2Tus, Tus, Draft, ClientV1, V1Single, V1Multipart, AssetsForm, AssetsPhases]


# --- what each door shows of it ---

def v1_id(media_id):
    return "vid_" + media_id.replace("-", "")[:20]


def status(http, path):
    return http.get(path).status_code


def listed(items, media_id, name="id"):
    return sum(item[name] == media_id for item in items)


class Views:
    """What a stranger to the upload sees of it, door by door."""

    def __init__(self, server):
        self.http, self.api = http_client(server), server.api()

    def get(self, path):
        return self.http.get(path).raise_for_status().json()

    def media(self, media_id):
        """The states of the finished file in the words of every door; each in its list once."""
        return {
            "v2": self.get(f"/v2/media/{media_id}")["data"]["status"],
            "v2 upload": self.get(f"/v2/uploads/{media_id}")["data"]["state"],
            "client_v1": self.get(f"/api/client/v1/uploads/{media_id}")["data"]["status_text"],
            "client_v1 video": self.get(f"/api/client/v1/videos/{media_id}")["data"]["status_text"],
            "v1": self.get(f"/v1/videos/{v1_id(media_id)}")["status"],
            "assets": self.get(f"/assets/{media_id}")["status"],
        }

    def lists(self, media_id):
        """How often each door's list names it."""
        return {
            "v2": listed(self.get("/v2/media?perPage=50")["data"]["items"], media_id),
            "v2 uploads": listed(self.get("/v2/uploads?perPage=50")["data"]["items"], media_id),
            "client_v1": listed(self.get("/api/client/v1/uploads")["data"], media_id),
            "client_v1 videos": listed(self.get("/api/client/v1/videos")["data"], media_id),
            "v1": listed(self.get("/v1/videos")["data"], v1_id(media_id)),
            "assets": listed(self.get("/assets")["items"], media_id),
        }

    def originals(self, media_id):
        """The bytes as every door that has an address for them hands them out."""
        return {
            "v2": self.api.original(media_id).content,
            "v1": self.http.get(self.get(f"/v1/videos/{v1_id(media_id)}")["source_url"]).content,
            "assets": self.http.get(self.get(f"/assets/{media_id}")["url"]).content,
        }

    def media_gone(self, media_id):
        paths = (f"/v2/media/{media_id}/original", f"/api/client/v1/videos/{media_id}",
                 f"/v1/videos/{v1_id(media_id)}", f"/assets/{media_id}")
        return {path: status(self.http, path) for path in paths}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A server that gives space back at once, and tells when all of it came back."""
    with serving(tmp_path_factory.mktemp("life"), config="[store]\nreclaim_delay_seconds = 0\n") as server:
        yield server
    checked = check(server.data)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """A film that ffprobe knows, of more than one part."""
    return clips(tmp_path_factory.mktemp("clips"))[0].read_bytes() + noise(2 * PART + 17, "life")


def kept_bytes(server):
    return server.metric("millrace_store_logical_bytes")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_the_same_life_through_every_door(own, content, way):
    before = kept_bytes(own)
    life, views = way(own, content), Views(own)
    life.create()
    assert life.state() == life.states[0]
    if life.shown_open:
        upload = life.api.upload(life.id)
        assert upload["state"] in ("created", "uploading") and not upload.get("mediaId")
        assert views.get(f"/api/client/v1/uploads/{life.id}")["data"]["status_text"] in ("pending", "uploading")
        assert views.api.original(life.id).status_code == 404
        assert listed(views.get("/v2/media?perPage=50")["data"]["items"], life.id) == 0

    life.send()
    assert life.state() == life.states[1]
    assert life.api.upload(life.id)["bytesReceived"] == len(content)
    life.finish()
    assert life.state() == life.states[2]
    assert life.api.settled(life.id)["status"] == "ready"
    assert life.state() == life.states[3]
    assert life.read() == content

    assert views.media(life.id) == {"v2": "ready", "v2 upload": "completed", "client_v1": "completed",
                                    "client_v1 video": "completed", "v1": "ready", "assets": "ready"}
    assert set(views.lists(life.id).values()) == {1}, views.lists(life.id)
    assert {door for door, got in views.originals(life.id).items() if got != content} == set()
    assert kept_bytes(own) == before + len(content)

    life.delete()
    gone = views.media_gone(life.id)
    assert set(gone.values()) == {404}, gone
    names = ("v2", "client_v1 videos", "v1", "assets")
    assert {name: views.lists(life.id)[name] for name in names} == dict.fromkeys(names, 0)
    life.api.raw("DELETE", f"/v2/media/{life.id}?hard=true")
    assert status(views.http, f"/v2/media/{life.id}") == 404
    assert kept_bytes(own) == before
    life.api.call("DELETE", f"/v2/uploads/{life.id}")
    assert set(views.lists(life.id).values()) == {0}


def test_the_life_of_an_object(own, content):
    """An object in a bucket is no media: S3 shows it, and no other door does."""
    before = kept_bytes(own)
    s3, views = s3_client(own), Views(own)
    s3.create_bucket(Bucket="life")
    where = {"Bucket": "life", "Key": "film.mp4"}
    assert "Contents" not in s3.list_objects_v2(Bucket="life")
    s3.put_object(**where, Body=content)
    multipart = where | {"Key": "parts.mp4"}
    multipart["UploadId"] = s3.create_multipart_upload(**multipart)["UploadId"]
    assert [each["Key"] for each in s3.list_multipart_uploads(Bucket="life")["Uploads"]] == ["parts.mp4"]
    send_parts(s3, multipart, content)
    assert [each["Key"] for each in s3.list_objects_v2(Bucket="life")["Contents"]] == ["film.mp4", "parts.mp4"]
    for key in ("film.mp4", "parts.mp4"):
        assert s3.get_object(Bucket="life", Key=key)["Body"].read() == content
    assert kept_bytes(own) == before + 2 * len(content)
    for path, items in (("/v2/media", "data"), ("/v1/videos", "data"), ("/assets", "items")):
        shown = views.get(path)[items]
        assert not any("film.mp4" in str(item) for item in (shown["items"] if "items" in shown else shown))
    for key in ("film.mp4", "parts.mp4"):
        s3.delete_object(Bucket="life", Key=key)
    assert "Contents" not in s3.list_objects_v2(Bucket="life")
    s3.delete_bucket(Bucket="life")
    assert kept_bytes(own) == before
