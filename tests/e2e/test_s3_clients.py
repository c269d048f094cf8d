"""The S3 door with the clients people use, each over plain HTTP and over TLS with the certificate checked: the command
lines of AWS (Debian's and the current one), curl, rclone, s3cmd and a mount by s3fs. A file goes in parts, comes back
byte for byte, is listed and deleted; the server's log tells which protocol the client spoke. test_s3_node.py has the
clients for JavaScript, test_s3.py has boto3."""

import contextlib
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import MIB, curl, noise, wait_until
from s3_door import REGION, Door
from test_s3 import client

LARGE = noise(17 * MIB + 3, "large")
AWS = {"awscli of Debian": "/usr/bin/aws", "awscli of PyPI": str(Path(sys.executable).with_name("aws"))}
WAYS = ["http", "tls", "tls-h2"]


@pytest.fixture(params=["http", "tls"])
def door(request, server):
    return Door(server, request.param)


@pytest.fixture
def bucket(server, request):
    name = "c-" + hashlib.sha1(request.node.nodeid.encode()).hexdigest()[:20]
    client(server).create_bucket(Bucket=name)
    return name


@pytest.fixture
def folder(tmp_path):
    """What is sent: a large file, a small one in a folder and an empty one."""
    source = tmp_path / "source"
    (source / "deep ü").mkdir(parents=True)
    (source / "large.bin").write_bytes(LARGE)
    (source / "deep ü" / "a +&=small.txt").write_bytes(b"small")
    (source / "empty").write_bytes(b"")
    return source


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def objects(server, bucket):
    """What the bucket holds, read by another client."""
    s3 = client(server)
    listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {each["Key"]: s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read() for each in listed}


# --- one command line per client ---

def aws(door, program):
    return lambda *arguments: door.run(AWS[program], "--endpoint-url", door.url, *arguments, trust="AWS_CA_BUNDLE")


def rclone(door, **more):
    """A function that runs rclone and one that names a path of the remote."""
    options = {"provider": "Other", "env_auth": "false", "access_key_id": door.key, "secret_access_key": door.secret,
               "endpoint": f"'{door.url}'", "chunk_size": "5Mi", "upload_cutoff": "6Mi"} | more
    if door.token:
        options["session_token"] = door.token
    remote = ",".join([":s3", *(f"{name}={value}" for name, value in options.items())])
    trust = ["--ca-cert", door.certificate] if door.tls else []
    program = ["rclone", "--config", "/dev/null", "--retries", "1", "--low-level-retries", "1", *trust]
    return lambda *arguments: door.run(*program, *arguments), lambda path: f"{remote}:{path}"


def s3cmd(door):
    trust = [f"--ca-certs={door.certificate}"] if door.tls else ["--no-ssl"]
    access = [f"--access_key={door.key}", f"--secret_key={door.secret}"]
    if door.token:
        access.append(f"--access_token={door.token}")
    return lambda *arguments: door.run("s3cmd", "--config", "/dev/null", f"--host={door.host}", f"--host-bucket={door.host}",
                                       "--multipart-chunk-size-mb=5", "--no-progress", *trust, *access, *arguments)


def signing_curl(door, *options):
    trust = ["--cacert", door.certificate] if door.tls else []
    token = ["-H", f"x-amz-security-token: {door.token}"] if door.token else []
    signed = ["--fail", *options, *trust, *token, "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "--aws-sigv4",
              f"aws:amz:{REGION}:s3", "--user", f"{door.key}:{door.secret}"]
    return lambda *arguments: curl(*signed, *arguments)


# --- their lives ---

