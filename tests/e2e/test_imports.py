"""Imports from real servers on 127.0.0.1: what arrives, what is refused, and what survives cuts, restarts and crashes."""

import hashlib
import re
import stat
import subprocess

import boto3
import botocore.config
import pytest

from elsewhere import Elsewhere
from harness import MIB, Api, Server, check, noise, serving, wait_until

ENV = {"MILLRACE_OUTBOUND_ALLOW": "127.0.0.1/32,::1/128", "MILLRACE_IMPORTS_RETRY_MS": "50",
       "MILLRACE_IMPORTS_RETRY_MS_MAX": "200", "MILLRACE_IMPORTS_ATTEMPTS_MAX": "3",
       "MILLRACE_IMPORTS_IDLE_MS": "1000"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("imports"), env=ENV) as running:
        yield running


@pytest.fixture
def api(server):
    return server.api()


@pytest.fixture
def elsewhere():
    with Elsewhere() as running:
        yield running


def imported(api, *urls, **fields):
    files = [{"url": url, "name": f"file {n}"} | fields for n, url in enumerate(urls)]
    return api.call("POST", "/v2/uploads/imports", 201, json={"files": files})


def look(api, one):
    return api.call("GET", f"/v2/uploads/imports/{one['id']}")


def ended(api, one, seconds=30):
    def end():
        now = look(api, one)
        return now if now["status"] not in ("Pending", "Running") else None
    return wait_until(end, f"import {one['id']} to end", seconds)


def succeeded(api, one, seconds=30):
    now = ended(api, one, seconds)
    assert now["status"] == "Success", now
    return now


def bytes_of(api, file):
    response = api.original(file["mediaId"])
    assert response.status_code == 200
    return response.content


def failure(api, one):
    now = ended(api, one)
    assert now["status"] == "Failed", now
    return now["files"][0]["errorMessages"][-1]


def test_files_arrive_and_become_media(api, elsewhere):
    small, large = noise(100_000, 1), noise(5 * MIB, 2)
    one = imported(api, elsewhere.put("/a/My%20clip.mp4", small, headers={"Content-Type": "video/mp4; charset=x"}),
                   elsewhere.put("/get?sig=%2Fa%20b&x=1", large,
                                 headers={"Content-Disposition": "attachment; filename=\"../up.bin\"; "
                                          "filename*=UTF-8''na%C3%AFve.bin"}),
                   elsewhere.put("/none", b""), transcriptionLanguageCode="de")
    assert one["status"] == "Pending" and one["files"][0]["uploadId"]
    now = succeeded(api, one)
    first, second, third = now["files"]
    assert [first["filename"], second["filename"], third["filename"]] == ["My clip.mp4", "naïve.bin", "none"]
    assert bytes_of(api, first) == small and bytes_of(api, second) == large and bytes_of(api, third) == b""
    assert (first["bytesReceived"], first["size"], first["errorMessages"]) == (100_000, 100_000, [])
    media = api.media(first["mediaId"])
    assert media["title"] == "file 0" and media["contentType"] == "video/mp4"
    assert media["transcriptLanguageCodes"] == ["de"]
    assert elsewhere.asked("/get?sig=%2Fa%20b&x=1"), "the query was changed"
    page = api.call("GET", "/v2/uploads/imports?filter=status=Success&perPage=50")
    assert one["id"] in [item["id"] for item in page["items"]]
    upload = api.upload(first["uploadId"])
    assert upload["state"] == "completed" and upload["mediaId"] == first["mediaId"]


def test_ipv6(api):
    with Elsewhere("::1") as six:
        now = succeeded(api, imported(api, six.put("/six", b"six")))
        assert bytes_of(api, now["files"][0]) == b"six"


