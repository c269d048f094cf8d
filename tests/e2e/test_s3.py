"""The S3 door operation by operation, with boto3 against the real server. Every byte is compared; every error is the
code a client expects."""

import base64
import concurrent.futures
import datetime
import hashlib
import time
import zlib

import boto3
import botocore.config
import botocore.exceptions
import httpx
import pytest

from harness import MIB, curl, noise

REGION = "us-east-1"


def client(server, base=None, access=None, **config):
    key = access or {"accessKeyId": server.admin["accessKeyId"], "secretAccessKey": server.admin["secretAccessKey"]}
    return boto3.client(
        "s3", endpoint_url=base or server.base, region_name=REGION, verify=False,
        aws_access_key_id=key["accessKeyId"], aws_secret_access_key=key["secretAccessKey"],
        aws_session_token=key.get("sessionToken"),
        config=botocore.config.Config(**{"retries": {"max_attempts": 1}, "signature_version": "s3v4",
                                         "s3": {"addressing_style": "path"}} | config))


def code_of(call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        call(**arguments)
    error = refused.value.response["Error"]
    return error["Code"]


@pytest.fixture(scope="module")
def s3(server):
    return client(server)


@pytest.fixture
def bucket(s3, request):
    name = "b-" + hashlib.sha1(request.node.nodeid.encode()).hexdigest()[:20]
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(params=["http", "tls"])
def either(request, server):
    """A client over plain HTTP and over TLS."""
    return client(server, server.base if request.param == "http" else server.tls_base)


# --- boto3 ---

def test_put_get_head_list_delete(either, bucket):
    content = noise(3 * MIB + 5, bucket)
    put = either.put_object(Bucket=bucket, Key="a/ü +&.bin", Body=content, ContentType="video/mp4",
                            Metadata={"note": "two words"}, CacheControl="max-age=5")
    assert "-" in put["ETag"] and put["ChecksumCRC32"]
    got = either.get_object(Bucket=bucket, Key="a/ü +&.bin")
    assert got["Body"].read() == content and got["ContentType"] == "video/mp4" and got["CacheControl"] == "max-age=5"
    assert got["Metadata"] == {"note": "two words"} and got["ETag"] == put["ETag"]
    head = either.head_object(Bucket=bucket, Key="a/ü +&.bin", ChecksumMode="ENABLED")
    assert head["ContentLength"] == len(content) and head["ChecksumCRC32"] == put["ChecksumCRC32"]
    assert base64.b64decode(head["ChecksumCRC32"]) == zlib.crc32(content).to_bytes(4, "big")
    assert [o["Key"] for o in either.list_objects_v2(Bucket=bucket)["Contents"]] == ["a/ü +&.bin"]
    assert bucket in [b["Name"] for b in either.list_buckets()["Buckets"]]
    either.delete_object(Bucket=bucket, Key="a/ü +&.bin")
    assert code_of(either.get_object, Bucket=bucket, Key="a/ü +&.bin") == "NoSuchKey"
    either.delete_bucket(Bucket=bucket)
    assert code_of(either.list_objects_v2, Bucket=bucket) == "NoSuchBucket"


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_every_checksum_is_verified_and_given_back(server, s3, bucket, algorithm):
    content = noise(MIB, algorithm)
    if algorithm in ("CRC32C", "CRC64NVME"):
        pytest.importorskip("awscrt")
    put = s3.put_object(Bucket=bucket, Key="k", Body=content, ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert put["Checksum" + algorithm] == head["Checksum" + algorithm]
    assert head["ChecksumType"] == "FULL_OBJECT"


def test_a_wrong_checksum_stores_nothing(s3, bucket):
    wrong = base64.b64encode(b"\0\0\0\1").decode()
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"hello", ChecksumCRC32=wrong) == "BadDigest"
    md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"hello", ContentMD5=md5) == "BadDigest"
    assert code_of(s3.head_object, Bucket=bucket, Key="k") == "404"


