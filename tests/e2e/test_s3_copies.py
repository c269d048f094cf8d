"""Copies: objects share what is stored, so either may go; reading for a new checksum ends with the client and with the
server."""

import concurrent.futures
import signal

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from harness import H1, MIB, STOP_SECONDS, check, noise, wait_until
from test_s3 import client

SIZE = 64 * MIB
COPIES = 40


def filled(server):
    s3 = client(server)
    s3.create_bucket(Bucket="copies")
    s3.put_object(Bucket="copies", Key="source", Body=noise(SIZE, "source"))
    return s3


def ask_for_copy(server, key):
    """A connection over which an object of that key was asked for, with a checksum that has to be read for."""
    path = f"/copies/{key}"
    request = AWSRequest("PUT", server.base + path,
                         headers={"x-amz-copy-source": "copies/source", "x-amz-checksum-algorithm": "SHA1",
                                  "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    signer = S3SigV4Auth(Credentials(server.admin["accessKeyId"], server.admin["secretAccessKey"]), "s3", "us-east-1")
    signer.payload = lambda _: "UNSIGNED-PAYLOAD"
    signer.add_auth(request)
    connection = H1(server.address)
    connection.request("PUT", path, {**dict(request.headers.items()), "Content-Length": "0"}, host=server.base[7:])
    return connection


def ended(server):
    return server.log().count("request method=PUT target=/copies/copy")


def test_either_of_two_may_go(start):
    with start() as server:
        s3 = filled(server)
        s3.copy_object(Bucket="copies", Key="whole", CopySource="copies/source")
        where = {"Bucket": "copies", "Key": "part"}
        upload = where | {"UploadId": s3.create_multipart_upload(**where)["UploadId"]}
        part = s3.upload_part_copy(**upload, PartNumber=1, CopySource="copies/source",
                                   CopySourceRange=f"bytes=1000-{SIZE - 1001}")["CopyPartResult"]
        s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
        s3.delete_object(Bucket="copies", Key="source")
        content = noise(SIZE, "source")
        assert s3.get_object(Bucket="copies", Key="whole")["Body"].read() == content
        assert s3.get_object(**where)["Body"].read() == content[1000:-1000]
        s3.delete_object(Bucket="copies", Key="whole")
        data = server.data
    assert check(data).returncode == 0


def test_reading_ends_with_the_clients(start):
    with start() as server:
        s3 = filled(server)
        for connection in [ask_for_copy(server, f"copy{i}") for i in range(COPIES)]:
            connection.reset()
        wait_until(lambda: ended(server) == COPIES, "every request has ended", 60)
        assert s3.list_objects_v2(Bucket="copies")["KeyCount"] < COPIES


def status_of(connection):
    try:
        return connection.head()[0]
    except (ConnectionError, TypeError):
        return None  # came when the server took no more


def test_reading_ends_with_the_server(start):
    with start() as server:
        filled(server)
        connections = [ask_for_copy(server, f"copy{i}") for i in range(COPIES)]
        server.signal(signal.SIGTERM)
        with concurrent.futures.ThreadPoolExecutor(COPIES) as pool:
            assert 503 in pool.map(status_of, connections)
        assert server.process.wait(STOP_SECONDS) == 0