def test_wrong_requests_name_the_field(api):
    for url in ("file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "http://", "x"):
        refused = api.raw("POST", "/v2/uploads/imports", json={"files": [{"url": "http://a/"}, {"url": url}]})
        assert refused.status_code == 400 and list(refused.json()["data"]) == ["files[1].url"], refused.text
    for body, field in (({}, "files"), ({"files": []}, "files"), ({"files": [{"name": "x"}]}, "files[0].url"),
                        ({"files": [{"url": "http://a/"}] * 101}, "files"), ({"files": "x"}, "files"),
                        ({"files": [{"url": "http://a/"}], "channel": "none"}, "channel")):
        refused = api.raw("POST", "/v2/uploads/imports", json=body)
        assert refused.status_code == 400 and list(refused.json()["data"]) == [field], refused.text


def test_addresses_of_our_inside_are_refused(api, elsewhere):
    port = elsewhere.port
    elsewhere.put("/metadata", b"", status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"})
    elsewhere.put("/loopback", b"", status=302, headers={"Location": f"http://127.0.0.2:{port}/secret"})
    elsewhere.put("/file", b"", status=302, headers={"Location": "file:///etc/passwd"})
    for url in (f"http://127.0.0.2:{port}/secret", "http://169.254.169.254/", "http://10.0.0.1/", "http://[::ffff:10.0.0.1]/",
                "http://0.0.0.0/", "http://2130706434/", elsewhere.base + "/metadata", elsewhere.base + "/loopback"):
        assert failure(api, imported(api, url)) == "the address is private or reserved, which this server does not call", url
    assert "rotocol" in failure(api, imported(api, elsewhere.base + "/file"))
    assert not elsewhere.asked("/secret")


def test_a_name_for_a_private_address_is_refused(start, elsewhere):
    with start(env=ENV | {"MILLRACE_OUTBOUND_ALLOW": ""}) as own:
        one = imported(own.api(), f"http://localhost:{elsewhere.port}/x")
        assert "private" in failure(own.api(), one)
    assert not elsewhere.requests


def test_redirects_are_followed_so_far(api, elsewhere):
    content = noise(1000, 3)
    elsewhere.put("/end", content)
    for n in range(6):
        target = "/end" if n == 0 else f"/hop{n - 1}"
        elsewhere.put(f"/hop{n}", b"", status=302, headers={"Location": target})
    now = succeeded(api, imported(api, elsewhere.base + "/hop4"))
    assert bytes_of(api, now["files"][0]) == content
    assert "redirects" in failure(api, imported(api, elsewhere.base + "/hop5"))


def test_words_of_failures(api, elsewhere):
    elsewhere.put("/busy", b"", status=503, headers={"Retry-After": "1"})
    elsewhere.put("/broken", b"", status=500)
    assert failure(api, imported(api, elsewhere.base + "/missing")) == "the server answered 404 Not Found"
    assert len(elsewhere.asked("/missing")) == 1
    assert failure(api, imported(api, elsewhere.base + "/broken")) == "the server answered 500 Internal Server Error"
    assert len(elsewhere.asked("/broken")) == 3
    assert failure(api, imported(api, elsewhere.base + "/busy")) == "the server answered 503 Service Unavailable"
    assert "onnect" in failure(api, imported(api, "http://127.0.0.1:1/"))


def test_waits_for_as_long_as_the_server_says(start, elsewhere):
    """Never earlier; how much later is nobody's business."""
    elsewhere.put("/later", b"", status=503, headers={"Retry-After": "2"})
    with start(env=ENV | {"MILLRACE_IMPORTS_RETRY_MS_MAX": "10000", "MILLRACE_IMPORTS_ATTEMPTS_MAX": "2"}) as own:
        failure(own.api(), imported(own.api(), elsewhere.base + "/later"))
    first, second = elsewhere.asked_at("/later")
    assert second - first >= 2


def test_goes_on_after_cuts(api, elsewhere):
    content = noise(6 * MIB, 4)
    url = elsewhere.put("/cut", content, cuts=[1 * MIB, 2 * MIB, 1 * MIB, 1 * MIB, 100_000])
    now = succeeded(api, imported(api, url))
    assert hashlib.sha256(bytes_of(api, now["files"][0])).digest() == hashlib.sha256(content).digest()
    asked = elsewhere.asked("/cut")
    assert len(asked) == 6 and "Range" not in asked[0]
    starts = [int(each["Range"].removeprefix("bytes=").removesuffix("-")) for each in asked[1:]]
    assert starts == sorted(starts) and starts[0] > 0 and starts[-1] > 4 * MIB
    assert {each["If-Range"] for each in asked[1:]} == {'"v1"'}


def test_begins_anew_when_the_file_is_another(api, elsewhere):
    old, new = noise(3 * MIB, 5), noise(3 * MIB + 77, 6)
    url = elsewhere.put("/changed", old, cuts=[MIB])
    elsewhere.files["/changed"].hold_after = MIB // 2
    one = imported(api, url)
    file = elsewhere.files["/changed"]
    assert file.reached.wait(10)
    other = elsewhere.put("/changed", new, etag='"v2"', cuts=[2 * MIB])
    assert other == url
    file.release.set()
    now = succeeded(api, one)
    assert bytes_of(api, now["files"][0]) == new
    asked = elsewhere.asked("/changed")
    assert asked[1]["If-Range"] == '"v1"' and asked[2]["If-Range"] == '"v2"' and len(asked) == 3


def test_a_server_without_ranges_is_asked_for_all(api, elsewhere):
    content = noise(2 * MIB, 7)
    url = elsewhere.put("/plain", content, etag=None, ranges=False, cuts=[MIB, MIB])
    now = succeeded(api, imported(api, url))
    assert bytes_of(api, now["files"][0]) == content
    assert all("Range" not in each for each in elsewhere.asked("/plain"))


def test_a_silent_server_is_left(api, elsewhere):
    url = elsewhere.put("/silent", noise(MIB, 8))
    elsewhere.files["/silent"].hold_after = 0
    assert "slow" in failure(api, imported(api, url))
    assert len(elsewhere.asked("/silent")) >= 3


def test_cancel_stops_at_once_and_frees(start, elsewhere, tmp_path):
    with start(env=ENV | {"MILLRACE_IMPORTS_IDLE_MS": "60000"}) as own:
        api = own.api()
        urls = []
        for n in range(6):  # more than run at once
            urls.append(elsewhere.put(f"/held{n}", noise(MIB, 10 + n)))
            elsewhere.files[f"/held{n}"].hold_after = MIB // 2
        one = imported(api, *urls)
        held = [elsewhere.files[f"/held{n}"] for n in range(6)]
        wait_until(lambda: sum(file.reached.is_set() for file in held) == 4, "four at once")
        running = wait_until(lambda: (now := look(api, one)) and sum(file["bytesReceived"] > 0 for file in now["files"]) == 4
                             and now, "progress")
        assert running["status"] == "Running"
        now = api.call("POST", f"/v2/uploads/imports/{one['id']}/cancel")
        assert {file["status"] for file in now["files"]} == {"Cancelled"} and now["status"] == "Cancelled"
        assert all(file.gone.wait(5) for file in held if file.reached.is_set())
        assert all(api.upload(file["uploadId"])["state"] == "cancelled" for file in now["files"])
        assert api.call("POST", f"/v2/uploads/imports/{one['id']}/cancel")["status"] == "Cancelled"
        assert look(api, one)["status"] == "Cancelled"
        assert api.raw("POST", f"/v2/uploads/imports/{one['id']}/retry").status_code == 409
        api.call("DELETE", f"/v2/uploads/imports/{one['id']}")
        assert api.raw("GET", f"/v2/uploads/imports/{one['id']}").status_code == 404
        data = own.data
    result = check(data)
    assert result.returncode == 0, result.stdout + result.stderr


def test_delete_cancels_what_runs(api, elsewhere):
    url = elsewhere.put("/deleted", noise(MIB, 20))
    elsewhere.files["/deleted"].hold_after = 1000
    one = imported(api, url)
    assert elsewhere.files["/deleted"].reached.wait(10)
    assert api.call("DELETE", f"/v2/uploads/imports/{one['id']}")["status"] == "Cancelled"
    assert elsewhere.files["/deleted"].gone.wait(5)
    assert look(api, one)["status"] == "Cancelled"


def test_retry_fetches_what_failed_from_where_it_was(api, elsewhere):
    content = noise(2 * MIB, 21)
    url = elsewhere.put("/flaky", content, cuts=[MIB, 0, 0, 0])
    good = elsewhere.put("/good", noise(1000, 22))
    one = imported(api, url, good)
    now = ended(api, one)
    assert [file["status"] for file in now["files"]] == ["Failed", "Success"] and now["status"] == "Failed"
    elsewhere.files["/flaky"].cuts = []
    api.call("POST", f"/v2/uploads/imports/{one['id']}/retry")
    now = succeeded(api, one)
    assert bytes_of(api, now["files"][0]) == content
    assert "Range" in elsewhere.asked("/flaky")[-1] and len(elsewhere.asked("/good")) == 1


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_goes_on_after_a_restart_of_ours(tmp_path, elsewhere, ending):
    content = noise(150 * MIB, 23)
    url = elsewhere.put("/long", content)
    file = elsewhere.files["/long"]
    file.hold_after = 140 * MIB
    env = ENV | {"MILLRACE_IMPORTS_IDLE_MS": "60000"}
    own = Server(tmp_path / "own", env=env).start()
    try:
        one = imported(own.api(), url)
        wait_until(lambda: look(own.api(), one)["files"][0]["bytesReceived"] > 130 * MIB, "most of it", 60)
        own.kill() if ending == "kill" else own.stop()
        file.hold_after = None
        own.start()
        now = succeeded(own.api(), one, 60)
        assert hashlib.sha256(bytes_of(own.api(), now["files"][0])).digest() == hashlib.sha256(content).digest()
        # A stop loses nothing, a crash what is behind the last checkpoint.
        start_again = int(elsewhere.asked("/long")[1]["Range"].removeprefix("bytes=").removesuffix("-"))
        assert start_again >= (64 if ending == "kill" else 130) * MIB
        assert own.stop() == 0
        result = check(own.data)
        assert result.returncode == 0, result.stdout + result.stderr
    finally:
        if own.process.poll() is None:
            own.kill()


def test_limits_of_size_and_quota(start, elsewhere):
    told = elsewhere.put("/told", noise(200_000, 24))
    untold = elsewhere.put("/untold", noise(200_000, 25), length=False)
    with start(env=ENV | {"MILLRACE_IMPORTS_SIZE_BYTES_MAX": "100000"}) as own:
        assert failure(own.api(), imported(own.api(), told)) == "the file has more than 100000 bytes"
        assert failure(own.api(), imported(own.api(), untold)) == "the file has more than 100000 bytes"
    with start("poor", env=ENV | {"MILLRACE_LIMITS_QUOTA_BYTES": "100000"}) as own:
        words = failure(own.api(), imported(own.api(), told))
        assert words == "all that is kept may have 100000 bytes together"


def test_the_same_file_twice(start, elsewhere):
    url = elsewhere.put("/twice", noise(MIB, 26))
    with start(env=ENV | {"MILLRACE_MEDIA_DUPLICATE_CHECK": "true"}) as own:
        first = succeeded(own.api(), imported(own.api(), url))["files"][0]["mediaId"]
        assert failure(own.api(), imported(own.api(), url)) == f"media {first} has the same bytes already"


def test_other_tenants_and_keys(server, api, elsewhere):
    one = succeeded(api, imported(api, elsewhere.put("/mine", b"mine")))

    def key(**fields):
        return Api(server.base, api.call("POST", "/v2/keys", 201, json=fields)["key"])
    other = key(tenant="other", scopes=["imports"])
    for method, more in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("POST", "/retry")):
        assert other.raw(method, f"/v2/uploads/imports/{one['id']}{more}").status_code == 404
    assert other.call("GET", "/v2/uploads/imports")["total"] == 0
    assert key(scopes=["uploads"]).raw("GET", "/v2/uploads/imports").status_code == 403


def test_idempotency_key(api, elsewhere):
    body = {"files": [{"url": elsewhere.put("/once", b"once"), "name": "once"}]}
    headers = {"Idempotency-Key": "import-once"}
    first = api.raw("POST", "/v2/uploads/imports", json=body, headers=headers)
    again = api.raw("POST", "/v2/uploads/imports", json=body, headers=headers)
    assert first.status_code == again.status_code == 201 and first.json()["data"]["id"] == again.json()["data"]["id"]
    succeeded(api, first.json()["data"])
    assert len(elsewhere.asked("/once")) == 1


def test_user_and_password_stay_out_of_sight(server, api, elsewhere):
    url = elsewhere.put("/private", b"private").replace("http://", "http://user:hush-hush@")
    now = succeeded(api, imported(api, url))
    assert now["files"][0]["url"] == url.replace("user:hush-hush", "***")
    assert elsewhere.asked("/private")[0]["Authorization"].startswith("Basic ")
    assert "hush-hush" not in server.log()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ca")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key",
            "-out", "ca.pem", "-subj", "/CN=Test authority", "-days", "2")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "leaf.key", "-out",
            "leaf.csr", "-subj", "/CN=127.0.0.1")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1")
    openssl("x509", "-req", "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out",
            "leaf.pem", "-extfile", "names", "-days", "2")
    return folder


