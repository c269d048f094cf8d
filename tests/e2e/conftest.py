"""Fixtures: one server for all tests that leave it as it was, a fresh one for those that do not."""

import json
import subprocess

import pytest

from harness import BINARY, serving
from node import installed


def pytest_sessionstart(session):
    if not BINARY.exists():
        pytest.exit(f"{BINARY} is not built: run ./dev build", returncode=3)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture
def api(server):
    return server.api()


@pytest.fixture
def start(tmp_path):
    """Starts servers of a test's own, each in its folder; all are drained when the test passed."""
    def make(name="own", **options):
        return serving(tmp_path / name, **options)
    return make


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """Plays a page in Chromium, each time with a profile of its own, and tells what it saw."""
    packages = installed("browser_js")

    def see(url):
        command = ["node", packages / "play.mjs", url, tmp_path_factory.mktemp("profile")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)
    return see
