import contextlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn

from gemel.api import open_index
from gemel.pretrained import DEFAULT_MODEL
from gemel.service.access import AccessPolicy
from gemel.service.group_process import GroupProcess
from gemel.service.limits import Limits
from gemel.service.served_corpus import ServedCorpus
from gemel.service.server import make_app
from gemel.store import NewQuestion, open_store

TOPICS = [
    "reset my password",
    "export my tasks",
    "print my calendar",
    "delete my account",
    "invite a colleague",
    "change the time zone",
    "attach a file to a task",
    "share a calendar",
    "pay by invoice",
    "restore a deleted note",
]
WAYS = ["How do I {}?", "How can I {}?", "Who was first to {} on the moon?"]
"""The first two ask the same."""


@dataclass(kw_only=True)
class Served:
    """A service that runs."""

    process: subprocess.Popen
    url: str
    log: Path
    client: httpx.Client
    db: Path | None = None
    keys: dict[str, str] | None = None
    code: int | None = None
    """With which it ended."""

    @property
    def port(self):
        return int(self.url.rstrip("/").rpartition(":")[2])

    def until(self, is_so, seconds=600.0):
        """Wait for something to be so; give what it was."""
        end = time.monotonic() + seconds
        while not (found := is_so()):
            assert time.monotonic() < end, self.log.read_text()
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.03)
        return found

    def ready(self):
        with contextlib.suppress(httpx.TransportError):
            return self.client.get("/ready").status_code == 200
        return False

    def stop(self, by=signal.SIGTERM):
        self.process.send_signal(by)
        self.code = self.process.wait(600)


@contextlib.contextmanager
def serve(db, *options, key=None, log=None):
    command = [sys.executable, "-m", "gemel", "serve", "--db", str(db), "--port", "0", *options]
    log = log or Path(db).with_suffix(".log")
    with (
        log.open("a") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as process,
    ):
        try:
            found = re.search(r"http://\S+", process.stdout.readline())
            assert found, log.read_text()
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            with httpx.Client(base_url=found[0], headers=headers, timeout=600) as client:
                served = Served(process=process, url=found[0], log=log, client=client)
                served.until(served.ready)
                yield served
        finally:
            process.kill() if sys.exc_info()[0] else process.terminate()
            process.wait(600)
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="session")
def serving():
    """Run `gemel serve` on a corpus until the context is left; what went wrong is in its log."""
    return serve


def kept(way_of=WAYS):
    return [
        NewQuestion(id=f"{topic}-{way}", text=asked.format(what), metadata={"topic": topic})
        for topic, what in enumerate(TOPICS)
        for way, asked in enumerate(way_of)
    ]


def fill_corpus(db):
    with open_index(db, DEFAULT_MODEL) as index:
        index.add_all(kept())


@pytest.fixture(scope="session")
def fill():
    """A function that makes a corpus of thirty questions, of which ten pairs ask the same."""
    return fill_corpus


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    db = tmp_path_factory.mktemp("filled") / "site.db"
    fill_corpus(db)
    return db


@pytest.fixture(scope="session")
def new_corpus(filled, tmp_path_factory):
    """A function that gives the file of such a corpus of its own."""

    def copy():
        return Path(shutil.copy(filled, tmp_path_factory.mktemp("site") / "site.db"))

    return copy


@pytest.fixture(scope="module")
def site(new_corpus, serving):
    """A service that the tests of one file share."""
    with serving(new_corpus()) as served:
        yield served


@pytest.fixture(scope="module")
def client(site):
    return site.client


@contextlib.contextmanager
def serve_within(db, door=None, **limits):
    """Serve in a thread of this process; gives a client and the site."""
    index = open_index(db, DEFAULT_MODEL, create=False, serving=True)
    site = ServedCorpus(
        index, GroupProcess(str(db), str(DEFAULT_MODEL)), Limits(**limits), name="quora-en"
    )
    settings = uvicorn.Config(
        make_app(site, door or AccessPolicy()), log_config=None, ws="none", port=0
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        end = time.monotonic() + 600
        while not server.started or site.problem:
            assert time.monotonic() < end, site.problem
            time.sleep(0.01)
        host, port = server.servers[0].sockets[0].getsockname()
        with httpx.Client(base_url=f"http://{host}:{port}", timeout=600) as client:
            yield client, site
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def within():
    """Serve in a thread of this process, whose parts a test may then look into, or break."""
    return serve_within


@pytest.fixture(scope="session")
def keyed(new_corpus):
    """A service that wants keys: it has one that may write, and one that may read."""
    with serve_with_keys(new_corpus(), "--allow-origin", "https://forum.example") as served:
        yield served


@pytest.fixture
def keyed_slowly(new_corpus):
    """The same, where a key may ask once a second."""
    with serve_with_keys(new_corpus(), "--limit", "rate=1") as served:
        yield served


@contextlib.contextmanager
def serve_with_keys(db, *options):
    with open_store(str(db), create=False) as store:
        keys = {scope: store.add_key(f"{scope} key", scope) for scope in ("read", "write")}
    with serve(db, "--require-keys", *options) as served:
        served.db, served.keys = db, keys
        yield served
