"""What was removed is gone: from pages, logs and temporary files, after readers and kills."""

import itertools
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest

from gemel.store import sqlite, sqlite_pages
from gemel.store.base import NewReview
from gemel.store.sqlite import SQLiteStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "questions.db"


def content_of(path):
    """The bytes of the file and of those next to it.

    Read by another process: when this one closes a file, it loses its locks on it.
    """
    files = [each for each in path.parent.iterdir() if each.is_file()]
    return subprocess.run(["cat", *files], capture_output=True, check=True).stdout


def pieces_left(removed, live, content):
    """Pieces of 20 bytes of removed texts that are in the content and in no live text."""
    kept = "\n".join(live)
    return [
        piece
        for text in removed
        for start in range(0, len(text) - 19, 5)
        if (piece := text[start : start + 20]) not in kept and piece.encode() in content
    ]


def add_and_remove(path, seed, rounds, ask, vectors):
    """Mix additions and single removals; give ids and texts that are left, and that are not."""
    draw = random.Random(seed)
    live, removed = {}, {}
    numbers = itertools.count()
    with SQLiteStore(path) as store:
        for _ in range(rounds):
            new = [
                ask(
                    f"<{next(numbers)}-{draw.getrandbits(64):x}>",
                    "".join(draw.choices("abcdefghijklmnopqrstuvwxyz ", k=draw.randint(60, 160))),
                    about=f"{draw.getrandbits(90):x}",
                )
                for _ in range(150)
            ]
            store.add(new, vectors(150, seed), "model")
            live |= {each.id: each for each in new}
            for name in draw.sample(sorted(live), 60):
                assert store.remove([name]) == [name]
                removed[name] = live.pop(name)
    return live, removed


def check_erased(path, live, removed):
    content = content_of(path)
    texts = [[each.text for each in part.values()] for part in (removed, live)]
    assert pieces_left(*texts, content) == []
    for each in removed.values():
        assert each.id.encode() not in content
        assert each.metadata["about"].encode() not in content
    with SQLiteStore(path, create=False) as store, store.session() as session:
        assert session.run("PRAGMA integrity_check") == [("ok",)]
        assert {each.id: each.text for lot in store.scan() for each in lot} == {
            name: each.text for name, each in live.items()
        }


def test_nothing_of_what_was_removed_is_in_any_page(path, ask, vectors):
    check_erased(path, *add_and_remove(path, 2, 3, ask, vectors))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_nothing_of_what_was_removed_is_in_any_page_in_twelve_rounds(path, ask, vectors, seed):
    check_erased(path, *add_and_remove(path, seed, 12, ask, vectors))


def test_unused_bytes_of_pages_are_cleared_and_nothing_else(path, ask, vectors):
    live, _ = add_and_remove(path, 1, 2, ask, vectors)
    with closing(sqlite3.connect(path)) as connection:
        roots = [row[0] for row in connection.execute("SELECT rootpage FROM sqlite_master")]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    secret = b"a secret of another time"
    content = bytearray(path.read_bytes())
    marked = 0
    for start in range(size, len(content), size):  # between the cell pointers and the cells
        kind, cells = content[start], int.from_bytes(content[start + 3 : start + 5], "big")
        first = start + (12 if kind in (2, 5) else 8) + 2 * cells
        last = start + (int.from_bytes(content[start + 5 : start + 7], "big") or 65_536)
        if kind in (2, 5, 10, 13) and last - first > len(secret):
            content[first : first + len(secret)] = secret
            marked += 1
    path.write_bytes(content)
    file = os.open(path, os.O_RDWR)
    try:
        assert sqlite_pages.clear_unused(file, [1, *(root for root in roots if root)]) == marked > 5
        assert sqlite_pages.clear_unused(file, [1, *(root for root in roots if root)]) == 0
    finally:
        os.close(file)
    assert secret not in path.read_bytes()
    check_erased(path, live, {})


def test_pages_that_another_connection_remembers_do_not_come_back(path, ask, vectors):
    """A writer that has read pages before they were cleared writes them again as they are now."""
    draw = random.Random(6)
    texts = {str(n): f"{draw.getrandbits(300):x}" for n in range(300)}
    with SQLiteStore(path) as store, SQLiteStore(path) as other:
        store.add([ask(name, text) for name, text in texts.items()], vectors(300), "model")
        removed = []
        for name in draw.sample(sorted(texts), 100):
            list(other.scan())
            store.remove([name])
            other.add([ask(f"new {name}", "short")], vectors(1), "model")
            removed.append(texts.pop(name))
        assert store.erase()
        assert pieces_left(removed, texts.values(), content_of(path)) == []


