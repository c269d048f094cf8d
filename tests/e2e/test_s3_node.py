"""The S3 door with the clients for JavaScript: @aws-sdk/client-s3 with lib-storage, and MinIO's. The drivers in s3_js/
use them as an application does; what they saw is judged here."""

import base64
import hashlib
import json
import zlib

import pytest

from harness import MIB, noise
from node import installed
from s3_door import Door
from test_s3 import client

CLIP = noise(23 * MIB + 7, "clip for node")
KEY = "folder/clip ü+.mp4"
SMALL = ["small/copy", "small/streamed", "small/text ü+.txt"]


@pytest.fixture(scope="session")
def packages():
    return installed("s3_js")


@pytest.fixture
def play(packages, tmp_path):
    """Runs a driver and gives back what it printed."""
    (tmp_path / "clip").write_bytes(CLIP)

    def run(driver, door, bucket, key=KEY, **more):
        credentials = {"accessKeyId": door.key, "secretAccessKey": door.secret}
        if door.token:
            credentials["sessionToken"] = door.token
        task = {"endpoint": door.url, "credentials": credentials, "bucket": bucket, "key": key,
                "file": str(tmp_path / "clip"), "back": str(tmp_path / "back")} | more
        return json.loads(door.run("node", driver, json.dumps(task), cwd=packages, trust="NODE_EXTRA_CA_CERTS"))
    return run


def crc32(content):
    return base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()


@pytest.mark.parametrize("transport, http2", [("http", False), ("http", True), ("tls", False), ("tls", True)],
                         ids=["http", "http-h2", "tls", "tls-h2"])
def test_aws_sdk(server, play, tmp_path, transport, http2):
    door, bucket = Door(server, transport), f"aws-sdk-{transport}-{'h2' if http2 else 'h1'}"
    seen = play("aws.mjs", door, bucket, http2=http2)
    assert (tmp_path / "back").read_bytes() == CLIP
    assert "-" in seen["etag"] and seen["head"]["ETag"] == seen["etag"]
    assert (seen["type"], seen["metadata"], seen["size"]) == ("video/mp4", {"from": "lib-storage"}, len(CLIP))
    assert seen["head"]["ContentLength"] == len(CLIP) and seen["head"]["ChecksumCRC32"]
    assert list(map(int, seen["range"].split(","))) == list(CLIP[5242870:5242890])
    assert seen["content_range"] == f"bytes 5242870-5242889/{len(CLIP)}"
    assert seen["text"] == crc32(b"text")
    assert seen["streamed"] == base64.b64encode(hashlib.sha256(CLIP[:MIB]).digest()).decode() and seen["copied"]
    assert seen["listed"] == SMALL
    assert (seen["missing"], seen["occupied"]) == ("NoSuchKey", "PreconditionFailed")
    assert seen["presigned"] == [200, 200, "presigned"] and seen["deleted"] == 5
    assert ("h2" in door.protocols(bucket)) == http2
    assert bucket not in [each["Name"] for each in client(server).list_buckets()["Buckets"]]


@pytest.mark.parametrize("transport", ["http", "tls"])
def test_minio(server, play, tmp_path, transport):
    door, bucket = Door(server, transport), f"minio-js-{transport}"
    seen = play("minio.mjs", door, bucket)
    assert (tmp_path / "back").read_bytes() == CLIP
    assert (seen["exists"], seen["none"]) == (True, False)
    assert "-" in seen["etag"] and seen["stat"]["etag"] == seen["etag"] and seen["stat"]["size"] == len(CLIP)
    assert seen["stat"]["metaData"] == {"content-type": "video/mp4", "from": "minio"}
    assert bytes(seen["range"]) == CLIP[5242870:5242890]
    assert seen["copied"] == len(CLIP) and seen["listed"] == SMALL and seen["folders"] == ["folder/", "small/"]
    assert seen["presigned"] == [200, 200, "presigned"] and seen["missing"] == "NoSuchKey"
    assert seen["incomplete"] == []
    assert door.protocols(bucket) == {"http/1.1"}
    assert bucket not in [each["Name"] for each in client(server).list_buckets()["Buckets"]]


@pytest.mark.parametrize("driver", ["aws.mjs", "minio.mjs"])
def test_an_upload_by_temporary_credentials(server, api, play, driver):
    upload = api.create("clip.mp4", type="multipart", fileSize=len(CLIP))
    given = upload["input"]
    play(driver, Door(server, "http", given), given["bucket"], given["key"], only_upload=True)
    done = api.complete(upload)
    assert done["state"] == "completed" and api.original(done["mediaId"]).content == CLIP
