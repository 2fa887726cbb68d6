"""`gemel index` is killed at random moments, and typed once more until it is done."""

import contextlib
import random
import sqlite3
import subprocess
import sys
import time

import numpy as np
import pytest

import gemel
from gemel.store import open_store

pytestmark = pytest.mark.slow
QUESTIONS = 60_000


def stored(db):
    """Count the questions that a file holds; 0 while it is being made."""
    if not db.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{db}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute("SELECT count(*) FROM questions").fetchone()[0]
        except sqlite3.OperationalError:
            return 0


def test_what_was_killed_is_resumed_and_nothing_is_twice(tmp_path):
    texts = [
        f"how do I cook {number % 977} eggs in {number} minutes?" for number in range(QUESTIONS)
    ]
    (tmp_path / "q.txt").write_text("\n".join(texts) + "\n")
    command = [sys.executable, "-m", "gemel", "index", "q.txt", "--db", "site.db"]
    draw, kills, before = random.Random(5), 0, 0
    while True:
        process = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while process.poll() is None and stored(tmp_path / "site.db") == before:
            time.sleep(0.01)
        time.sleep(draw.random())
        if process.poll() is not None:
            break
        process.kill()
        process.wait()
        kills += 1
        with open_store(str(tmp_path / "site.db")) as store:
            state = store.state()
            assert state.questions > before
            assert sum(map(len, store.scan())) == state.questions
            before = state.questions
    assert process.returncode == 0
    assert kills
    engine = gemel.load("quora-en")
    with open_store(str(tmp_path / "site.db")) as store:
        kept = [question for lot in store.scan() for question in lot]
        assert [question.text for question in kept] == texts
        changes = store.changes(0, most=QUESTIONS)
        cosines = (changes.vectors[:500].astype(np.float32) * engine.encode(texts[:500])).sum(
            axis=1
        )
    assert cosines.min() > 0.999
