"""HTTP/2 conformance at frame level, on clear text and TLS: the checks h2spec makes, section by section of RFC 9113.

A connection error may show as GOAWAY or as the bare end of the connection; a stream error as RST_STREAM or either.
"""

import shutil
import struct
import subprocess

import pytest

from h2frames import (ACK, END_HEADERS, END_STREAM, PADDED, PREFACE, PRIORITY, H2, Code, Kind, Setting, data, frame, ping,
                      request, rst_stream, settings, settings_payload, window_update)

MAX_WINDOW = 2**31 - 1
PRIORITY_PAYLOAD = struct.pack(">IB", 0, 15)


@pytest.fixture(params=["clear", "tls"])
def connect(server, request):
    tls = request.param == "tls"
    made = []

    def make(**options):
        made.append(H2(server.tls_address if tls else server.address, tls=tls, **options))
        return made[-1]

    yield make
    for connection in made:
        connection.socket.close()


@pytest.fixture
def h2(connect):
    return connect()


def post(h2, extra=()):
    """Headers of a request whose body is still to come, to a path that reads it before it asks who sends it."""
    return request("POST", "/oauth/token", h2.scheme, extra=[("content-type", "application/x-www-form-urlencoded"), *extra])


def open_stream(h2, stream=1, extra=()):
    h2.send(h2.headers(stream, post(h2, extra), END_HEADERS))


# --- 3.4 preface ---

def test_server_preface_is_settings_and_acks_ours(h2):
    got = h2.until(lambda f: f.kind == Kind.SETTINGS)
    assert got.flags & ACK and not got.payload


def test_invalid_preface_ends_the_connection(connect):
    h2 = connect(handshake=False)
    h2.send(PREFACE.replace(b"SM", b"XX") + settings())
    while True:  # clear text may answer in HTTP/1.1 first; it must end either way
        try:
            if not h2.socket.recv(4096):
                break
        except ConnectionResetError:
            break


def test_preface_without_settings_is_an_error(connect):
    h2 = connect(handshake=False)
    h2.send(PREFACE, ping())
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


# --- 4 frames ---

def test_unknown_frame_type_is_ignored(h2):
    h2.send(frame(0x16, 0, 0, bytes(8)))
    h2.expect_alive()


def test_undefined_flags_are_ignored(h2):
    h2.send(frame(Kind.PING, 0x16, 0, b"whatever"))
    got = h2.until(lambda f: f.kind == Kind.PING and f.flags & ACK)
    assert got.payload == b"whatever"


def test_reserved_bit_is_ignored(h2):
    h2.send(frame(Kind.PING, 0, 0x80000000, b"reserved"))
    assert h2.until(lambda f: f.kind == Kind.PING).payload == b"reserved"


def test_data_of_the_default_frame_size_is_accepted(h2):
    open_stream(h2)
    h2.send(data(1, b" " * 16384, END_STREAM))
    status, _, _ = h2.response(1)
    assert 400 <= status < 500


def test_frame_over_the_advertised_size(h2):
    size = h2.setting(Setting.MAX_FRAME_SIZE, 16384) + 1
    open_stream(h2)
    h2.send(data(1, bytes(size)))
    h2.expect_stream_error(1, Code.FRAME_SIZE_ERROR)


def test_headers_over_the_advertised_size(h2):
    size = h2.setting(Setting.MAX_FRAME_SIZE, 16384) + 1
    h2.send(frame(Kind.HEADERS, END_HEADERS | END_STREAM, 1, bytes(size)))
    h2.expect_connection_error(Code.FRAME_SIZE_ERROR)


