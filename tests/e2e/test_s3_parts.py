"""S3 multipart uploads under stress: many parts at once and replaced, kill -9 between them, expiry. The rule: a part that
was acknowledged is there, an object shows whole or not at all, and what is abandoned gives its space back."""

import concurrent.futures
import random

import botocore.exceptions
import httpx
import pytest

from harness import KIB, MIB, Server, check, noise, wait_until
from test_s3 import client, code_of

PART = 5 * MIB
PARALLEL = 8


def begin(s3, bucket, key):
    where = {"Bucket": bucket, "Key": key}
    return where | {"UploadId": s3.create_multipart_upload(**where)["UploadId"]}


def send(s3, where, number, content):
    part = s3.upload_part(**where, PartNumber=number, Body=content)
    return {"PartNumber": number, "ETag": part["ETag"]}


def listed(s3, where):
    pages = s3.get_paginator("list_parts").paginate(**where, PaginationConfig={"PageSize": 7})
    return {part["PartNumber"]: part["ETag"] for page in pages for part in page.get("Parts", [])}


def read(s3, bucket, key):
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def test_parts_in_parallel_replaced_and_out_of_order(server):
    s3 = client(server, max_pool_connections=PARALLEL)
    s3.create_bucket(Bucket="parallel")
    where = begin(s3, "parallel", "film")
    contents = [noise(PART, f"part {n}") for n in range(1, 13)] + [noise(123 * KIB, "the last")]
    order = list(range(1, len(contents) + 1)) * 2
    random.Random(5).shuffle(order)
    last_of = {number: place for place, number in enumerate(order)}
    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        # The earlier one of each number brings other bytes; it has ended before the later one begins.
        first = [n for place, n in enumerate(order) if last_of[n] != place]
        list(pool.map(lambda n: send(s3, where, n, noise(PART, f"replaced {n}")), first))
        parts = list(pool.map(lambda n: send(s3, where, n, contents[n - 1]),
                              [n for place, n in enumerate(order) if last_of[n] == place]))
    parts.sort(key=lambda part: part["PartNumber"])
    assert listed(s3, where) == {part["PartNumber"]: part["ETag"] for part in parts}
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        ended = list(pool.map(lambda _: s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts}),
                              range(4)))
    assert len({each["ETag"] for each in ended}) == 1
    assert read(s3, "parallel", "film") == b"".join(contents)
    assert code_of(s3.list_parts, **where) == "NoSuchUpload"
    one = s3.get_object(Bucket="parallel", Key="film", PartNumber=13)
    assert one["PartsCount"] == 13 and one["Body"].read() == contents[-1]


def test_ten_thousand_and_one_parts_are_refused(server):
    s3 = client(server)
    s3.create_bucket(Bucket="too-many")
    where = begin(s3, "too-many", "film")
    parts = [{"PartNumber": n, "ETag": f"{n:032x}"} for n in range(1, 10_002)]
    assert code_of(s3.complete_multipart_upload, **where, MultipartUpload={"Parts": parts}) == "MalformedXML"
    assert code_of(s3.complete_multipart_upload, **where, MultipartUpload={"Parts": parts[:-1]}) == "InvalidPart"
    assert code_of(s3.upload_part, **where, PartNumber=10_001, Body=b"x") == "InvalidArgument"
    s3.abort_multipart_upload(**where)


def test_killed_between_parts(tmp_path):
    own = Server(tmp_path / "killed").start()
    s3 = client(own, max_pool_connections=PARALLEL)
    s3.create_bucket(Bucket="crash")
    where = begin(s3, "crash", "film")
    contents = {n: noise(PART, f"crash {n}") for n in range(1, 21)}
    sent = {}

    def send_until_killed(number):
        try:
            sent[number] = send(s3, where, number, contents[number])["ETag"]
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
            return
        if len(sent) >= 9:
            own.kill()

    with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(send_until_killed, contents))
    assert len(sent) >= 9
    own.start()
    s3 = client(own)
    there = listed(s3, where)
    assert sent.items() <= there.items(), "an acknowledged part is lost"
    for number in contents.keys() - there.keys():
        send(s3, where, number, contents[number])
    parts = [{"PartNumber": n, "ETag": etag} for n, etag in listed(s3, where).items()]
    done = s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    own.kill()
    own.start()
    s3 = client(own)
    assert s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})["ETag"] == done["ETag"]
    assert read(s3, "crash", "film") == b"".join(contents.values())
    assert own.metric("millrace_store_objects") == 1
    assert own.stop() == 0
    assert check(own.data).returncode == 0


