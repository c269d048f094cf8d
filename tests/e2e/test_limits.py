"""Rate limits and quotas with real clients: the ones that wait do, the ones that must give up do, and a quota knows after
a kill -9 what is kept."""

import concurrent.futures

import botocore.exceptions
import httpx
import pytest

from forms import client as http_client
from harness import KIB, MIB, Server, check, noise
from test_s3 import client as s3_client, code_of

QUOTA = 8 * MIB


def kept_by_v2(server, size, seed="kept"):
    api = server.api()
    upload = api.create("a.bin")
    response = api.put(upload, noise(size, seed))
    return upload, response


def test_s3_clients_wait_and_go_on(start):
    """botocore takes SlowDown for what it is: all requests succeed, later."""
    with start(config="[limits]\nrequests_per_s = 2\nrequests_burst = 3\n") as server:
        s3 = s3_client(server, retries={"max_attempts": 10, "mode": "standard"})
        s3.create_bucket(Bucket="slow")
        for number in range(6):
            s3.put_object(Bucket="slow", Key=f"k{number}", Body=b"x")
        assert len(s3.list_objects_v2(Bucket="slow")["Contents"]) == 6
        impatient = s3_client(server)
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            for _ in range(100):
                impatient.list_buckets()
        assert refused.value.response["Error"]["Code"] == "SlowDown"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503


@pytest.mark.parametrize("options", [{}, {"http1": False, "http2": True}], ids=["h1", "h2"])
def test_limits_are_told(start, options):
    with start(config="[limits]\nrequests_per_s = 1\nrequests_burst = 3\n") as server:
        with http_client(server, **options) as http:
            told = [http.get("/v2/uploads") for _ in range(5)]
        assert [each.status_code for each in told].count(429) >= 1
        assert [each.headers["ratelimit-remaining"] for each in told[:3]] == ["2", "1", "0"]
        refused = next(each for each in told if each.status_code == 429)
        assert refused.headers["retry-after"] == "1" and refused.json()["status"] == "fail"
        assert httpx.get(f"{server.base}/healthz").status_code == 200


@pytest.mark.parametrize("options", [{}, {"http1": False, "http2": True}], ids=["h1", "h2"])
def test_a_limit_is_told_to_nobody_else(start, options):
    """Neither the next request on the connection nor one on another hears of somebody's limit."""
    with start(config="[limits]\nbad_keys_per_s = 1\nbad_keys_burst = 1\n") as server:
        def told(http, **fields):
            answer = http.get("/v2/uploads", **fields)
            return answer.status_code, "retry-after" in answer.headers
        with http_client(server, **options) as http, http_client(server, **options) as other:
            bad = [told(http, headers={"Authorization": "Bearer sk-wrong"}) for _ in range(3)]
            assert (429, True) in bad
            assert [told(http), told(other), told(other)] == [(200, False)] * 3


def test_a_quota_survives_kill_9(tmp_path):
    server = Server(tmp_path, config=f"[limits]\nquota_bytes = {QUOTA}\n[store]\nreclaim_delay_seconds = 0\n").start()
    try:
        upload, response = kept_by_v2(server, 5 * MIB)
        assert response.status_code == 200
        media = server.api().complete(upload)["mediaId"]
        s3 = s3_client(server)
        s3.create_bucket(Bucket="limits")
        s3.put_object(Bucket="limits", Key="k", Body=noise(2 * MIB, "object"))
        server.kill()
        server.start()
        s3, api = s3_client(server), server.api()
        assert code_of(s3.put_object, Bucket="limits", Key="l", Body=noise(2 * MIB, "more")) == "QuotaExceeded"
        s3.put_object(Bucket="limits", Key="l", Body=noise(1 * MIB - KIB, "fits"))
        refused = api.raw("POST", "/v2/uploads", json={"fileName": "a", "type": "put", "fileSize": 2 * MIB})
        assert refused.status_code == 402 and refused.headers["x-should-retry"] == "false"
        api.call("DELETE", f"/v2/media/{media}?hard=true")
        s3.put_object(Bucket="limits", Key="m", Body=noise(5 * MIB, "again"))
        assert s3.get_object(Bucket="limits", Key="k")["Body"].read() == noise(2 * MIB, "object")
    finally:
        server.stop()
    assert check(server.data).returncode == 0


def test_a_body_without_an_end_is_stopped(start):
    """In every door that takes bodies of unknown length; what is there already stays."""
    with start(config=f"[limits]\nquota_bytes = {QUOTA}\n") as server:
        _, response = kept_by_v2(server, MIB)
        assert response.status_code == 200

        def endless():
            for number in range(64):
                yield noise(MIB, number)

        with http_client(server) as http:
            api = server.api()
            refused = api.put(api.create("b.bin"), endless())
            assert refused.status_code == 402, refused.text
            made = http.post("/files", headers={"Tus-Resumable": "1.0.0", "Upload-Defer-Length": "1"})
            refused = http.patch(made.headers["location"], content=endless(), headers={
                "Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"})
            assert refused.status_code == 413, refused.text
            refused = http.post("/api/client/v1/uploads", data={"folder": "root"},
                                files={"video": ("a.mp4", noise(QUOTA, "form"))})
            assert refused.status_code == 402 and refused.json()["message"]
        assert server.metric("millrace_store_logical_bytes") <= QUOTA


def test_quota_is_for_all_parts_together(start):
    """Many parts at once never pass it, and an abort gives all of it back."""
    with start(config=f"[limits]\nquota_bytes = {QUOTA}\n") as server:
        s3 = s3_client(server, max_pool_connections=8)
        s3.create_bucket(Bucket="limits")
        where = {"Bucket": "limits", "Key": "k"}
        where["UploadId"] = s3.create_multipart_upload(**where)["UploadId"]

        def send(number):
            try:
                s3.upload_part(**where, PartNumber=number, Body=noise(MIB, number))
                return 1
            except s3.exceptions.ClientError as error:
                assert error.response["Error"]["Code"] == "QuotaExceeded"
                return 0

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            kept = sum(pool.map(send, range(1, 17)))
        assert kept == len(s3.list_parts(**where)["Parts"]) and 1 <= kept <= QUOTA // MIB
        s3.abort_multipart_upload(**where)
        s3.put_object(Bucket="limits", Key="l", Body=noise(QUOTA, "all"))