def test_http2_and_certificates(start, authority, api):
    """Millrace is the other server too: HTTP/2 over TLS, at a presigned address of its S3 door."""
    content = noise(20 * MIB, 30)
    config = f'[tls]\ncertificate = "{authority}/leaf.pem"\nkey = "{authority}/leaf.key"\n'
    with start("source", config=config) as source:
        s3 = boto3.client("s3", endpoint_url=source.tls_base, region_name="us-east-1", verify=str(authority / "ca.pem"),
                          aws_access_key_id=source.admin["accessKeyId"],
                          aws_secret_access_key=source.admin["secretAccessKey"],
                          config=botocore.config.Config(s3={"addressing_style": "path"}, signature_version="s3v4"))
        s3.create_bucket(Bucket="shelf")
        s3.put_object(Bucket="shelf", Key="a b+c/ü.bin", Body=content)
        url = s3.generate_presigned_url("get_object", Params={"Bucket": "shelf", "Key": "a b+c/ü.bin"})
        assert "certificate" in failure(api, imported(api, url))
        with start("target", env=ENV | {"MILLRACE_OUTBOUND_CA_FILE": str(authority / "ca.pem")}) as target:
            now = succeeded(target.api(), imported(target.api(), url))
            assert bytes_of(target.api(), now["files"][0]) == content
            assert now["files"][0]["filename"] == "ü.bin"
        fetched = wait_until(lambda: re.findall(r" method=GET .*target=/shelf\b.* protocol=(\S+)", source.log()), "the log")
        assert fetched == ["h2"]


