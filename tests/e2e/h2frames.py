"""HTTP/2 at frame level, with no state machine that would refuse to misbehave.

Frames are made and read as plain tuples; only header compression comes from a library. For well-behaved traffic the
tests use httpx, the h2 package or curl instead.
"""

import socket
import ssl
import struct
import time
from enum import IntEnum
from typing import NamedTuple

import hpack

from harness import insecure_tls

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 0x1, 0x1, 0x4, 0x8, 0x20


class Kind(IntEnum):
    DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)


class Code(IntEnum):
    (NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR, SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR,
     REFUSED_STREAM, CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM) = range(12)


class Setting(IntEnum):
    (HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE,
     MAX_HEADER_LIST_SIZE) = range(1, 7)


class Frame(NamedTuple):
    kind: int
    flags: int
    stream: int
    payload: bytes

    @property
    def code(self):
        """The error code of a RST_STREAM or GOAWAY."""
        return struct.unpack_from(">I", self.payload, 4 if self.kind == Kind.GOAWAY else 0)[0]


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(**values):
    return frame(Kind.SETTINGS, payload=settings_payload(values))


def settings_payload(values):
    return b"".join(struct.pack(">HI", Setting[name], value) for name, value in values.items())


def window_update(stream, increment):
    return frame(Kind.WINDOW_UPDATE, stream=stream, payload=struct.pack(">I", increment))


def rst_stream(stream, code=Code.CANCEL):
    return frame(Kind.RST_STREAM, stream=stream, payload=struct.pack(">I", code))


def data(stream, payload=b"", flags=0):
    return frame(Kind.DATA, flags, stream, payload)


def ping(payload=b"millrace"):
    return frame(Kind.PING, payload=payload)


def request(method="GET", path="/healthz", scheme="http", authority="localhost", extra=()):
    return [(":method", method), (":scheme", scheme), (":path", path), (":authority", authority), *extra]


class H2:
    """A connection that has exchanged prefaces, unless told not to."""

    def __init__(self, address, tls=False, handshake=True, first_settings=None):
        self.socket = socket.create_connection(address, timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            self.socket = insecure_tls(["h2"]).wrap_socket(self.socket, server_hostname="localhost")
        self.encoder, self.decoder = hpack.Encoder(), hpack.Decoder()
        self.buffer = b""
        self.peer_settings = {}
        self.scheme = "https" if tls else "http"
        if handshake:
            self.handshake(first_settings or {})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def handshake(self, first_settings):
        self.send(PREFACE, settings(**first_settings))
        first = self.read()
        assert first and first.kind == Kind.SETTINGS, f"the server preface must be SETTINGS, not {first}"
        for at in range(0, len(first.payload), 6):
            key, value = struct.unpack_from(">HI", first.payload, at)
            self.peer_settings[key] = value
        self.send(frame(Kind.SETTINGS, ACK))

    def setting(self, key, default):
        return self.peer_settings.get(key, default)

    def send(self, *frames):
        """A peer that has already hung up is an answer too: the reader sees it."""
        try:
            for each in frames:
                self.socket.sendall(each)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            pass

    def headers(self, stream, fields=None, flags=END_HEADERS | END_STREAM):
        fields = fields if fields is not None else request(scheme=self.scheme)
        return frame(Kind.HEADERS, flags, stream, self.encode(fields))

    def encode(self, fields):
        return self.encoder.encode(fields)

    def read(self):
        """The next frame; None when the connection has ended."""
        header = self._take(9)
        if header is None:
            return None
        length = int.from_bytes(header[:3], "big")
        payload = self._take(length)
        if payload is None:
            return None
        return Frame(header[3], header[4], int.from_bytes(header[5:9], "big") & 0x7FFFFFFF, payload)

    def _take(self, size):
        while len(self.buffer) < size:
            try:
                piece = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                return None
            if not piece:
                return None
            self.buffer += piece
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def until(self, wanted, seconds=10):
        """The first frame that `wanted` likes; None at the end of the connection."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.socket.settimeout(max(0.05, deadline - time.monotonic()))
            try:
                got = self.read()
            except TimeoutError:
                break
            if got is None or wanted(got):
                return got
        raise AssertionError("the server neither answered nor closed")

    def expect_connection_error(self, *codes):
        """GOAWAY with one of the codes, or the bare end of the connection."""
        got = self.until(lambda f: f.kind == Kind.GOAWAY)
        assert got is None or got.code in codes, f"GOAWAY {Code(got.code).name}"
        assert self.until(lambda f: False) is None, "the connection must end after GOAWAY"

    def expect_stream_error(self, stream, *codes):
        """RST_STREAM with one of the codes; a stricter server may end the connection instead."""
        got = self.until(lambda f: f.kind == Kind.GOAWAY or (f.kind == Kind.RST_STREAM and f.stream == stream))
        assert got is None or got.code in codes, f"{Kind(got.kind).name} {Code(got.code).name}"

    def expect_alive(self):
        self.send(ping(b"alive?!!"))
        got = self.until(lambda f: f.kind == Kind.PING and f.flags & ACK)
        assert got and got.payload == b"alive?!!"

    def response(self, stream, seconds=10):
        """(status, headers, body) of a stream; fails when it is reset."""
        fields, body = {}, b""
        while True:
            got = self.until(lambda f: f.stream == stream or f.kind in (Kind.GOAWAY, Kind.HEADERS), seconds)
            assert got is not None and got.kind not in (Kind.GOAWAY, Kind.RST_STREAM), f"no response but {got}"
            if got.kind == Kind.HEADERS:
                decoded = dict(self.decoder.decode(self._header_block(got)))
                if got.stream == stream and not decoded.get(":status", "200").startswith("1"):
                    fields |= decoded
            if got.kind == Kind.DATA:
                body += got.payload
            if got.stream == stream and got.kind in (Kind.DATA, Kind.HEADERS) and got.flags & END_STREAM:
                return int(fields[":status"]), fields, body

    def _header_block(self, first):
        block, got = first.payload, first
        while not got.flags & END_HEADERS:
            got = self.read()
            block += got.payload
        return block

    def get(self, stream, path="/healthz"):
        self.send(self.headers(stream, request(path=path, scheme=self.scheme)))
        return self.response(stream)