@pytest.mark.parametrize("block", [
    pytest.param(b"\x80", id="index 0"),
    pytest.param(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff", id="endless integer"),
    pytest.param(b"\xbf\xff", id="index out of range"),
    pytest.param(b"\x00\x85\xf2\xb2\x4a\x84\xff\x84\x49\x50\x9f\xff", id="padding over 7 bits"),
    pytest.param(b"\x00\x85\xf2\xb2\x4a\x84\xff\x83\x49\x50\x90", id="padding with zeros"),
    pytest.param(b"\x00\x85\xf2\xb2\x4a\x84\xff\x87\x49\x51\xff\xff\xff\xfa\x7f", id="the EOS symbol"),
])
def test_broken_header_block(h2, block):
    h2.send(frame(Kind.HEADERS, END_HEADERS | END_STREAM, 1, h2.encode(request()) + block))
    h2.expect_connection_error(Code.COMPRESSION_ERROR)


def test_table_size_update_after_a_field(h2):
    h2.send(frame(Kind.HEADERS, END_HEADERS | END_STREAM, 1, h2.encode(request()) + b"\x3f\x01"))
    h2.expect_connection_error(Code.COMPRESSION_ERROR)


def test_table_size_update_over_the_limit(h2):
    h2.send(frame(Kind.HEADERS, END_HEADERS | END_STREAM, 1, b"\x3f\xe2\xff\xff\x01" + h2.encode(request())))
    h2.expect_connection_error(Code.COMPRESSION_ERROR)


@pytest.mark.parametrize("intruder", [
    pytest.param(lambda h2: frame(Kind.PRIORITY, 0, 1, PRIORITY_PAYLOAD), id="PRIORITY"),
    pytest.param(lambda h2: h2.headers(3), id="HEADERS of another stream"),
    pytest.param(lambda h2: data(1, b"x"), id="DATA"),
    pytest.param(lambda h2: frame(0x16, 0, 0, bytes(8)), id="unknown frame"),
    pytest.param(lambda h2: frame(Kind.CONTINUATION, END_HEADERS, 3, b""), id="CONTINUATION of another stream"),
])
def test_header_block_must_not_be_interrupted(h2, intruder):
    h2.send(h2.headers(1, flags=END_STREAM), intruder(h2))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


# --- 5 streams ---

@pytest.mark.parametrize("sent, codes", [
    pytest.param(data(1, b"x"), {Code.PROTOCOL_ERROR, Code.STREAM_CLOSED}, id="DATA"),
    pytest.param(rst_stream(1), {Code.PROTOCOL_ERROR}, id="RST_STREAM"),
    pytest.param(window_update(1, 100), {Code.PROTOCOL_ERROR}, id="WINDOW_UPDATE"),
    pytest.param(frame(Kind.CONTINUATION, END_HEADERS, 1, b""), {Code.PROTOCOL_ERROR}, id="CONTINUATION"),
])
def test_idle_stream(h2, sent, codes):
    h2.send(sent)
    h2.expect_connection_error(*codes)


@pytest.mark.parametrize("sent", [
    pytest.param(lambda h2: data(1, b"x"), id="DATA"),
    pytest.param(lambda h2: h2.headers(1), id="HEADERS"),
    pytest.param(lambda h2: frame(Kind.CONTINUATION, END_HEADERS, 1, b""), id="CONTINUATION"),
])
def test_half_closed_stream_takes_no_more(h2, sent):
    h2.send(h2.headers(1) + sent(h2))
    h2.expect_stream_error(1, Code.STREAM_CLOSED, Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("sent", [
    pytest.param(lambda h2: h2.headers(1), id="HEADERS"),
    pytest.param(lambda h2: frame(Kind.CONTINUATION, END_HEADERS, 1, b""), id="CONTINUATION"),
])
def test_reset_stream_takes_no_more(h2, sent):
    open_stream(h2)
    h2.send(rst_stream(1) + sent(h2))
    h2.expect_stream_error(1, Code.STREAM_CLOSED, Code.PROTOCOL_ERROR)


def test_data_after_our_reset_disturbs_nobody(h2):
    open_stream(h2)
    h2.send(rst_stream(1) + data(1, b"late"))
    got = h2.until(lambda f: f.kind in (Kind.PING, Kind.RST_STREAM, Kind.GOAWAY)) if h2.send(ping()) else None
    assert got is None or got.kind == Kind.PING or got.code == Code.STREAM_CLOSED


def test_even_stream_id(h2):
    h2.send(h2.headers(2))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


def test_stream_id_must_grow(h2):
    h2.send(h2.headers(5) + h2.headers(3))
    h2.expect_connection_error(Code.PROTOCOL_ERROR, Code.STREAM_CLOSED)


def test_streams_over_the_limit_are_refused(h2):
    limit = h2.setting(Setting.MAX_CONCURRENT_STREAMS, None)
    assert limit and limit <= 1000, "the server must limit its streams"
    h2.expect_alive()  # our ACK of the limit has been read
    h2.send(b"".join(h2.headers(1 + 2 * n, post(h2), END_HEADERS) for n in range(limit + 1)))
    h2.expect_stream_error(1 + 2 * limit, Code.PROTOCOL_ERROR, Code.REFUSED_STREAM)


def test_connection_error_names_the_last_stream(h2):
    assert h2.get(1)[0] == 200
    h2.send(frame(Kind.PING, 0, 3, b"millrace"))
    got = h2.until(lambda f: f.kind == Kind.GOAWAY)
    assert got and got.code == Code.PROTOCOL_ERROR and struct.unpack_from(">I", got.payload)[0] == 1
    assert h2.until(lambda f: False) is None


# --- 6 frame definitions ---

@pytest.mark.parametrize("sent, code", [
    pytest.param(data(0, b"x"), Code.PROTOCOL_ERROR, id="DATA on 0"),
    pytest.param(frame(Kind.HEADERS, END_HEADERS, 0, b"\x82"), Code.PROTOCOL_ERROR, id="HEADERS on 0"),
    pytest.param(frame(Kind.PRIORITY, 0, 0, PRIORITY_PAYLOAD), Code.PROTOCOL_ERROR, id="PRIORITY on 0"),
    pytest.param(rst_stream(0), Code.PROTOCOL_ERROR, id="RST_STREAM on 0"),
    pytest.param(frame(Kind.CONTINUATION, END_HEADERS, 0, b""), Code.PROTOCOL_ERROR, id="CONTINUATION on 0"),
    pytest.param(frame(Kind.SETTINGS, 0, 1, b""), Code.PROTOCOL_ERROR, id="SETTINGS on 1"),
    pytest.param(frame(Kind.PING, 0, 1, bytes(8)), Code.PROTOCOL_ERROR, id="PING on 1"),
    pytest.param(frame(Kind.GOAWAY, 0, 1, bytes(8)), Code.PROTOCOL_ERROR, id="GOAWAY on 1"),
    pytest.param(frame(Kind.SETTINGS, ACK, 0, bytes(6)), Code.FRAME_SIZE_ERROR, id="SETTINGS ACK with payload"),
    pytest.param(frame(Kind.SETTINGS, 0, 0, bytes(3)), Code.FRAME_SIZE_ERROR, id="SETTINGS of 3 bytes"),
    pytest.param(frame(Kind.PING, 0, 0, bytes(6)), Code.FRAME_SIZE_ERROR, id="PING of 6 bytes"),
    pytest.param(frame(Kind.WINDOW_UPDATE, 0, 0, bytes(3)), Code.FRAME_SIZE_ERROR, id="WINDOW_UPDATE of 3 bytes"),
    pytest.param(frame(Kind.GOAWAY, 0, 0, bytes(4)), Code.FRAME_SIZE_ERROR, id="GOAWAY of 4 bytes"),
    pytest.param(window_update(0, 0), Code.PROTOCOL_ERROR, id="WINDOW_UPDATE by 0"),
    pytest.param(frame(Kind.PUSH_PROMISE, END_HEADERS, 1, bytes(4)), Code.PROTOCOL_ERROR, id="PUSH_PROMISE"),
    pytest.param(settings(ENABLE_PUSH=2), Code.PROTOCOL_ERROR, id="ENABLE_PUSH 2"),
    pytest.param(settings(INITIAL_WINDOW_SIZE=2**31), Code.FLOW_CONTROL_ERROR, id="INITIAL_WINDOW_SIZE 2^31"),
    pytest.param(settings(MAX_FRAME_SIZE=16383), Code.PROTOCOL_ERROR, id="MAX_FRAME_SIZE 16383"),
    pytest.param(settings(MAX_FRAME_SIZE=2**24), Code.PROTOCOL_ERROR, id="MAX_FRAME_SIZE 2^24"),
])
def test_connection_error(h2, sent, code):
    h2.send(sent)
    h2.expect_connection_error(code)


@pytest.mark.parametrize("sent, code", [
    pytest.param(frame(Kind.RST_STREAM, 0, 1, bytes(3)), Code.FRAME_SIZE_ERROR, id="RST_STREAM of 3 bytes"),
    pytest.param(frame(Kind.PRIORITY, 0, 1, bytes(4)), Code.FRAME_SIZE_ERROR, id="PRIORITY of 4 bytes"),
    pytest.param(window_update(1, 0), Code.PROTOCOL_ERROR, id="WINDOW_UPDATE by 0"),
    pytest.param(frame(Kind.DATA, PADDED, 1, b"\x06Test"), Code.PROTOCOL_ERROR, id="padding over the DATA payload"),
    pytest.param(frame(Kind.HEADERS, END_HEADERS, 1, b""), Code.PROTOCOL_ERROR, id="second HEADERS without END_STREAM"),
    pytest.param(frame(Kind.CONTINUATION, END_HEADERS, 1, b""), Code.PROTOCOL_ERROR, id="CONTINUATION after END_HEADERS"),
])
def test_error_on_an_open_stream(h2, sent, code):
    open_stream(h2)
    h2.send(sent)
    h2.expect_stream_error(1, code)


def test_padding_over_the_headers_payload(h2):
    h2.send(frame(Kind.HEADERS, END_HEADERS | END_STREAM | PADDED, 1, b"\xff" + h2.encode(request())[:8]))
    h2.expect_connection_error(Code.PROTOCOL_ERROR)


def test_stream_must_not_depend_on_itself(h2):
    block = struct.pack(">IB", 1, 255) + h2.encode(request(scheme=h2.scheme))
    h2.send(frame(Kind.HEADERS, END_HEADERS | END_STREAM | PRIORITY, 1, block))
    got = h2.until(lambda f: f.kind in (Kind.GOAWAY, Kind.RST_STREAM, Kind.HEADERS))
    assert got is None or got.kind == Kind.HEADERS or got.code == Code.PROTOCOL_ERROR  # RFC 9113 ignores priorities


def test_unknown_setting_is_ignored(h2):
    h2.send(frame(Kind.SETTINGS, payload=struct.pack(">HI", 0xFF, 1)))
    h2.expect_alive()


def test_ping_ack_is_not_answered(h2):
    h2.send(frame(Kind.PING, ACK, 0, b"unasked!"), ping(b"realping"))
    assert h2.until(lambda f: f.kind == Kind.PING).payload == b"realping"


def test_goaway_and_reset_with_unknown_codes(h2):
    open_stream(h2)
    h2.send(rst_stream(1, 0xFF))
    h2.expect_alive()
    h2.send(frame(Kind.GOAWAY, 0, 0, struct.pack(">II", 0, 0xFF)), ping())
    got = h2.until(lambda f: f.kind == Kind.PING)
    assert got is None or got.payload == b"millrace"


# --- 6.9 flow control ---

def test_server_keeps_to_a_window_of_one_byte(connect):
    h2 = connect(first_settings={"INITIAL_WINDOW_SIZE": 1})
    h2.send(h2.headers(1, request(path="/v2/nothing", scheme=h2.scheme)))
    got = h2.until(lambda f: f.kind == Kind.DATA)
    assert len(got.payload) == 1


def test_window_may_turn_negative(connect):
    h2 = connect(first_settings={"INITIAL_WINDOW_SIZE": 3})
    h2.send(h2.headers(1, request(path="/v2/nothing", scheme=h2.scheme)))
    assert len(h2.until(lambda f: f.kind == Kind.DATA).payload) == 3
    h2.send(settings(INITIAL_WINDOW_SIZE=2), window_update(1, 2))
    assert len(h2.until(lambda f: f.kind == Kind.DATA).payload) == 1


def test_last_of_two_equal_settings_counts(h2):
    both = settings_payload({"INITIAL_WINDOW_SIZE": 100}) + settings_payload({"INITIAL_WINDOW_SIZE": 1})
    h2.send(frame(Kind.SETTINGS, payload=both))
    h2.send(h2.headers(1, request(path="/v2/nothing", scheme=h2.scheme)))
    assert len(h2.until(lambda f: f.kind == Kind.DATA).payload) == 1


def test_connection_window_overflow(h2):
    h2.send(window_update(0, MAX_WINDOW), window_update(0, MAX_WINDOW))
    h2.expect_connection_error(Code.FLOW_CONTROL_ERROR)


def test_stream_window_overflow(h2):
    open_stream(h2)
    h2.send(window_update(1, MAX_WINDOW), window_update(1, MAX_WINDOW))
    h2.expect_stream_error(1, Code.FLOW_CONTROL_ERROR)


def test_settings_that_overflow_an_open_window(h2):
    open_stream(h2)
    h2.send(window_update(1, MAX_WINDOW - 65535), settings(INITIAL_WINDOW_SIZE=MAX_WINDOW))
    h2.expect_stream_error(1, Code.FLOW_CONTROL_ERROR)


def test_peer_that_ignores_our_window(h2, server):
    """Sends without looking at WINDOW_UPDATE: the server must stop it or read on, never break."""
    window = h2.setting(Setting.INITIAL_WINDOW_SIZE, 65535)
    upload = server.api().create()
    path = upload["input"]["url"].split("/", 3)[3]
    h2.send(h2.headers(1, request("PUT", f"/{path}", h2.scheme, server.listen), END_HEADERS))
    pieces = min(window + (1 << 20), 80 << 20) // 16384
    h2.send(*[data(1, bytes(16384))] * pieces)
    h2.send(rst_stream(1), ping())
    got = h2.until(lambda f: f.kind in (Kind.GOAWAY, Kind.PING))
    assert got is None or got.kind == Kind.PING or got.code == Code.FLOW_CONTROL_ERROR


# --- 6.10 CONTINUATION ---

def test_header_block_in_many_pieces(h2):
    block = h2.encode(request(scheme=h2.scheme))
    pieces = [block[at:at + 4] for at in range(0, len(block), 4)]
    h2.send(frame(Kind.HEADERS, END_STREAM, 1, pieces[0]))
    h2.send(*[frame(Kind.CONTINUATION, 0, 1, piece) for piece in pieces[1:]], frame(Kind.CONTINUATION, END_HEADERS, 1))
    assert h2.response(1)[0] == 200


# --- 8 requests ---

def fields(*extra, without=(), first=()):
    return [*first, *[f for f in request() if f[0] not in without], *extra]


@pytest.mark.parametrize("headers", [
    pytest.param(fields(("X-Upper", "1")), id="upper case name"),
    pytest.param(fields((":unknown", "1"), without=()), id="unknown pseudo-header"),
    pytest.param(fields((":status", "200")), id="response pseudo-header"),
    pytest.param(fields(("x-a", "1"), (":path", "/"), without=(":path",)), id="pseudo-header after a regular one"),
    pytest.param(fields(("connection", "keep-alive")), id="connection"),
    pytest.param(fields(("transfer-encoding", "chunked")), id="transfer-encoding"),
    pytest.param(fields(("upgrade", "h2c")), id="upgrade"),
    pytest.param(fields(("keep-alive", "1")), id="keep-alive"),
    pytest.param(fields(("proxy-connection", "keep-alive")), id="proxy-connection"),
    pytest.param(fields(("te", "trailers, deflate")), id="te other than trailers"),
    pytest.param(fields(first=[(":path", "")], without=(":path",)), id="empty path"),
    pytest.param(fields(without=(":path",)), id="no path"),
    pytest.param(fields(without=(":method",)), id="no method"),
    pytest.param(fields(without=(":scheme",)), id="no scheme"),
    pytest.param(fields(first=[(":path", "/")]), id="two paths"),
    pytest.param(fields(first=[(":method", "GET")]), id="two methods"),
    pytest.param(fields(first=[(":scheme", "http")]), id="two schemes"),
    pytest.param(fields(("x-a", "b\0c")), id="NUL in a value"),
    pytest.param(fields(("x-a", "b\r\nc: d")), id="line break in a value"),
    pytest.param(fields(("x a", "b")), id="blank in a name"),
    pytest.param(fields(("content-length", "-1")), id="negative content-length"),
    pytest.param(fields(("content-length", "1"), ("content-length", "2")), id="two lengths"),
])
def test_malformed_request(h2, headers):
    h2.send(h2.headers(1, headers))
    got = h2.until(lambda f: f.kind in (Kind.GOAWAY, Kind.RST_STREAM, Kind.HEADERS))
    if got is not None and got.kind == Kind.HEADERS:
        assert dict(h2.decoder.decode(got.payload))[":status"] == "400"
    else:
        assert got is None or got.code == Code.PROTOCOL_ERROR


def test_pseudo_header_in_trailers(h2):
    open_stream(h2)
    h2.send(h2.headers(1, [(":method", "GET")]))
    h2.expect_stream_error(1, Code.PROTOCOL_ERROR)


@pytest.mark.parametrize("pieces", [[b"short"], [b"sh", b"ort"], [b"more than ten bytes"], []])
def test_content_length_must_match_the_data(h2, pieces):
    open_stream(h2, extra=[("content-length", "10")])
    h2.send(*[data(1, piece) for piece in pieces], data(1, b"", END_STREAM))
    h2.expect_stream_error(1, Code.PROTOCOL_ERROR)


def test_te_trailers_is_fine(h2):
    h2.send(h2.headers(1, request(scheme=h2.scheme, extra=[("te", "trailers")])))
    assert h2.response(1)[0] == 200


# --- floods: a peer that makes the server work for nothing is cut off ---

@pytest.mark.parametrize("make", [
    pytest.param(lambda h2, n: ping(struct.pack(">Q", n)), id="PING"),
    pytest.param(lambda h2, n: settings(INITIAL_WINDOW_SIZE=65535 + n % 2), id="SETTINGS"),
    pytest.param(lambda h2, n: h2.headers(2 * n + 1, post(h2), END_HEADERS) + rst_stream(2 * n + 1), id="rapid reset"),
])
def test_flood_is_cut_off(h2, make, server):
    for n in range(0, 60_000, 500):
        h2.send(b"".join(make(h2, m) for m in range(n, n + 500)))
        if has_hung_up(h2):
            break
    got = h2.until(lambda f: f.kind == Kind.GOAWAY)
    assert got is None or got.code in (Code.ENHANCE_YOUR_CALM, Code.PROTOCOL_ERROR, Code.INTERNAL_ERROR)
    assert server.api().raw("GET", "/healthz").status_code == 200


def has_hung_up(h2):
    """Looks without waiting, and keeps what it read for the reader."""
    h2.socket.settimeout(0.001)
    try:
        piece = h2.socket.recv(1 << 20)
        h2.buffer += piece
        return not piece
    except (TimeoutError, BlockingIOError):
        return False
    except OSError:
        return True
    finally:
        h2.socket.settimeout(10)


def test_endless_continuation_is_cut_off(h2):
    h2.send(frame(Kind.HEADERS, END_STREAM, 1, h2.encode(request())))
    for n in range(2_000):
        h2.send(frame(Kind.CONTINUATION, 0, 1, b"\x00\x01a\x7f\x81\x07" + b"b" * 264))
    h2.expect_connection_error(Code.ENHANCE_YOUR_CALM, Code.PROTOCOL_ERROR, Code.COMPRESSION_ERROR, Code.INTERNAL_ERROR)


def test_provoked_resets_are_limited(h2):
    """Each stream is opened well and then made to be reset by the server, which must not go on for ever."""
    for n in range(20_000):
        stream = 2 * n + 1
        h2.send(h2.headers(stream, post(h2), END_HEADERS) + window_update(stream, 0))
        if n % 200 == 0 and has_hung_up(h2):
            break
    got = h2.until(lambda f: f.kind == Kind.GOAWAY)
    assert got is None or got.code in (Code.ENHANCE_YOUR_CALM, Code.PROTOCOL_ERROR)


if shutil.which("h2spec"):

    @pytest.mark.parametrize("listener", ["clear", "tls"])
    def test_h2spec(server, listener):
        host, port = server.tls_address if listener == "tls" else server.address
        tls = ["-t", "-k"] if listener == "tls" else []
        command = ["h2spec", "-h", host, "-p", str(port), "-P", "/healthz", *tls]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-4000:]
