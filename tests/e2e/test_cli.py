"""The command line as a contract: scripts rely on the ready file, the key file, exit codes and signals."""

import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import threading

import httpx
import pytest

from harness import BINARY, MIB, ROOT, Api, Server, insecure_tls, noise, wait_until


def millrace(*arguments, env=None):
    return subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=30,
                          env=os.environ | (env or {}))


def test_version_and_help():
    assert re.search(r"\d+\.\d+\.\d+", millrace("version").stdout)
    help_text = millrace("--help")
    assert help_text.returncode == 0
    for command in ("serve", "key", "check", "version"):
        assert command in help_text.stdout


def test_unknown_command_fails_with_usage():
    done = millrace("brew")
    assert done.returncode != 0 and done.stderr + done.stdout


def test_ready_file(server):
    assert set(server.ready) == {"listen", "tls", "pid"}
    assert server.ready["pid"] == server.process.pid
    for address in (server.listen, server.tls):
        host, port = address.rsplit(":", 1)
        assert host == "127.0.0.1" and int(port) > 0


def test_ready_file_without_tls(tmp_path):
    ready = tmp_path / "ready"
    process = subprocess.Popen([BINARY, "serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0", "--ready-file", ready],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: ready.exists() and ready.read_text().rstrip().endswith("}"), "the ready file")
        assert json.loads(ready.read_text())["tls"] is None
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_admin_key_file(server):
    path = server.data / "admin-key.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert set(server.admin) == {"tenant", "key", "accessKeyId", "secretAccessKey"}
    assert server.admin["tenant"] == "default" and server.admin["key"].startswith("sk-")


def test_keys_are_stored_as_hashes_only(server):
    secret = server.admin["key"].encode()
    for path in server.data.rglob("*"):
        if path.is_file() and path.name != "admin-key.json":
            assert secret not in path.read_bytes(), path


def test_admin_key_survives_a_restart(tmp_path):
    server = Server(tmp_path / "again").start()
    first = server.admin
    assert server.stop() == 0
    server.start()
    assert server.admin == first and server.api().raw("GET", "/v2/uploads").status_code == 200
    assert server.stop() == 0


# --- configuration ---

def start_with(tmp_path, text, env=None):
    config = tmp_path / "millrace.toml"
    config.write_text(text)
    return millrace("serve", "--config", config, "--data", tmp_path / "data", "--listen", "127.0.0.1:0", env=env)


@pytest.mark.parametrize("text, line, word", [
    ("\n\n[server]\nlissten = \"x\"\n", 4, "lissten"),
    ("[store]\n\nsegment_bytes = \"many\"\n", 3, "segment_bytes"),
    ("[store]\nsegment_bytes = -5\n", 2, "segment_bytes"),
    ("[nonsense]\na = 1\n", 1, "nonsense"),
    ("[server]\nlisten = \n", 2, ""),
    ("[log]\nformat = \"poem\"\n", 2, "format"),
], ids=["unknown key", "wrong type", "out of range", "unknown section", "syntax", "not a choice"])
def test_wrong_configuration_stops_the_start_with_its_line(tmp_path, text, line, word):
    done = start_with(tmp_path, text)
    assert done.returncode != 0
    assert f"millrace.toml:{line}" in done.stderr and word in done.stderr, done.stderr


def test_wrong_environment_stops_the_start(tmp_path):
    done = start_with(tmp_path, "", {"MILLRACE_STORE_SEGMENT_BYTES": "many"})
    assert done.returncode != 0 and "MILLRACE_STORE_SEGMENT_BYTES" in done.stderr


def test_missing_configuration_file(tmp_path):
    done = millrace("serve", "--config", tmp_path / "absent.toml", "--data", tmp_path / "data")
    assert done.returncode != 0 and "absent.toml" in done.stderr


def test_environment_overrides_the_file(start):
    with start(config="[uploads]\nsize_bytes_max = 1000000\n", env={"MILLRACE_UPLOADS_SIZE_BYTES_MAX": "1000"}) as server:
        api = server.api()
        assert api.put(api.create(), b"x" * 1001).status_code == 413
        assert api.put(api.create(), b"x" * 1000).is_success


def test_sample_configuration_is_valid_and_complete(start):
    text = (ROOT / "conf/millrace.toml").read_text()
    with start(config=text) as server:
        assert httpx.get(f"{server.base}/readyz").status_code == 200


def test_data_directory_is_used_by_one_server(server, tmp_path):
    done = millrace("serve", "--data", server.data, "--listen", "127.0.0.1:0")
    assert done.returncode != 0 and done.stderr