def test_content_md5_makes_the_etag(s3, bucket):
    digest = hashlib.md5(b"hello")
    put = s3.put_object(Bucket=bucket, Key="k", Body=b"hello", ContentMD5=base64.b64encode(digest.digest()).decode())
    assert put["ETag"] == f'"{digest.hexdigest()}"'


@pytest.mark.parametrize("signing", ["signed", "unsigned"])
def test_streamed_bodies(server, bucket, signing, tmp_path):
    """A body without a hash known before: framed and signed over HTTP, framed with a trailer over TLS."""
    own = client(server, server.base if signing == "signed" else server.tls_base)
    path = tmp_path / "body"
    path.write_bytes(noise(9 * MIB + 1, signing))
    with path.open("rb") as body:
        own.put_object(Bucket=bucket, Key="k", Body=body, ChecksumAlgorithm="CRC32")
    assert own.get_object(Bucket=bucket, Key="k")["Body"].read() == path.read_bytes()


def test_ranges_and_conditions(s3, bucket):
    content = noise(MIB, "ranges")
    etag = s3.put_object(Bucket=bucket, Key="k", Body=content)["ETag"]

    def get(**arguments):
        return s3.get_object(Bucket=bucket, Key="k", **arguments)

    part = get(Range="bytes=100-199")
    assert part["Body"].read() == content[100:200] and part["ContentRange"] == f"bytes 100-199/{MIB}"
    assert get(Range="bytes=-10")["Body"].read() == content[-10:]
    assert code_of(get, Range=f"bytes={MIB}-") == "InvalidRange"
    assert get(IfMatch=etag)["Body"].read() == content
    assert code_of(get, IfMatch='"other"') == "PreconditionFailed"
    assert code_of(get, IfNoneMatch=etag) == "304"
    assert get(ResponseContentType="text/x-own")["ContentType"] == "text/x-own"


def test_conditional_writes(s3, bucket):
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"one", IfNoneMatch="*")
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"two", IfNoneMatch="*") == "PreconditionFailed"
    s3.put_object(Bucket=bucket, Key="k", Body=b"two", IfMatch=first["ETag"])
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"three", IfMatch=first["ETag"]) == "PreconditionFailed"
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"two"


def test_lists_page_and_group(s3, bucket):
    keys = sorted([f"a/{n:03}" for n in range(7)] + [f"b/c/{n}" for n in range(3)] + ["top", "\U0001f600"],
                  key=lambda key: key.encode())
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [o["Key"] for page in pages for o in page.get("Contents", [])] == keys
    pages = s3.get_paginator("list_objects").paginate(Bucket=bucket, PaginationConfig={"PageSize": 3})
    assert [o["Key"] for page in pages for o in page.get("Contents", [])] == keys
    grouped = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [p["Prefix"] for p in grouped["CommonPrefixes"]] == ["a/", "b/"]
    assert [o["Key"] for o in grouped["Contents"]] == ["top", "\U0001f600"]
    below = s3.list_objects_v2(Bucket=bucket, Prefix="b/", Delimiter="/")
    assert [p["Prefix"] for p in below["CommonPrefixes"]] == ["b/c/"] and below["KeyCount"] == 1
    versions = s3.list_object_versions(Bucket=bucket)["Versions"]
    assert [v["Key"] for v in versions] == keys and {v["VersionId"] for v in versions} == {"null"}
    assert s3.list_objects_v2(Bucket=bucket, StartAfter="b/c/0")["Contents"][0]["Key"] == "b/c/1"
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": k, "VersionId": "null"} for k in keys]})
    assert len(done["Deleted"]) == len(keys) and "Errors" not in done
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_keys_are_bytes_safe(s3, bucket):
    keys = ["a b", "a+b", "a%20b", "../up", "./x", "a//b", "tab\there", "'\"<&>", "ü/日本", "k" * 1024, " "]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for key in keys:
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    listed = [o["Key"] for o in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert listed == sorted(keys, key=lambda key: key.encode())
    done = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in keys]})
    assert len(done["Deleted"]) == len(keys)
    assert code_of(s3.put_object, Bucket=bucket, Key="k" * 1025, Body=b"") == "KeyTooLongError"