def test_memory_stays_in_the_budget(start, elsewhere):
    urls = [elsewhere.put(f"/big{n}", noise(100 * MIB, 40 + n)) for n in range(4)]
    with start(env=ENV | {"MILLRACE_MEMORY_BUDGET_BYTES": str(64 * MIB)}) as own:
        one = imported(own.api(), *urls)
        succeeded(own.api(), one, 60)
        peak = int(next(line for line in open(f"/proc/{own.process.pid}/status") if line.startswith("VmHWM")).split()[1])
        assert peak < 256 * 1024, f"{peak} KiB"


def test_a_resolver_finds_the_media_of_a_page(start, elsewhere, tmp_path):
    content = noise(3000, 50)
    media_url = elsewhere.put("/the-media", content)
    page = elsewhere.put("/watch?v=1", b"<html>", headers={"Content-Type": "text/html; charset=utf-8"})
    resolver = tmp_path / "resolver"
    resolver.write_text(f'#!/bin/sh\n[ -z "$MILLRACE_SECRET" ] || exit 1\n[ "$1" = "{page}" ] && echo "{media_url}"\n')
    resolver.chmod(resolver.stat().st_mode | stat.S_IXUSR)
    with start(env=ENV | {"MILLRACE_IMPORTS_RESOLVER": str(resolver), "MILLRACE_SECRET": "x"}) as own:
        now = succeeded(own.api(), imported(own.api(), page))
        assert bytes_of(own.api(), now["files"][0]) == content
        inside = elsewhere.put("/inside", b"<html>", headers={"Content-Type": "text/html"})
        assert failure(own.api(), imported(own.api(), inside)) == "the resolver found no media at this page"