def test_abandoned_ones_expire_and_free_their_space(start):
    config = "[uploads]\nexpire_seconds = 3\nsweep_seconds = 1\n"
    with start(config=config) as own:
        api, s3 = own.api(), client(own)
        s3.create_bucket(Bucket="abandoned")
        where = begin(s3, "abandoned", "film")
        send(s3, where, 1, noise(PART, "abandoned"))
        upload = api.create("film.mp4", type="multipart")
        temporary = client(own, access=upload["input"])
        theirs = begin(temporary, upload["input"]["bucket"], upload["input"]["key"])
        send(temporary, theirs, 1, noise(PART, "theirs"))
        assert len(s3.list_multipart_uploads(Bucket="abandoned")["Uploads"]) == 1
        assert own.metric("millrace_store_objects") == 2
        wait_until(lambda: own.metric("millrace_store_objects") == 0, "the parts to expire", 30)
        assert "Uploads" not in s3.list_multipart_uploads(Bucket="abandoned")
        assert api.upload(upload["id"])["state"] == "expired"
        assert code_of(temporary.upload_part, **theirs, PartNumber=2, Body=b"x") == "ExpiredToken"
        assert code_of(s3.upload_part, **where, PartNumber=2, Body=b"x") == "NoSuchUpload"


def test_parts_keep_their_upload_alive(start):
    with start(config="[uploads]\nexpire_seconds = 4\nsweep_seconds = 1\n") as own:
        api = own.api()
        upload = api.create("film.mp4", type="multipart")
        temporary = client(own, access=upload["input"])
        where = begin(temporary, upload["input"]["bucket"], upload["input"]["key"])
        began = api.upload(upload["id"])["expiresAt"]
        number = 0

        def expiry_moved_past_the_first():
            nonlocal number
            number = number % 10_000 + 1
            send(temporary, where, number, noise(PART, "again"))
            now = api.upload(upload["id"])
            assert now["state"] == "uploading" and now["bytesReceived"] == number * PART
            assert now["input"]["sessionToken"] == upload["input"]["sessionToken"]
            return now["updatedAt"] > began

        wait_until(expiry_moved_past_the_first, "activity behind the first expiry", 60)
        parts = [{"PartNumber": n, "ETag": etag} for n, etag in listed(temporary, where).items()]
        temporary.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
        done = api.complete(upload)
        assert api.media(done["mediaId"])["size"] == number * PART


def test_v2_complete_before_s3_complete_says_what_is_missing(api):
    upload = api.create("film.mp4", type="multipart")
    refused = api.raw("POST", f"/v2/uploads/{upload['id']}/complete", json={})
    assert refused.status_code == 409 and upload["input"]["key"] in refused.json()["message"]


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\\b", "..", "film?x=1#y.mp4", "日本 +&.mp4", "x" * 1024])
def test_every_file_name_can_be_sent(server, api, name):
    upload = api.create(name, type="multipart")
    temporary = client(server, access=upload["input"])
    temporary.put_object(Bucket=upload["input"]["bucket"], Key=upload["input"]["key"], Body=b"content")
    done = api.complete(upload)
    assert api.original(done["mediaId"]).content == b"content"
    assert api.media(done["mediaId"])["fileName"] == name


def test_credentials_end_with_their_key(server, api):
    made = api.call("POST", "/v2/keys", 201, json={"name": "phone", "scopes": ["uploads"]})
    phone = httpx.Client(base_url=server.base, headers={"Authorization": f"Bearer {made['key']}"})
    upload = phone.post("/v2/uploads", json={"fileName": "a.mp4"}).json()["data"]
    where = {"Bucket": upload["input"]["bucket"], "Key": upload["input"]["key"]}
    temporary = client(server, access=upload["input"])
    temporary.put_object(**where, Body=b"content")
    api.call("DELETE", f"/v2/keys/{made['id']}")
    assert code_of(temporary.put_object, **where, Body=b"content") == "InvalidToken"