def test_multipart(either, bucket):
    content = noise(12 * MIB + 3, "multipart")
    pieces = [content[:5 * MIB], content[5 * MIB:10 * MIB], content[10 * MIB:]]
    made = either.create_multipart_upload(Bucket=bucket, Key="k", ContentType="video/mp4", Metadata={"a": "b"})
    where = {"Bucket": bucket, "Key": "k", "UploadId": made["UploadId"]}

    def send(number):
        return either.upload_part(**where, PartNumber=number, Body=pieces[number - 1])

    with concurrent.futures.ThreadPoolExecutor() as pool:
        sent = dict(zip((3, 1, 2), pool.map(send, (3, 1, 2)), strict=True))
    assert send(2)["ETag"] == sent[2]["ETag"]
    listed = either.list_parts(**where, MaxParts=2)
    assert [p["PartNumber"] for p in listed["Parts"]] == [1, 2] and listed["IsTruncated"]
    assert made["UploadId"] in [u["UploadId"] for u in either.list_multipart_uploads(Bucket=bucket)["Uploads"]]
    parts = [{"PartNumber": n, "ETag": sent[n]["ETag"], "ChecksumCRC32": sent[n]["ChecksumCRC32"]} for n in (1, 2, 3)]
    done = either.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    assert "-" in done["ETag"]
    got = either.get_object(Bucket=bucket, Key="k")
    assert got["Body"].read() == content and got["ContentType"] == "video/mp4" and got["Metadata"] == {"a": "b"}
    second = either.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert second["Body"].read() == pieces[1] and second["PartsCount"] == 3
    attributes = either.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectParts", "ObjectSize"])
    assert attributes["ObjectParts"]["TotalPartsCount"] == 3 and attributes["ObjectSize"] == len(content)
    assert "Uploads" not in either.list_multipart_uploads(Bucket=bucket)


def test_multipart_mistakes(s3, bucket):
    made = s3.create_multipart_upload(Bucket=bucket, Key="k")
    where = {"Bucket": bucket, "Key": "k", "UploadId": made["UploadId"]}
    small = [s3.upload_part(**where, PartNumber=n, Body=b"small") for n in (1, 2)]

    def complete(*named):
        parts = [{"PartNumber": n, "ETag": etag} for n, etag in named]
        return code_of(s3.complete_multipart_upload, **where, MultipartUpload={"Parts": parts})

    one, two = small[0]["ETag"], small[1]["ETag"]
    assert complete((1, one), (2, two)) == "EntityTooSmall"
    assert complete((2, two), (1, one)) == "InvalidPartOrder"
    assert complete((1, '"other"')) == "InvalidPart"
    assert complete((7, one)) == "InvalidPart"
    assert code_of(s3.upload_part, **where, PartNumber=10001, Body=b"x") == "InvalidArgument"
    assert code_of(s3.upload_part, **(where | {"UploadId": "none"}), PartNumber=1, Body=b"x") == "NoSuchUpload"
    s3.abort_multipart_upload(**where)
    assert code_of(s3.list_parts, **where) == "NoSuchUpload"