def video(api, video_id):
    return api.raw("GET", f"/v1/videos/{video_id}")


def test_v1_videos_from_urls(api, elsewhere):
    content = noise(MIB, 60)
    url = elsewhere.put("/v1.mp4", content, headers={"Content-Type": "video/mp4"})
    file = elsewhere.files["/v1.mp4"]
    file.hold_after = 1000
    made = api.raw("POST", "/v1/videos", json={"input": [{"url": url}], "title": "From a URL", "passthrough": "mine",
                                                 "playback_policy": "signed", "description": "d"})
    assert made.status_code == 201, made.text
    first = made.json()
    assert first["status"] == "preparing" and first["ingest"] == {"kind": "url"} and first["title"] == "From a URL"
    assert first["policy"] == "signed" and first["passthrough"] == "mine" and first["errors"] == []
    assert file.reached.wait(10)
    preparing = video(api, first["id"]).json()
    assert preparing["status"] == "preparing" and set(preparing) == set(first)
    assert first["id"] in [each["id"] for each in api.raw("GET", "/v1/videos?status=preparing").json()["data"]]
    file.release.set()
    wait_until(lambda: video(api, first["id"]).json()["file_size_bytes"] == MIB
               and video(api, first["id"]).json()["status"] == "errored", "the noise to be no video")
    listed = [each["id"] for each in api.raw("GET", "/v1/videos?limit=100").json()["data"]]
    assert listed.count(first["id"]) == 1


def test_v1_videos_that_cannot_be_had(api, elsewhere):
    made = api.raw("POST", "/v1/videos", json={"input": [{"url": elsewhere.base + "/nothing"}]}).json()
    errored = wait_until(lambda: (now := video(api, made["id"]).json()) and now["status"] == "errored" and now, "the end")
    assert errored["errors"][0]["messages"] == ["the server answered 404 Not Found"]
    assert api.raw("DELETE", f"/v1/videos/{made['id']}").status_code == 204
    assert video(api, made["id"]).status_code == 404
    refused = api.raw("POST", "/v1/videos", json={"input": [{"url": "ftp://x/"}]})
    assert refused.status_code == 400 and refused.json()["error"]["param"] == "input[0].url"
    assert api.raw("POST", "/v1/videos", json={"input": []}).json()["error"]["param"] == "input"
