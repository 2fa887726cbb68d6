"""A store in an SQLite file: the file itself, its faults, and what is left of removed texts."""

import os
import random
import sqlite3
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from gemel.errors import StoreError
from gemel.store import sqlite, sqlite_schema
from gemel.store.sqlite import SQLiteStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "questions.db"


@pytest.fixture
def filled(path, ask, vectors):
    """A store of 50 questions, closed."""
    with SQLiteStore(path) as store:
        store.add([ask(str(n), "Why? " * 50, n=n) for n in range(50)], vectors(50), "model")
    return path


def bytes_of(path):
    """Of the file and those next to it."""
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


# The file


def test_a_file_that_is_not_there(path):
    with pytest.raises(StoreError, match=r"questions\.db: no such store; `gemel index QUESTIONS"):
        SQLiteStore(path, create=False)
    with pytest.raises(StoreError, match="no such store"):
        SQLiteStore(path, read_only=True)
    assert not path.exists()
    with pytest.raises(StoreError, match="it cannot be opened; check that its folder exists"):
        SQLiteStore(path / "deep")
    path.mkdir()
    with pytest.raises(StoreError, match="is no file"):
        SQLiteStore(path)


@pytest.mark.parametrize("name", ["a b?mode=ro#c.db", "100%.db", "ü'\".db"])
def test_a_file_of_any_name(tmp_path, ask, vectors, name):
    with SQLiteStore(tmp_path / name) as store:
        store.add([ask("a")], vectors(1), "model")
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_an_empty_file_is_filled_or_refused(path):
    path.touch()
    with pytest.raises(StoreError, match="is empty; `gemel index QUESTIONS --db FILE` fills it"):
        SQLiteStore(path, create=False)
    with SQLiteStore(path) as store:
        assert store.state().sequence == 0
    with SQLiteStore(path, create=False):
        pass


def test_what_is_no_store_is_refused_and_left_as_it_is(path):
    path.write_bytes(b"question,answer\n" * 1000)
    with pytest.raises(StoreError, match="is no SQLite file, or damaged"):
        SQLiteStore(path)
    assert path.read_bytes() == b"question,answer\n" * 1000
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is another application's SQLite file; expected a store"):
        SQLiteStore(path)
    assert path.read_bytes() == before


def test_a_store_of_a_newer_gemel_is_refused(filled):
    with sqlite3.connect(filled) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(StoreError, match=r"newer gemel \(schema 7; this one knows 3\); upgrade"):
        SQLiteStore(filled)


def test_a_store_of_an_older_gemel_is_brought_up_to_date(filled, monkeypatch):
    wider = ("ALTER TABLE questions ADD COLUMN rank INTEGER", "UPDATE questions SET rank = key")
    monkeypatch.setattr(sqlite_schema, "MIGRATIONS", (*sqlite_schema.MIGRATIONS, wider))
    monkeypatch.setattr(sqlite_schema, "READABLE", 4)
    with pytest.raises(StoreError, match=r"older gemel \(schema 3; this one knows 4\); open it"):
        SQLiteStore(filled, read_only=True)
    for _ in range(2):
        with SQLiteStore(filled, create=False) as store, store.reading() as (session, _):
            assert session.run("SELECT sum(rank - key) FROM questions") == [(0,)]
            assert session.run("PRAGMA user_version") == [(4,)]


def test_a_migration_that_fails_changes_nothing(filled, monkeypatch):
    wrong = ("ALTER TABLE questions ADD COLUMN rank INTEGER", "UPDATE nowhere SET rank = key")
    with monkeypatch.context() as patch:
        patch.setattr(sqlite_schema, "MIGRATIONS", (*sqlite_schema.MIGRATIONS, wrong))
        with pytest.raises(StoreError, match="no such table: nowhere"):
            SQLiteStore(filled)
    with SQLiteStore(filled) as store:
        assert len(next(store.scan())) == 50


def test_a_file_that_goes_is_missed(filled, ask, vectors):
    with SQLiteStore(filled) as store:
        other = filled.with_name("other.db")
        SQLiteStore(other).close()
        filled.rename(filled.with_name("moved.db"))
        with pytest.raises(StoreError, match="the file was deleted or replaced; open it again"):
            store.add([ask("new")], vectors(1), "model")
        other.rename(filled)
        with pytest.raises(StoreError, match="the file was deleted or replaced"):
            store.state()