def test_copies(s3, bucket):
    content = noise(6 * MIB, "copies")
    s3.put_object(Bucket=bucket, Key="from ü", Body=content, ContentType="video/mp4", Tagging="a=b")
    s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "from ü"})
    got = s3.get_object(Bucket=bucket, Key="to")
    assert got["Body"].read() == content and got["ContentType"] == "video/mp4"
    assert s3.get_object_tagging(Bucket=bucket, Key="to")["TagSet"] == [{"Key": "a", "Value": "b"}]
    s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/to", MetadataDirective="REPLACE", Metadata={"x": "y"})
    assert s3.head_object(Bucket=bucket, Key="to")["Metadata"] == {"x": "y"}
    assert code_of(s3.copy_object, Bucket=bucket, Key="to", CopySource=f"{bucket}/to") == "InvalidRequest"
    made = s3.create_multipart_upload(Bucket=bucket, Key="parts")
    where = {"Bucket": bucket, "Key": "parts", "UploadId": made["UploadId"]}
    part = s3.upload_part_copy(**where, PartNumber=1, CopySource=f"{bucket}/to", CopySourceRange="bytes=5-5242884")
    for wrong in ("bytes=0-6291456", "bytes=6291456-6291457", "bytes=5-", "bytes=-5", "bytes=5-4", "0-4"):
        assert code_of(s3.upload_part_copy, **where, PartNumber=2, CopySource=f"{bucket}/to",
                       CopySourceRange=wrong) == "InvalidArgument", wrong
    named = {k: v for k, v in part["CopyPartResult"].items() if k == "ETag" or (k.startswith("Checksum") and k != "ChecksumType")}
    s3.complete_multipart_upload(**where, MultipartUpload={"Parts": [named | {"PartNumber": 1}]})
    assert s3.get_object(Bucket=bucket, Key="parts")["Body"].read() == content[5:5242885]


def test_the_operators_limit_holds(start):
    with start(config="[uploads]\nsize_bytes_max = 6000000\n") as own:
        s3 = client(own)
        s3.create_bucket(Bucket="small")
        assert code_of(s3.put_object, Bucket="small", Key="k", Body=bytes(6_000_001)) == "EntityTooLarge"
        s3.put_object(Bucket="small", Key="k", Body=bytes(6_000_000))
        where = {"Bucket": "small", "Key": "parts"}
        where["UploadId"] = s3.create_multipart_upload(**where)["UploadId"]
        parts = [{"PartNumber": n, "ETag": s3.upload_part(**where, PartNumber=n, Body=bytes(size))["ETag"]}
                 for n, size in ((1, 5 * MIB), (2, 800_000))]
        assert code_of(s3.complete_multipart_upload, **where, MultipartUpload={"Parts": parts}) == "EntityTooLarge"


def test_part_numbers_are_checked_when_read(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    for number, code in ((0, "InvalidArgument"), (10_001, "InvalidArgument"), (2, "InvalidPartNumber")):
        assert code_of(s3.get_object, Bucket=bucket, Key="k", PartNumber=number) == code


def test_tags(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="one=1&two=a%20b")
    assert s3.head_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPHeaders"]["x-amz-tagging-count"] == "2"
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "n", "Value": "v"}]})
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == [{"Key": "n", "Value": "v"}]
    s3.delete_object_tagging(Bucket=bucket, Key="k")
    assert s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"] == []


def test_what_is_not_offered_says_so(s3, bucket):
    assert code_of(s3.get_bucket_lifecycle_configuration, Bucket=bucket) == "NotImplemented"
    assert code_of(s3.put_bucket_policy, Bucket=bucket, Policy="{}") == "NotImplemented"
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"", ServerSideEncryption="aws:kms") == "NotImplemented"
    assert code_of(s3.put_object, Bucket=bucket, Key="k", Body=b"", ACL="public-read") == "NotImplemented"
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="private")["ETag"]
    assert s3.get_object_acl(Bucket=bucket, Key="k")["Grants"][0]["Permission"] == "FULL_CONTROL"
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None


def test_buckets(s3, bucket):
    assert code_of(s3.create_bucket, Bucket=bucket) == "BucketAlreadyOwnedByYou"
    s3.put_object(Bucket=bucket, Key="k", Body=b"")
    assert code_of(s3.delete_bucket, Bucket=bucket) == "BucketNotEmpty"
    assert code_of(s3.head_bucket, Bucket="no-such-bucket") == "404"
    assert s3.head_bucket(Bucket=bucket)