# A reader holds on to what is removed.


@pytest.fixture
def held(path, ask, vectors, monkeypatch):
    """A removal while a reader holds the file: gives what ends the reading.

    The reader stays connected, or SQLite would empty the log as the last one leaves.
    """
    monkeypatch.setattr(sqlite, "_ERASE_TIMEOUT", 0.01)
    reader = sqlite3.connect(path, isolation_level=None)
    with SQLiteStore(path) as store:
        store.add([ask("secret", "a secret text"), ask("b"), ask("c")], vectors(3), "model")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM questions").fetchone()
        store.remove(["secret"])
    assert b"a secret text" in content_of(path)
    yield lambda: reader.execute("ROLLBACK")
    reader.close()


def change(path, ask, vectors):
    with SQLiteStore(path) as store:
        store._due = 0.0
        store.add([ask("another")], vectors(1), "model")
        assert b"a secret text" not in content_of(path)


def open_and_close(path, ask, vectors):
    SQLiteStore(path, create=False).close()


def run_command(path, ask, vectors):
    command = [sys.executable, "-m", "gemel", "remove", "b", "--db", str(path), "--json"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert json.loads(done.stdout)["erased"]
    assert done.stderr == b""


@pytest.mark.parametrize("finish", [change, open_and_close, run_command])
def test_when_the_reader_has_gone_the_next_one_erases(path, held, finish, ask, vectors):
    held()
    finish(path, ask, vectors)
    assert b"a secret text" not in content_of(path)


def test_a_store_that_waited_for_a_reader_erases_when_it_is_closed(path, held):
    with SQLiteStore(path) as store:
        assert not store.finish_erasing(now=True)
        held()
    assert b"a secret text" not in content_of(path)


def test_to_read_alone_erases_nothing_and_works(path, held):
    held()
    before = content_of(path)
    with SQLiteStore(path, read_only=True) as store:
        assert store.find(["secret"]) == [None]
        assert store.state().questions == 2
    assert b"a secret text" in before
    assert b"a secret text" in content_of(path)


def test_remove_reports_that_a_reader_holds_on_to_the_text(path, held):
    command = [sys.executable, "-m", "gemel", "remove", "b", "--db", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "1 question removed" in done.stdout
    assert "another process reads it, so texts that were removed are still in its" in done.stderr


def test_erasing_takes_its_share_of_the_time_and_no_more(path, ask, vectors, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr(sqlite, "monotonic", lambda: clock[0])

    def erase_slowly(self, wait):
        clock[0] += 0.7  # seconds
        return done(self, wait)

    done = SQLiteStore._clear
    monkeypatch.setattr(SQLiteStore, "_clear", erase_slowly)
    with SQLiteStore(path) as store:
        store.add([ask(str(n), f"text {n} of them") for n in range(9)], vectors(9), "model")
        for n in range(2):
            store.remove([str(n)])
            assert f"text {n} of".encode() not in content_of(path)
        store.remove(["2"])  # 1.4 seconds went into erasing
        assert b"text 2 of" in content_of(path)
        clock[0] += 2.0
        store.remove(["3"])
        assert b"text 2 of" not in content_of(path)
        assert b"text 3 of" not in content_of(path)
        store.remove(["4"])
    assert b"text 4 of" not in content_of(path)


# Whatever deletes rows.


def test_decisions_that_are_taken_back_or_replaced_are_erased(path, ask, vectors):
    def decide(reviewer, **how):
        review = NewReview(left_id="a", right_id="b", answer="same", reviewer=reviewer)
        store.decide([review], **how)

    with SQLiteStore(path) as store:
        store.add([ask("a"), ask("b")], vectors(2), "model")
        decide("the first reviewer")
        decide("the second reviewer", replace=True)
        assert b"the first reviewer" not in content_of(path)
        store.undecide([("a", "b")])
    assert b"the second reviewer" not in content_of(path)


def test_vectors_of_a_model_that_was_given_up_are_erased(path, ask, vectors):
    with SQLiteStore(path) as store:
        keys = store.add([ask(str(n)) for n in range(20)], vectors(20), "one")
        for number, model in enumerate(("two", "three"), start=1):
            store.begin_reindex(model, 8)
            store.put_vectors(keys, vectors(20, number))
        store.finish_reindex()
    content = content_of(path)
    for seed, there in ((0, False), (1, False), (2, True)):
        each = vectors(20, seed).astype(np.float16)
        assert [vector.tobytes() in content for vector in each] == [there] * 20


# Kills.


REMOVER = """
import os, sys
from gemel.store import sqlite
if sys.argv[2] == "before":
    sqlite.SQLiteStore._erase = lambda self, wait: os.kill(os.getpid(), 9)
elif sys.argv[2] == "amid":
    pwrite = os.pwrite
    def write_half(file, content, place):
        pwrite(file, content[: len(content) // 2], place)
        os.kill(os.getpid(), 9)
    os.pwrite = write_half
else:
    sqlite.clear_unused = lambda file, roots: os.kill(os.getpid(), 9)
store = sqlite.SQLiteStore(sys.argv[1])
store.remove(["secret"])
"""


@pytest.mark.parametrize("moment", ["before", "amid", "behind the log"])
def test_a_process_killed_between_removal_and_erasure(path, ask, vectors, moment):
    with SQLiteStore(path) as store:
        some = [ask(str(n), f"{n:040}") for n in range(300)]
        store.add(some, vectors(300), "model")
        store.add([ask("secret", "a secret text")], vectors(1), "model")
        store.remove(["7"])
    content = bytearray(path.read_bytes())
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'removed'"
        start = (connection.execute(query).fetchone()[0] - 1) * 4096
    content[start + 1000 : start + 1020] = b"something of before."  # so that there is work
    path.write_bytes(content)
    done = subprocess.run([sys.executable, "-c", REMOVER, path, moment], check=False)
    assert done.returncode == -signal.SIGKILL
    with SQLiteStore(path, create=False) as store:
        assert store.state().questions == 299
        with store.session() as session:
            assert session.run("PRAGMA integrity_check") == [("ok",)]
            assert session.run("SELECT pending FROM erasure") == [(0,)]
    content = content_of(path)
    assert b"a secret text" not in content
    assert b"something of before" not in content


BACKUP = """
import sys, time
from gemel.store import backups
from gemel.store.sqlite import SQLiteStore
def wait(fresh, path):
    print("written", flush=True)
    time.sleep(60)
backups.place_file = wait
SQLiteStore(sys.argv[1]).backup(sys.argv[2])
"""


def test_a_killed_backup_is_removed_and_a_running_one_is_not(path, tmp_path, ask, vectors):
    with SQLiteStore(path) as store:
        store.add([ask("a", "a secret text")], vectors(1), "model")
    (tmp_path / "out").mkdir()
    other = tmp_path / "out" / ".backup.db.tmp-abcd1234"
    other.write_text("another program's")
    command = [sys.executable, "-c", BACKUP, path, tmp_path / "out" / "backup.db"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"written\n"
        with SQLiteStore(path) as store:
            store.remove(["a"])
            store.backup(tmp_path / "out" / "first.db")
            assert len(list((tmp_path / "out").iterdir())) == 3
            process.kill()
            process.wait()
            store.backup(tmp_path / "out" / "second.db")
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == [
        other.name,
        "first.db",
        "second.db",
    ]


def test_opening_a_corpus_removes_leftovers_next_to_it(path):
    SQLiteStore(path).close()
    left = path.with_name(".backup.db.tmp-abcd1234.gemel")
    left.mkdir()
    (left / "backup").write_text("a secret text")
    SQLiteStore(path, read_only=True).close()
    assert left.exists()
    SQLiteStore(path).close()
    assert not left.exists()


def test_an_erasure_closes_its_descriptor_only_when_nothing_else_has_the_file(path, ask, vectors):
    """To close it would take away the locks of all other connections of the process."""
    store = SQLiteStore(path)
    identity = store._file
    other = sqlite3.connect(path)
    other.execute("SELECT 1 FROM questions").fetchall()
    store.add([ask("a")], vectors(1), "model")
    store.remove(["a"])
    store.close()
    assert identity in sqlite_pages._RAW
    other.close()
    SQLiteStore(path).close()
    assert identity not in sqlite_pages._RAW


def test_a_service_erases_when_the_reader_has_gone(path, held, tiny_model):
    from gemel.corpus import DuplicateIndex
    from gemel.inference import Engine
    from gemel.service.group_process import GroupProcess
    from gemel.service.limits import Limits
    from gemel.service.served_corpus import ServedCorpus

    held()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE store SET model = ?", (Engine(tiny_model).model.fingerprint,))
    store = SQLiteStore(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE erasure SET pending = 1")  # as another process leaves it
    site = ServedCorpus(
        DuplicateIndex(store, Engine(tiny_model)), GroupProcess(str(path), ""), Limits()
    )
    site._erase()
    with store.session() as session:
        assert session.run("SELECT pending FROM erasure") == [(0,)]
    site._close()