def test_nothing_is_next_to_a_closed_store(filled):
    assert [file.name for file in filled.parent.iterdir()] == [filled.name]


def test_a_place_without_a_write_ahead_log_is_refused():
    connection = sqlite3.connect(":memory:")
    with pytest.raises(StoreError, match=r"no write-ahead log is possible here \(memory\)"):
        sqlite_schema.make_schema(connection, "questions.db")
    connection.close()


# Faults


def test_a_damaged_file_is_reported(filled, ask, vectors):
    content = bytearray(filled.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    filled.write_bytes(content)
    with pytest.raises(StoreError, match="the file is damaged; restore it from a backup"):
        list(SQLiteStore(filled).scan())


@pytest.mark.parametrize("seed", range(10))
def test_damage_anywhere_is_a_store_error_or_seen_by_no_one(filled, ask, vectors, seed):
    content = bytearray(filled.read_bytes())
    draw = random.Random(seed)
    start = draw.randrange(len(content) - 600)
    content[start : start + 600] = draw.randbytes(600)
    filled.write_bytes(content)
    with suppress(StoreError), SQLiteStore(filled) as store:
        store.changes(0)
        list(store.scan())
        store.add([ask("0", "new")], vectors(1), "model", replace=True)
        store.remove(["1", "2"])


def test_vectors_and_metadata_that_are_cut_short_are_damage(filled):
    for statement, look in (
        ("UPDATE vectors SET vector = x'00' WHERE key = 3", lambda store: store.changes(0)),
        ("UPDATE questions SET metadata = '{' WHERE key = 3", lambda store: store.get([3])),
        ("UPDATE questions SET metadata = '{' WHERE key = 3", lambda store: store.remove(["2"])),
    ):
        with SQLiteStore(filled) as store:
            with store.changing() as (session, _):
                session.run(statement)
            with pytest.raises(StoreError, match="damaged"):
                look(store)


def test_a_store_that_is_read_only_refuses_changes(filled, ask, vectors):
    with SQLiteStore(filled, read_only=True) as store:
        assert store.state().questions == 50
        for change in (
            lambda: store.add([ask("new")], vectors(1), "model"),
            lambda: store.remove(["0"]),
            lambda: store.begin_reindex("two", 3),
        ):
            with pytest.raises(StoreError, match="it is read-only; make it and its folder"):
                change()
        assert store.state().questions == 50


def test_a_full_disk_loses_nothing(tmp_path, ask, vectors, mounted):
    kept = set()

    def fill(store):
        for number in range(10_000):
            names = [f"{number}-{n}" for n in range(20)]
            store.add([ask(name, "Why? " * 50) for name in names], vectors(20), "model")
            kept.update(names)

    full = r"the disk is full|the disk fails, or is full|cannot be written: No space"
    with mounted(tmp_path / "disk", "2m") as disk:
        with SQLiteStore(disk / "questions.db") as store:
            with pytest.raises(StoreError, match=full):
                fill(store)
            assert len(kept) > 100
            assert {each.id for lot in store.scan() for each in lot} == kept
            assert len(store.changes(0).keys) == len(kept)
            with pytest.raises(StoreError, match=full):
                store.backup(disk / "backup.db")
            assert not list(disk.glob("*backup*"))
            subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
            store.add([ask("after")], vectors(1), "model")
            store.remove(["0-0"])
        with SQLiteStore(disk / "questions.db") as store:
            assert {each.id for lot in store.scan() for each in lot} == (kept | {"after"}) - {"0-0"}


def test_a_disk_that_may_only_be_read(tmp_path, ask, vectors, mounted):
    with mounted(tmp_path / "disk", "2m") as disk:
        with SQLiteStore(disk / "questions.db") as store:
            store.add([ask("a")], vectors(1), "model")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        for options in ({}, {"read_only": True}):
            with pytest.raises(StoreError, match=r"cannot be opened|is read-only"):
                SQLiteStore(disk / "questions.db", **options)
        with pytest.raises(StoreError, match=r"cannot be opened|is read-only"):
            SQLiteStore(disk / "new.db")


# Several processes


WRITER = """
import sys
import numpy as np
from gemel.store.base import NewQuestion
from gemel.store.sqlite import SQLiteStore

with SQLiteStore(sys.argv[1]) as store:
    for n in range(100):
        question = NewQuestion(id=f"{sys.argv[2]}-{n}", text="Why?")
        store.add([question], np.eye(8, dtype=np.float32)[:1], "model")
"""


def test_writers_of_several_processes_wait_for_each_other(path):
    """They also make the file at the same moment."""
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, str(n)]) for n in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    with SQLiteStore(path) as store:
        assert {kept.id for lot in store.scan() for kept in lot} == {
            f"{writer}-{n}" for writer in range(3) for n in range(100)
        }
        keys = store.changes(0).keys
        assert keys.tolist() == sorted(set(keys.tolist()))