@pytest.mark.parametrize("program", AWS)
def test_aws_command_line(server, door, bucket, folder, tmp_path, program):
    run, back = aws(door, program), tmp_path / "back"
    run("s3", "sync", "--only-show-errors", folder, f"s3://{bucket}/below")
    run("s3", "sync", "--only-show-errors", f"s3://{bucket}/below", back)
    assert contents(back) == contents(folder)
    assert run("s3", "sync", f"s3://{bucket}/below", back).strip() == ""
    run("s3", "mv", "--only-show-errors", f"s3://{bucket}/below/large.bin", f"s3://{bucket}/moved.bin")
    assert "moved.bin" in run("s3", "ls", f"s3://{bucket}/")
    assert objects(server, bucket)["moved.bin"] == LARGE
    run("s3api", "get-object", "--bucket", bucket, "--key", "moved.bin", "--range", "bytes=5242870-5242889", tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == LARGE[5242870:5242890]
    run("s3", "rb", "--force", f"s3://{bucket}")
    assert bucket not in run("s3", "ls")
    assert door.protocols(bucket) == {"http/1.1"}


@pytest.mark.parametrize("way", WAYS)
def test_curl(server, bucket, folder, way):
    door = Door(server, way.split("-")[0])
    signed = signing_curl(door, "--http2" if way == "tls-h2" else "--http1.1")
    url = f"{door.url}/{bucket}/large.bin"
    signed("-T", folder / "large.bin", url)
    assert signed(url) == LARGE and objects(server, bucket) == {"large.bin": LARGE}
    assert signed("-r", "100-199", url) == LARGE[100:200]
    assert b"<Key>large.bin</Key>" in signed(f"{door.url}/{bucket}")
    signed("-X", "DELETE", url)
    assert b"<Key>" not in signed(f"{door.url}/{bucket}")
    assert ("h2" in door.protocols(bucket)) == (way == "tls-h2")


@pytest.mark.parametrize("way", WAYS)
def test_rclone(server, bucket, folder, tmp_path, way):
    door = Door(server, way.split("-")[0])
    run, remote = rclone(door)
    options = ["--disable-http2"] if way == "tls" else []
    there, back = remote(f"{bucket}/x"), tmp_path / "back"
    run("copy", *options, folder, there)
    run("check", *options, folder, there)
    run("check", *options, "--download", folder, there)
    run("copy", *options, there, back)
    assert contents(back) == contents(folder)
    (folder / "deep ü" / "a +&=small.txt").unlink()
    (folder / "empty").unlink()
    run("sync", *options, folder, there)
    listed = json.loads(run("lsjson", *options, "-R", "--files-only", there))
    assert [(each["Path"], each["Size"]) for each in listed] == [("large.bin", len(LARGE))]
    assert objects(server, bucket) == {"x/large.bin": LARGE}
    run("purge", *options, remote(bucket))
    assert bucket not in run("lsd", *options, remote(""))
    assert ("h2" in door.protocols(bucket)) == (way == "tls-h2")


def test_s3cmd(server, door, bucket, folder, tmp_path):
    run, back = s3cmd(door), tmp_path / "back"
    run("sync", f"{folder}/", f"s3://{bucket}/a/")
    assert objects(server, bucket) == {f"a/{name}": content for name, content in contents(folder).items()}
    back.mkdir()
    run("sync", f"s3://{bucket}/a/", f"{back}/")
    assert contents(back) == contents(folder)
    assert "large.bin" in run("ls", f"s3://{bucket}/a/")
    run("mv", f"s3://{bucket}/a/large.bin", f"s3://{bucket}/moved.bin")
    assert f"File size: {len(LARGE)}" in run("info", f"s3://{bucket}/moved.bin")
    run("del", "--recursive", "--force", f"s3://{bucket}")
    run("rb", f"s3://{bucket}")
    assert door.protocols(bucket) == {"http/1.1"}


# --- a mount ---

def fuse_is_missing():
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as error:
        return f"/dev/fuse cannot be opened: {error.strerror}"
    return ""


@contextlib.contextmanager
def mounted(door, bucket, place):
    """The bucket as a folder. Leaving the block ends the mount, and with it the process that serves it."""
    place.mkdir()
    secret = place.with_name("passwd-s3fs")
    secret.write_text(f"{door.key}:{door.secret}\n")
    secret.chmod(0o600)
    options = f"passwd_file={secret},url={door.url},use_path_request_style,multipart_size=5"
    with place.with_name("s3fs.log").open("w+") as log:
        process = subprocess.Popen(["s3fs", bucket, place, "-f", "-o", options], env=door.environment("CURL_CA_BUNDLE"),
                                   stdout=log, stderr=log)
        try:
            wait_until(lambda: place.is_mount() or process.poll() is not None, "the mount")
            assert process.poll() is None, Path(log.name).read_text()
            yield place
        finally:
            subprocess.run(["fusermount", "-u", place], check=process.poll() is None)
            process.wait(30)


@pytest.mark.skipif(bool(fuse_is_missing()), reason=fuse_is_missing() or "-")
def test_s3fs(server, door, bucket, tmp_path):
    with mounted(door, bucket, tmp_path / "mount") as mount:
        (mount / "large.bin").write_bytes(LARGE)
        (mount / "deep").mkdir()
        (mount / "deep" / "ü small.txt").write_bytes(b"small")
        (mount / "deep" / "ü small.txt").rename(mount / "deep" / "renamed.txt")
        assert (mount / "large.bin").read_bytes() == LARGE
        with (mount / "large.bin").open("r+b") as file:
            file.seek(6 * MIB)
            file.write(b"changed in the middle")
    changed = LARGE[:6 * MIB] + b"changed in the middle" + LARGE[6 * MIB + 21:]
    assert objects(server, bucket) == {"large.bin": changed, "deep/": b"", "deep/renamed.txt": b"small"}
    with mounted(door, bucket, tmp_path / "again") as mount:
        assert sorted(os.listdir(mount)) == ["deep", "large.bin"]
        assert (mount / "large.bin").stat().st_size == len(LARGE)
        assert (mount / "large.bin").read_bytes() == changed
        (mount / "deep" / "renamed.txt").unlink()
        (mount / "deep").rmdir()
        (mount / "large.bin").unlink()
    assert objects(server, bucket) == {}
    assert door.protocols(bucket) == {"http/1.1"}


# --- uploads by temporary credentials ---

def send_by_aws(program):
    def send(door, path, bucket, key):
        aws(door, program)("s3", "cp", "--only-show-errors", path, f"s3://{bucket}/{key}")
    return send


def send_by_rclone(door, path, bucket, key):
    run, remote = rclone(door, no_check_bucket="true", no_head="true")
    run("copyto", "--no-check-dest", path, remote(f"{bucket}/{key}"))


def send_by_s3cmd(door, path, bucket, key):
    s3cmd(door)("put", path, f"s3://{bucket}/{key}")


def send_by_curl(door, path, bucket, key):
    signing_curl(door)("-T", path, f"{door.url}/{bucket}/{key}")


SENDERS = {program: send_by_aws(program) for program in AWS} | {
    "rclone": send_by_rclone, "s3cmd": send_by_s3cmd, "curl": send_by_curl}


@pytest.mark.parametrize("sender", SENDERS)
def test_an_upload_by_temporary_credentials(server, api, folder, sender):
    upload = api.create("clip.bin", type="multipart", fileSize=len(LARGE))
    given = upload["input"]
    SENDERS[sender](Door(server, "http", given), folder / "large.bin", given["bucket"], given["key"])
    done = api.complete(upload)
    assert done["state"] == "completed" and api.original(done["mediaId"]).content == LARGE
