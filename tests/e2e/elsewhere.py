"""A server of another house for imports: serves files with ranges, cuts, waits and lies as it is told, and remembers
what it was asked."""

import re
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class File:
    def __init__(self, content, *, etag='"v1"', cuts=(), headers=None, status=200, length=True, ranges=True):
        self.content, self.etag, self.status = content, etag, status
        self.cuts = list(cuts)          # bytes to send of each answer before the connection is cut; then all
        self.headers = headers or {}
        self.length, self.ranges = length, ranges
        self.hold_after = None          # bytes of a body after which to wait for `release`
        self.release = threading.Event()
        self.reached = threading.Event()  # `hold_after` was
        self.gone = threading.Event()     # the client left while it was held


class Elsewhere:
    def __init__(self, address="127.0.0.1", tls=None):
        self.files, self.requests, self.times = {}, [], []
        elsewhere = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                elsewhere.requests.append((self.path, dict(self.headers.items())))
                elsewhere.times.append((self.path, time.monotonic()))
                elsewhere.answer(self)

            def log_message(self, *_):
                pass

        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        server = type("Server", (ThreadingHTTPServer,), {"address_family": family, "daemon_threads": True})
        self.server = server((address, 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.base = f"http{'s' if tls else ''}://{'[' + address + ']' if ':' in address else address}:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        for file in self.files.values():
            file.release.set()
        self.server.shutdown()
        self.server.server_close()

    def put(self, path, content, **options):
        self.files[path] = File(content, **options)
        return self.base + path

    def asked(self, path):
        return [headers for asked, headers in self.requests if asked == path]

    def asked_at(self, path):
        """Seconds of a clock of its own."""
        return [at for asked, at in self.times if asked == path]

    def answer(self, handler):
        file = self.files.get(handler.path)
        if not file:
            return handler.send_error(404)
        if file.status != 200:
            handler.send_response(file.status)
            for name, value in file.headers.items():
                handler.send_header(name, value)
            handler.send_header("Content-Length", "0")
            return handler.end_headers()
        first = self.first_byte(handler, file)
        body = file.content[first:]
        handler.send_response(206 if first else 200)
        if first:
            handler.send_header("Content-Range", f"bytes {first}-{len(file.content) - 1}/{len(file.content)}")
        if file.length:
            handler.send_header("Content-Length", str(len(body)))
        else:
            handler.send_header("Connection", "close")
        if file.etag:
            handler.send_header("ETag", file.etag)
        for name, value in file.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        self.send(handler, file, body)

    def first_byte(self, handler, file):
        wanted = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        same = handler.headers.get("If-Range") in (None, file.etag)
        return int(wanted[1]) if wanted and same and file.ranges else 0

    def send(self, handler, file, body):
        try:
            if file.hold_after is not None:
                handler.wfile.write(body[:file.hold_after])
                body = body[file.hold_after:]
                file.reached.set()
                while not file.release.wait(0.02):
                    handler.connection.setblocking(False)
                    try:
                        left = handler.connection.recv(1) == b""
                    except (BlockingIOError, ssl.SSLWantReadError):
                        left = False
                    handler.connection.setblocking(True)
                    if left:
                        return file.gone.set()
            cut = file.cuts.pop(0) if file.cuts else None
            handler.wfile.write(body[:cut])
            if cut is not None:
                handler.wfile.flush()
                handler.connection.shutdown(socket.SHUT_RDWR)
                handler.close_connection = True
        except OSError:
            file.gone.set()
