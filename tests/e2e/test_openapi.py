"""The API document is valid, true of what each door answers, and true of what it answers to a fuzzer."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import boto3
import httpx
import pytest
import schemathesis
from botocore.config import Config
from botocore.exceptions import ClientError
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from forms import client, poll
from harness import MIB, clips, noise, serving

CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
          "response_headers_conformance,unsupported_method,allow_header_conformance,ignored_auth")
SECONDS_MAX = 300
# Python's HTTP client takes a 104 for the final response; a sender of another version of the draft gets none.
NO_104 = {"Upload-Draft-Interop-Version": "1"}


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """What a fuzzer leaves behind is nobody else's."""
    with serving(tmp_path_factory.mktemp("openapi")) as running:
        yield running


@pytest.fixture(scope="module")
def document(own):
    return httpx.get(f"{own.base}/openapi.json").json()


def close(schema):
    """Objects may have the members they are documented with, no others."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            schema.setdefault("additionalProperties", False)
        for member in schema.values():
            close(member)
    elif isinstance(schema, list):
        for item in schema:
            close(item)


@pytest.fixture(scope="module")
def strict(document):
    """The document, without the freedom to add members to answers."""
    copy = json.loads(json.dumps(document))
    close(copy["components"]["responses"])
    close({name: schema for name, schema in copy["components"]["schemas"].items() if name != "V2NewUpload"})
    for path, item in copy["paths"].items():
        for operation in item.values():
            if isinstance(operation, dict) and path != "/openapi.json":
                close(operation["responses"])
    return copy


def test_is_valid_openapi_3_1(document):
    validate(document, cls=OpenAPIV31SpecValidator)


def objects_in(value):
    if isinstance(value, dict):
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects_in(member)


def test_what_is_required_is_described(document):
    wrong = [(name, schema) for schema in objects_in(document) if isinstance(schema.get("required"), list)
             for name in schema["required"] if "properties" in schema and name not in schema["properties"]]
    assert not wrong


def test_what_is_described_is_used(document):
    used = {each["$ref"] for each in objects_in(document) if "$ref" in each}
    described = {f"#/components/{kind}/{name}" for kind, things in document["components"].items() for name in things
                 if kind != "securitySchemes"}
    assert described == used


class Told:
    """A client that holds every answer against the document."""

    def __init__(self, http, strict):
        self.http = http
        self.document = strict
        self.schema = schemathesis.openapi.from_dict(strict)

    def __call__(self, method, template, expect, id="", **options):
        answer = self.http.request(method, re.sub(r"{(id|fileId)}", id, template), **options)
        place = f"{method} {template}: {answer.status_code} {answer.text[:600]}"
        assert answer.status_code == expect, place
        assert str(expect) in self.document["paths"][template][method.lower()]["responses"], place
        answer.request.read()
        self.schema[template][method].validate_response(answer)
        return answer

    def data(self, *arguments, **options):
        return self(*arguments, **options).json()["data"]


@pytest.fixture(scope="module")
def told(own, strict):
    with client(own) as http:
        yield Told(http, strict)


def test_life_through_v2_is_as_documented(told, tmp_path):
    clip = clips(tmp_path)[0]
    upload = told.data("POST", "/v2/uploads", 201, json={"fileName": clip.name, "type": "put", "metadata": {"a": "b"}})
    told("POST", "/v2/uploads/{id}/complete", 409, upload["id"])
    assert httpx.put(upload["input"]["url"], content=clip.read_bytes()).status_code == 200
    media = told.data("POST", "/v2/uploads/{id}/complete", 200, upload["id"], json={"title": "A clip"})["mediaId"]
    poll(lambda: told.data("GET", "/v2/media/{id}", 200, media), lambda seen: seen["status"] != "preparing")
    assert told.data("GET", "/v2/media/{id}/metadata", 200, media)["tracks"]
    told("PUT", "/v2/media/{id}/metadata", 200, media, json={"transcriptLanguageCodes": ["de"]})
    told("PATCH", "/v2/media/{id}", 200, media, json={"title": "Another", "metadata": {"c": "d"}})
    told("PATCH", "/v2/media/{id}", 400, media, json={"title": 1})
    etag = told("GET", "/v2/media/{id}/original", 200, media).headers["etag"]
    for status, headers in ((206, {"Range": "bytes=1-9"}), (304, {"If-None-Match": etag}), (412, {"If-Match": '"x"'}),
                            (416, {"Range": "bytes=999999999-"})):
        told("GET", "/v2/media/{id}/original", status, media, headers=headers)
    told("GET", "/v2/media", 200)
    told("DELETE", "/v2/media/{id}", 200, media)
    told("POST", "/v2/media/{id}/recover", 200, media)
    told("POST", "/v2/media/{id}/recover", 409, media)
    told("DELETE", "/v2/media/{id}", 200, media, params={"hard": "true"})
    told("GET", "/v2/media/{id}", 404, media)
    for kind in ("multipart", "tus"):
        other = told.data("POST", "/v2/uploads", 201, json={"fileName": "other", "type": kind, "fileSize": 9})
        told("GET", "/v2/uploads/{id}", 200, other["id"])
        told("DELETE", "/v2/uploads/{id}", 409, other["id"])
        told("POST", "/v2/uploads/{id}/cancel", 200, other["id"])
    told("GET", "/v2/uploads", 200, params={"perPage": 2, "sort": "createdAt:desc"})
    told("DELETE", "/v2/uploads/{id}", 200, upload["id"])


def test_life_of_a_download_is_as_documented(told):
    upload = told.data("POST", "/v2/uploads", 201, json={"fileName": "a.bin", "type": "put"})
    assert httpx.put(upload["input"]["url"], content=b"bytes").status_code == 200
    media = told.data("POST", "/v2/uploads/{id}/complete", 200, upload["id"])["mediaId"]
    wanted = {"title": "A download", "selectedMediaIds": [media], "compressed": True}
    download = told.data("POST", "/v2/downloads", 201, json=wanted)
    told("POST", "/v2/downloads", 400, json=wanted | {"expires": "soon"})
    told("POST", "/v2/downloads", 401, json=wanted, headers={"Authorization": "Bearer sk-wrong"})
    told("POST", "/v2/downloads", 404, json=wanted | {"selectedMediaIds": ["absent"]})
    told("GET", "/v2/downloads", 200)
    told("GET", "/v2/downloads/{id}", 200, download["id"])
    file = download["files"][0]["url"].rsplit("/", 1)[1]
    etag = told("GET", "/v2/downloads/file/{fileId}", 200, file).headers["etag"]
    for status, headers in ((206, {"Range": "bytes=0-9"}), (304, {"If-None-Match": etag}), (412, {"If-Match": '"x"'}),
                            (416, {"Range": "bytes=9999-"})):
        told("GET", "/v2/downloads/file/{fileId}", status, file, headers=headers)
    told("DELETE", "/v2/downloads/{id}", 200, download["id"])
    told("GET", "/v2/downloads/file/{fileId}", 404, file)
    told("GET", "/v2/downloads/{id}", 404, download["id"])


def test_channels_keys_and_operations_are_as_documented(told):
    told("POST", "/v2/channels", 201, json={"title": "Lectures"})
    assert told.data("GET", "/v2/channels", 200)["total"] >= 2
    key = told.data("POST", "/v2/keys", 201, json={"name": "reader", "scopes": ["downloads"]})
    told("GET", "/v2/keys", 200)
    form = {"grant_type": "client_credentials", "client_id": key["accessKeyId"], "client_secret": key["secretAccessKey"]}
    token = told("POST", "/oauth/token", 200, data=form).json()["access_token"]
    told("POST", "/v2/uploads", 403, headers={"Authorization": f"Bearer {token}"}, json={"fileName": "a"})
    told("POST", "/oauth/token", 401, data=form | {"client_secret": "wrong"})
    told("DELETE", "/v2/keys/{id}", 200, key["id"])
    told("GET", "/v2/uploads", 401, headers={"Authorization": "Bearer sk-wrong"})
    for path in ("/", "/healthz", "/readyz", "/metrics", "/openapi.json"):
        told("GET", path, 200)


def test_life_through_client_v1_is_as_documented(told):
    file = {"video": ("walk.mp4", noise(100_000, 71), "video/mp4")}
    upload = told.data("POST", "/api/client/v1/uploads", 202, files=file, data={"folder": "root/walks"})
    told("POST", "/api/client/v1/uploads", 422, files=file, data={"folder": "elsewhere"})
    assert told.data("GET", "/api/client/v1/uploads", 200)
    told("GET", "/api/client/v1/uploads/{id}", 200, upload["id"])
    told("GET", "/api/client/v1/videos", 422, params={"page": 0})
    row = told.data("GET", "/api/client/v1/videos", 200, params={"path": "root/walks"})[0]
    told("GET", "/api/client/v1/videos/{id}", 200, row["id"])
    assert told.data("GET", "/api/client/v1/collections", 200)
    told("GET", "/api/client/v1/collections", 404, params={"path": "root/nowhere"})


def test_life_through_v1_is_as_documented(told):
    content = noise(50_000, 72)
    size = {"mime_type": "video/mp4", "file_size_bytes": len(content)}
    upload = told("POST", "/v1/uploads", 201, json={"filename": "a.mp4"} | size).json()
    told("POST", "/v1/uploads", 201, json={"filename": "b.mp4", "multipart": True} | size)
    told("POST", "/v1/uploads", 400, json={"filename": "c.mp4"})
    told("POST", "/v1/uploads/{id}/finalize", 400, upload["id"], json=size)
    assert httpx.put(upload["upload_url"], content=content).status_code == 200
    video = told("POST", "/v1/uploads/{id}/finalize", 200, upload["id"], json=size).json()["id"]
    told("GET", "/v1/videos/{id}", 200, video)
    told("PATCH", "/v1/videos/{id}", 200, video, json={"title": "A", "description": None, "tags": ["x"]})
    assert told.data("GET", "/v1/videos", 200, params={"limit": 1})
    told("DELETE", "/v1/videos/{id}", 204, video)
    told("GET", "/v1/videos/{id}", 404, video)


def test_life_through_assets_is_as_documented(told):
    content = noise(40_000, 73)
    start = {"label": "Video", "upload_phase": "start", "file_size": str(len(content))}
    started = told("POST", "/assets", 201, json=start).json()["id"]
    told("GET", "/assets/{id}", 200, started)
    chunk = {"files": {"file_chunk": ("a", content)}, "data": {"upload_phase": "transfer", "original_name": "a.mp4"}}
    wrong = chunk | {"data": chunk["data"] | {"start_offset": "5"}}
    assert told("POST", "/assets/{id}/multipart", 409, started, **wrong).json()["start_offset"] == 0
    told("POST", "/assets/{id}/multipart", 400, started, json={"upload_phase": "finish"})
    told("POST", "/assets/{id}/multipart", 200, started, **chunk)
    told("POST", "/assets/{id}/multipart", 200, started, json={"upload_phase": "finish"})
    image = told("POST", "/assets", 201, files={"source": ("a.png", noise(2_000, 74), "image/png")}).json()["id"]
    told("GET", "/assets", 200, params={"sort": "-created_on"})
    told("PUT", "/assets/{id}", 200, image, json={"label": "A", "tags": ["x"]})
    told("DELETE", "/assets/{id}", 204, image)
    told("DELETE", "/assets/{id}", 404, image)


def test_life_through_files_is_as_documented(told):
    content = noise(30_000, 75)
    tus = {"Tus-Resumable": "1.0.0"}
    told("OPTIONS", "/files", 204)
    told("POST", "/files", 412, headers={"Upload-Length": "5"})
    made = told("POST", "/files", 201, headers=tus | {"Upload-Length": str(len(content))})
    upload = made.headers["location"].rsplit("/", 1)[1]
    piece = tus | {"Content-Type": "application/offset+octet-stream"}
    told("PATCH", "/files/{id}", 409, upload, headers=piece | {"Upload-Offset": "7"}, content=content[7:])
    wrong = {"Upload-Offset": "0", "Upload-Checksum": "md5 AAAAAAAAAAAAAAAAAAAAAA=="}
    told("PATCH", "/files/{id}", 460, upload, headers=piece | wrong, content=content[:9])
    told("PATCH", "/files/{id}", 204, upload, headers=piece | {"Upload-Offset": "0"}, content=content)
    told("HEAD", "/files/{id}", 200, upload, headers=tus)
    told("GET", "/files/{id}", 200, upload)
    whole = NO_104 | {"Upload-Complete": "?1"}
    draft = told("POST", "/files/", 201, headers=whole, content=noise(10_000, 76)).headers["location"].rsplit("/", 1)[1]
    told("HEAD", "/files/{id}", 204, draft)
    told("PATCH", "/files/{id}", 400, draft, headers=NO_104 | {"Content-Type": "application/partial-upload"})
    told("DELETE", "/files/{id}", 204, upload, headers=tus)
    told("DELETE", "/files/{id}", 404, upload, headers=tus)


def test_examples_work(told):
    examples = [(path, name, example["value"]) for path, item in told.document["paths"].items() if "{" not in path
                for name, example in item.get("post", {}).get("requestBody", {}).get("content", {})
                .get("application/json", {}).get("examples", {}).items()]
    assert len(examples) >= 6
    for path, name, example in examples:
        answer = told.http.post(path, json=example)
        assert answer.status_code == 201, f"{path} {name}: {answer.text}"


def ill_fitting(element, schema, components):
    """What of an XML element is not as its schema says: children it does not know, or required ones that lack."""
    while "$ref" in schema or schema.get("type") == "array":
        schema = components[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema["items"]
    known = schema.get("properties", {})
    children = [child.tag.rpartition("}")[2] for child in element]
    wrong = [name for name in children if name not in known] + [
        name for name in schema.get("required", ()) if name not in children]
    for name, child in zip(children, element):
        wrong += [f"{name}/{inner}" for inner in ill_fitting(child, known.get(name, {}), components)]
    return wrong


def test_s3_answers_are_as_documented(own, document):
    described = {operation["operationId"]: operation for path in document["paths"].values()
                 for operation in path.values() if isinstance(operation, dict) and "s3" in operation["tags"]}
    seen = set()

    def look(http_response, model, **_):
        seen.add(model.name)
        responses, status = described[model.name]["responses"], str(http_response.status_code)
        assert status in responses, f"{model.name}: {status}"
        response = responses[status]
        if "$ref" in response:
            response = document["components"]["responses"][response["$ref"].rsplit("/", 1)[1]]
        described_xml = response.get("content", {}).get("application/xml")
        assert bool(described_xml) == (http_response.headers.get("content-type") == "application/xml"), model.name
        if described_xml:
            root = ElementTree.fromstring(http_response.content)
            assert not ill_fitting(root, described_xml["schema"], document["components"]["schemas"]), model.name

    s3 = boto3.client("s3", endpoint_url=own.base, region_name="us-east-1", aws_access_key_id=own.admin["accessKeyId"],
                      aws_secret_access_key=own.admin["secretAccessKey"], config=Config(s3={"addressing_style": "path"}))
    s3.meta.events.register("after-call.s3", look)
    clip = {"Bucket": "documented", "Key": "a/clip.bin"}
    bucket = {"Bucket": "documented"}
    s3.create_bucket(**bucket)
    with pytest.raises(ClientError):
        s3.create_bucket(**bucket)
    for ask in (s3.head_bucket, s3.get_bucket_location, s3.get_bucket_versioning, s3.get_bucket_acl):
        ask(**bucket)
    s3.put_bucket_acl(ACL="private", **bucket)
    s3.put_object(Body=noise(9_000, 77), Tagging="a=b", ContentType="video/mp4", **clip)
    for ask in (s3.head_object, s3.get_object_tagging, s3.get_object_acl):
        ask(**clip)
    s3.get_object(Range="bytes=1-9", **clip)
    with pytest.raises(ClientError):
        s3.get_object(Range="bytes=9999-", **clip)
    s3.put_object_tagging(Tagging={"TagSet": [{"Key": "c", "Value": "d"}]}, **clip)
    s3.delete_object_tagging(**clip)
    s3.put_object_acl(ACL="private", **clip)
    s3.copy_object(CopySource=clip, Bucket="documented", Key="b")
    joined = bucket | {"Key": "joined"}
    part = joined | {"UploadId": s3.create_multipart_upload(ChecksumAlgorithm="CRC32", **joined)["UploadId"]}
    s3.list_multipart_uploads(**bucket)
    etags = [s3.upload_part(PartNumber=1, Body=noise(5 * MIB, 78), ChecksumAlgorithm="CRC32", **part)]
    etags.append(s3.upload_part_copy(PartNumber=2, CopySource=clip, **part)["CopyPartResult"])
    s3.list_parts(**part)
    parts = [{"PartNumber": number, "ETag": each["ETag"], "ChecksumCRC32": each["ChecksumCRC32"]}
             for number, each in enumerate(etags, 1)]
    s3.complete_multipart_upload(MultipartUpload={"Parts": parts}, **part)
    s3.get_object_attributes(ObjectAttributes=["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"], **joined)
    s3.abort_multipart_upload(UploadId=s3.create_multipart_upload(**joined)["UploadId"], **joined)
    s3.list_buckets()
    for page in ({}, {"MaxKeys": 1}, {"Delimiter": "/", "EncodingType": "url"}):
        for ask in (s3.list_objects, s3.list_objects_v2, s3.list_object_versions):
            ask(**bucket, **page)
    with pytest.raises(ClientError):
        s3.delete_bucket(**bucket)
    s3.delete_object(**clip)
    s3.delete_objects(Delete={"Objects": [{"Key": "b"}, {"Key": "joined"}]}, **bucket)
    s3.delete_bucket(**bucket)
    with pytest.raises(ClientError):
        s3.get_object(**clip)
    assert seen == set(described)


def fuzz(server, folder, document, key, *options):
    file = folder / "openapi.json"
    file.write_text(json.dumps(document))
    headers = NO_104 | ({"Authorization": f"Bearer {key}"} if key else {})
    command = [sys.executable, "-m", "schemathesis.cli", "run", file, "--url", server.base, "--exclude-tag", "s3",
               "--checks", CHECKS, "--generation-deterministic", "--continue-on-failure", "--no-shrink",
               "--no-color", "--warnings", "off", "--output-sanitize", "false", *options]
    for header in headers.items():
        command += ["--header", ": ".join(header)]
    hooks = {"SCHEMATHESIS_HOOKS": "openapi_hooks", "PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(command, cwd=folder, env=os.environ | hooks, capture_output=True, text=True,
                          timeout=SECONDS_MAX)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert re.search(r"[1-9]\d{2,} generated, \d+ passed", done.stdout), done.stdout[-2_000:]


@pytest.mark.timeout(SECONDS_MAX)
def test_fuzzer_with_a_key_finds_nothing_undocumented(own, strict, tmp_path):
    # A presigned address is for requests without a key; a stream of events does not end.
    fuzz(own, tmp_path, strict, own.admin["key"], "--exclude-path", "/uploads/{id}", "--exclude-path", "/v2/events", "--phases",
         "examples,coverage,fuzzing", "--max-examples", "6")


@pytest.mark.timeout(SECONDS_MAX)
def test_fuzzer_without_a_key_finds_nothing_undocumented(own, strict, tmp_path):
    # With a signature in its query, a request is the S3 door's whatever its method.
    fuzz(own, tmp_path, strict, None, "--phases", "coverage", "--exclude-checks", "unsupported_method")
