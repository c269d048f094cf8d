"""Fixtures: one server for all tests that leave it as it was, a fresh one for those that do not."""

import pytest

from harness import BINARY, serving


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