def test_virtual_host_style(server, bucket):
    host = server.base.replace("127.0.0.1", "localhost")
    url = client(server, host, s3={"addressing_style": "virtual"}).generate_presigned_url(
        "put_object", Params={"Bucket": bucket, "Key": "a/b"})
    assert f"//{bucket}.localhost" in url
    port = server.address[1]
    options = ["--resolve", f"{bucket}.localhost:{port}:127.0.0.1"]
    curl("--fail", *options, "-X", "PUT", "--data-binary", "hello", url)
    assert client(server).get_object(Bucket=bucket, Key="a/b")["Body"].read() == b"hello"


# --- signatures ---

def test_presigned_addresses(server, s3, bucket):
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    assert httpx.put(put, content=b"presigned").status_code == 200
    get = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=60)
    assert httpx.get(get).content == b"presigned"
    tampered = httpx.get(get.replace(f"/{bucket}/k?", f"/{bucket}/j?"))
    assert tampered.status_code == 403 and "SignatureDoesNotMatch" in tampered.text
    brief = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "k"}, ExpiresIn=1)
    time.sleep(2.1)
    expired = httpx.get(brief)
    assert expired.status_code == 403 and "AccessDenied" in expired.text and "expired" in expired.text


def test_an_old_signature_is_refused_in_words(server, bucket):
    old = client(server, signature_version="s3")
    assert code_of(old.list_buckets) == "InvalidRequest"


def test_wrong_keys(server):
    unknown = client(server, access={"accessKeyId": "AKNOBODY", "secretAccessKey": "x"})
    assert code_of(unknown.list_buckets) == "InvalidAccessKeyId"
    wrong = client(server, access={"accessKeyId": server.admin["accessKeyId"], "secretAccessKey": "x"})
    assert code_of(wrong.list_buckets) == "SignatureDoesNotMatch"


def test_a_skewed_clock(server, s3, monkeypatch):
    real = datetime.datetime

    class Late(real):
        @classmethod
        def now(cls, tz=None):
            return real.now(tz) - datetime.timedelta(hours=1)

        @classmethod
        def utcnow(cls):
            return real.now(datetime.UTC).replace(tzinfo=None) - datetime.timedelta(hours=1)

    import botocore.auth
    own = client(server)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *a, **k: Late.utcnow(), raising=False)
    monkeypatch.setattr(botocore.auth.datetime, "datetime", Late, raising=False)
    assert code_of(own.list_buckets) == "RequestTimeTooSkewed"


# --- uploads ---

def test_an_upload_by_its_temporary_credentials(server, api):
    content = noise(11 * MIB, "temporary")
    upload = api.create("clip ü.bin", type="multipart", fileSize=len(content))
    given = upload["input"]
    own = client(server, given["endpoint"], given)
    where = {"Bucket": given["bucket"], "Key": given["key"]}
    made = own.create_multipart_upload(**where)
    where["UploadId"] = made["UploadId"]
    parts = []
    for number, start in enumerate(range(0, len(content), 5 * MIB), 1):
        part = own.upload_part(**where, PartNumber=number, Body=content[start:start + 5 * MIB])
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]})
    assert len(own.list_parts(**where)["Parts"]) == 3
    for call, arguments in [(own.list_buckets, {}), (own.get_object, {"Bucket": given["bucket"], "Key": given["key"]}),
                            (own.put_object, {"Bucket": given["bucket"], "Key": "other/x", "Body": b""}),
                            (own.create_bucket, {"Bucket": "mine"})]:
        assert code_of(call, **arguments) == "AccessDenied"
    own.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    done = api.complete(upload)
    assert done["state"] == "completed" and api.original(done["mediaId"]).content == content
