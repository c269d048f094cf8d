"""What the tests of the form doors share: a body that is produced as it is sent, and polling as their clients do."""

import time

import httpx

BOUNDARY = "e2e-form-boundary"


def field(name, value):
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def file_head(name, filename):
    return (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
            f"Content-Type: video/mp4\r\n\r\n").encode()


TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()
CONTENT_TYPE = f"multipart/form-data; boundary={BOUNDARY}"


def client(server, **options):
    return httpx.Client(base_url=server.base, headers={"Authorization": f"Bearer {server.admin['key']}"}, timeout=60,
                        **options)


def poll(ask, is_done, seconds=60):
    """As a watch-folder client does: ask, wait a little, ask again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = ask()
        if is_done(answer):
            return answer
        time.sleep(0.1)
    raise AssertionError(f"still {answer} after {seconds} s")
