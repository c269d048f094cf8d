"""500 uploads at once through each door that streams bodies: all are open together and half sent, so whatever one upload
holds is held 500 times. What buffers hold stays in the byte budget, the process grows by little more than that, and
every upload ends well."""

import asyncio
import contextlib
import os

import httpx
import pytest

import test_s3
from forms import CONTENT_TYPE, TAIL, field, file_head
from harness import KIB, MIB, noise

UPLOADS = 500
BODY = 512 * KIB
BUDGET = 64 * MIB
RECEIVE_BLOCK = 256 * KIB  # one for each loop may go beyond the budget, so that progress never stops
PER_UPLOAD = 192 * KIB  # sockets, parsers, records and mapped pages; less than the half of a body that waits
CONTENT = noise(BODY + UPLOADS, 42)


def content(number):
    """Bodies that no chunk of another body repeats: stamped every 4 KiB."""
    stamp = number.to_bytes(8, "big")
    return b"".join(stamp + CONTENT[at + 8:at + 4 * KIB] for at in range(0, BODY, 4 * KIB))


def received(server):
    """What the server has of every upload it knows."""
    api = server.api()
    pages = (api.call("GET", f"/v2/uploads?perPage=50&page={page}")["items"] for page in range(UPLOADS // 50 + 1))
    return [upload["bytesReceived"] for page in pages for upload in page]


def form(server):
    def request(number):
        body = field("folder", f"root/{number % 10}") + file_head("video", f"{number}.bin") + content(number) + TAIL
        return "POST", "/api/client/v1/uploads", {"Content-Type": CONTENT_TYPE}, body, 202
    return request, lambda: received(server)


def tus(server):
    with httpx.Client(base_url=server.base, headers={"Authorization": f"Bearer {server.admin['key']}"}) as http:
        new = {"Tus-Resumable": "1.0.0", "Upload-Length": str(BODY)}
        paths = [httpx.URL(http.post("/files", headers=new).headers["location"]).path for _ in range(UPLOADS)]

    def request(number):
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        return "PATCH", paths[number], headers, content(number), 204
    return request, lambda: received(server)


def s3_part(server):
    s3 = test_s3.client(server)
    s3.create_bucket(Bucket="memory")
    upload = {"Bucket": "memory", "Key": "k"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]

    def request(number):
        url = httpx.URL(s3.generate_presigned_url("upload_part", Params=upload | {"PartNumber": number + 1}))
        return "PUT", url.raw_path.decode(), {"Authorization": None}, content(number), 200
    return request, lambda: [part["Size"] for part in s3.list_parts(**upload)["Parts"]]


class Crowd:
    """All connections of one test: half of each body first, the other half on `finish`."""

    def __init__(self, server, request):
        self.server, self.request, self.halfway, self.go = server, request, asyncio.Semaphore(0), asyncio.Event()

    async def send(self, number):
        method, path, headers, body, expected = self.request(number)
        fields = {"Host": self.server.listen, "Authorization": f"Bearer {self.server.admin['key']}",
                  "Content-Length": len(body)} | headers
        head = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items() if value)]
        reader, writer = await asyncio.open_connection(*self.server.address)
        with contextlib.closing(writer):
            writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + body[:len(body) // 2])
            await writer.drain()
            self.halfway.release()
            await self.go.wait()
            writer.write(body[len(body) // 2:])
            await writer.drain()
            status = int((await reader.readline()).split()[1])
            assert status == expected, await reader.read(2000)

    async def run(self):
        sending = [asyncio.create_task(self.send(number)) for number in range(UPLOADS)]
        for _ in sending:
            await self.halfway.acquire()
        self.go.set()
        peak = 0
        while not all(task.done() for task in sending):
            peak = max(peak, await asyncio.to_thread(self.server.metric, "millrace_budget_used_bytes"))
            await asyncio.sleep(0.05)
        await asyncio.gather(*sending)
        return peak


def memory(server, name):
    with open(f"/proc/{server.process.pid}/status") as status:
        return next(int(line.split()[1]) * KIB for line in status if line.startswith(name))


@pytest.mark.parametrize("door", [form, tus, s3_part])
def test_500_at_once_stay_in_the_budget(start, door):
    with start(config=f"[memory]\nbudget_bytes = {BUDGET}\n") as server:
        request, sizes = door(server)
        before = memory(server, "VmRSS")
        peak = asyncio.run(Crowd(server, request).run())
        assert server.metric("millrace_budget_limit_bytes") == BUDGET
        assert peak <= BUDGET + os.cpu_count() * RECEIVE_BLOCK
        assert memory(server, "VmHWM") - before <= BUDGET + UPLOADS * PER_UPLOAD
        assert sizes() == [BODY] * UPLOADS