def test_a_writer_that_never_ends_is_not_waited_for(filled, ask, vectors, monkeypatch):
    monkeypatch.setattr(sqlite, "_LOCK_TIMEOUT", 0.05)
    other = sqlite3.connect(filled, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with SQLiteStore(filled) as store:
        with pytest.raises(StoreError, match="another process has been writing for 30 seconds"):
            store.add([ask("new")], vectors(1), "model")
        assert store.state().questions == 50
        other.close()
        store.add([ask("new")], vectors(1), "model")


def stop_in_mid_change(store):
    with store.changing() as (session, _):
        session.run("DELETE FROM questions")
        raise KeyboardInterrupt


def test_a_thread_that_is_stopped_in_mid_change_leaves_no_lock(filled, ask, vectors):
    with SQLiteStore(filled) as store:
        with pytest.raises(KeyboardInterrupt):
            stop_in_mid_change(store)
        store.add([ask("new")], vectors(1), "model")
        assert store.state().questions == len(next(store.scan())) == 51


def test_others_cannot_read_more_than_the_umask_lets_them(tmp_path, path):
    before = os.umask(0o027)
    try:
        with SQLiteStore(path) as store:
            store.backup(tmp_path / "backup.db")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "backup.db").stat().st_mode) == 0o640


# What is left of removed texts


def test_what_is_removed_is_in_no_file(path, ask, vectors):
    """Texts, ids and metadata, by removal and by replacement, as they lie about at random."""
    draw = random.Random(3)
    words = {n: f"<{draw.getrandbits(80):020x}>" for n in range(600)}

    def asked(n):
        word = words[n]
        return ask(f"id{word}", word * draw.choice([1, 3, 200]), about=f"m{word}")

    with SQLiteStore(path) as store:
        for start in range(0, 600, 40):
            store.add([asked(n) for n in range(start, start + 40)], vectors(40), "model")
        assert all(word.encode() in bytes_of(path) for word in words.values())
        gone = set(draw.sample(range(600), 300))
        store.remove([f"id{words[n]}" for n in gone])
        content = bytes_of(path)
        assert [n for n in gone if words[n].encode() in content] == []
        assert all(words[n].encode() in content for n in words if n not in gone)
        new = [ask(f"id{words[n]}", "another") for n in range(600) if n not in gone]
        store.add(new, vectors(300), "model", replace=True)
        content = bytes_of(path)
        assert [n for n in words if words[n].encode() * 3 in content] == []
        assert [n for n in words if b"m" + words[n].encode() in content] == []


def test_a_reader_holds_on_to_what_was_removed(filled, monkeypatch, ask, vectors):
    monkeypatch.setattr(sqlite, "_ERASE_TIMEOUT", 0.05)
    with SQLiteStore(filled) as store, SQLiteStore(filled) as other:
        store.add([ask("secret", "a secret text")], vectors(1), "model")
        with other.reading():
            store.remove(["secret"])
            assert not store.erase()
            assert b"a secret text" in bytes_of(filled)
        assert store.erase()
        assert b"a secret text" not in bytes_of(filled)


def test_the_old_models_vectors_are_in_no_file(path, ask, vectors):
    with SQLiteStore(path) as store:
        keys = store.add([ask(str(n)) for n in range(100)], vectors(100), "one")
        store.begin_reindex("two", 8)
        store.put_vectors(keys, vectors(100, 1))
        store.finish_reindex()
        assert store.erase()
    old = [vector.tobytes() for vector in vectors(100).astype(np.float16)]
    assert not any(vector in path.read_bytes() for vector in old)


def test_a_backup_holds_nothing_that_was_removed(filled, tmp_path):
    with SQLiteStore(filled) as store:
        store.remove(["7"])
        store.backup(tmp_path / "backup.db")
    assert Path(tmp_path / "backup.db").stat().st_size > 4096
    with SQLiteStore(tmp_path / "backup.db", create=False) as backup:
        assert backup.find(["7"]) == [None]
        assert backup.state().questions == 49