def test_taken_port_is_a_clear_error(server, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = millrace("serve", "--data", tmp_path / "data", "--listen", f"127.0.0.1:{port}")
    assert done.returncode != 0 and str(port) in done.stderr


# --- keys ---

def key_command(server, *arguments):
    return millrace("key", *arguments, "--data", server.data)


def test_key_create_list_revoke(start):
    with start() as server:
        created = key_command(server, "create", "--scopes", "uploads,downloads")
        assert created.returncode == 0, created.stderr
        secret = re.search(r"sk-[\w-]+", created.stdout)[0]
        api = Api(server.base, secret)
        assert api.raw("GET", "/v2/uploads").status_code == 200
        listed = key_command(server, "list")
        assert listed.returncode == 0 and secret not in listed.stdout
        key_id = json.loads(created.stdout)["id"]
        assert key_id in listed.stdout
        assert key_command(server, "revoke", key_id).returncode == 0
        assert api.raw("GET", "/v2/uploads").status_code == 401
        assert key_command(server, "revoke", "absent").returncode != 0


def test_scopes_hold(start):
    with start() as server:
        secret = re.search(r"sk-[\w-]+", key_command(server, "create", "--scopes", "downloads").stdout)[0]
        response = Api(server.base, secret).raw("POST", "/v2/uploads", json={"fileName": "a", "type": "put"})
        assert response.status_code in (401, 403) and "uploads" in response.text


def test_key_needs_a_running_server(tmp_path):
    done = millrace("key", "list", "--data", tmp_path)
    assert done.returncode != 0 and done.stderr


def test_check_refuses_a_store_in_use(server):
    done = millrace("check", "--data", server.data)
    assert done.returncode != 0 and done.stderr + done.stdout


# --- signals ---

def test_sigterm_lets_an_upload_finish(tmp_path):
    server = Server(tmp_path / "drain").start()
    api, content = server.api(), noise(8 * MIB, "drain")
    upload, halfway, results = api.create(), threading.Event(), []

    def body():
        yield content[:4 * MIB]
        halfway.wait(20)
        yield content[4 * MIB:]
    uploader = threading.Thread(target=lambda: results.append(api.put(upload, body())))
    uploader.start()
    wait_until(lambda: api.upload(upload["id"])["bytesReceived"] > 0, "the first half")
    server.signal(signal.SIGTERM)
    wait_until(lambda: is_refused(server), "new connections to be refused")
    halfway.set()
    uploader.join()
    assert server.process.wait(40) == 0
    assert results[0].is_success
    server.start()
    assert server.api().original(server.api().complete(upload)["mediaId"]).content == content
    assert server.stop() == 0


def is_refused(server):
    with socket.socket() as probe:
        return probe.connect_ex(server.address) != 0


def test_sigterm_cuts_what_does_not_finish(tmp_path):
    server = Server(tmp_path / "cut", env={"MILLRACE_SERVER_DRAIN_MS": "500"}).start()
    upload = server.api().create()
    with socket.create_connection(server.address) as sleeper:
        path = upload["input"]["url"].split("/", 3)[3]
        sleeper.sendall(f"PUT /{path} HTTP/1.1\r\nHost: {server.listen}\r\nContent-Length: 100\r\n\r\nhalf".encode())
        assert server.stop() == 0


def peer_certificate(server):
    with insecure_tls(["h2"]).wrap_socket(socket.create_connection(server.tls_address), server_hostname="localhost") as tls:
        return tls.getpeercert(binary_form=True)


def make_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                   check=True, capture_output=True)
    return ssl.PEM_cert_to_DER_cert((folder / "cert.pem").read_text())


def test_sighup_reloads_the_certificate(start, tmp_path):
    first = make_certificate(tmp_path, "first")
    env = {"MILLRACE_TLS_CERTIFICATE": str(tmp_path / "cert.pem"), "MILLRACE_TLS_KEY": str(tmp_path / "key.pem")}
    with start(env=env) as server:
        assert peer_certificate(server) == first
        client = httpx.Client(http1=False, http2=True, verify=False)
        assert client.get(f"{server.tls_base}/healthz").status_code == 200
        second = make_certificate(tmp_path, "second")
        server.signal(signal.SIGHUP)
        wait_until(lambda: peer_certificate(server) == second, "the new certificate")
        assert client.get(f"{server.tls_base}/healthz").status_code == 200, "open connections go on"
        (tmp_path / "cert.pem").write_text("no certificate")
        server.signal(signal.SIGHUP)
        wait_until(lambda: "certificate" in server.log().lower(), "the log to say so")
        assert peer_certificate(server) == second, "a broken one must not replace a good one"


def test_self_signed_certificate_is_kept(tmp_path):
    server = Server(tmp_path / "self").start()
    first = peer_certificate(server)
    assert server.stop() == 0
    server.start()
    assert peer_certificate(server) == first
    assert server.stop() == 0
