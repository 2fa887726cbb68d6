"""A store in PostgreSQL: its server, its tables, and what is left of removed texts."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import psycopg
import pytest

from gemel.errors import DataError, StoreError
from gemel.store import postgres, postgres_schema
from gemel.store.connection import open_store, restore
from gemel.store.postgres import PostgresStore


@pytest.fixture
def url(new_database):
    return new_database()


@pytest.fixture
def store(url, ask, vectors):
    """A store of 20 questions."""
    with PostgresStore(url) as opened:
        asked = [ask(str(n), "Why? " * 20, n=n) for n in range(20)]
        opened.add(asked, vectors(20), "model")
        yield opened


def run(url, *statements):
    with psycopg.connect(url, autocommit=True) as connection:
        return [connection.execute(statement).statusmessage for statement in statements]


# The tables


def test_tables_of_a_newer_gemel_are_refused(store, url):
    run(url, "UPDATE gemel.schema SET version = 7")
    with pytest.raises(StoreError, match=r"newer gemel \(schema 7; this one knows 3\); upgrade"):
        PostgresStore(url)


def test_tables_of_an_older_gemel_are_brought_up_to_date(store, url, monkeypatch):
    wider = ("ALTER TABLE gemel.questions ADD COLUMN rank bigint",)
    monkeypatch.setattr(postgres_schema, "MIGRATIONS", (*postgres_schema.MIGRATIONS, wider))
    for _ in range(2):
        with PostgresStore(url, create=False) as opened, opened.reading() as (session, _):
            assert session.run("SELECT count(*), count(rank) FROM questions") == [(20, 0)]
            assert session.run("SELECT version FROM schema") == [(4,)]


def test_a_migration_that_fails_changes_nothing(store, url, monkeypatch):
    wrong = ("ALTER TABLE gemel.questions ADD COLUMN rank bigint", "UPDATE nowhere SET rank = 1")
    with monkeypatch.context() as patch:
        patch.setattr(postgres_schema, "MIGRATIONS", (*postgres_schema.MIGRATIONS, wrong))
        with pytest.raises(StoreError, match='"nowhere" does not exist'):
            PostgresStore(url)
    with PostgresStore(url) as opened:
        assert len(next(opened.scan())) == 20


def test_a_server_without_pgvector_is_reported(url, monkeypatch):
    monkeypatch.setattr(postgres_schema, "EXTENSION", "vector_of_nobody")
    with pytest.raises(StoreError, match="the server has no pgvector; install it there"):
        PostgresStore(url)
    monkeypatch.undo()
    with pytest.raises(
        StoreError, match="holds no store; `gemel index QUESTIONS --db URL` creates"
    ):
        PostgresStore(url, create=False)


def test_an_old_pgvector_is_reported(url):
    run(url, "CREATE EXTENSION IF NOT EXISTS vector", "ALTER TYPE halfvec RENAME TO renamed")
    try:
        with pytest.raises(StoreError, match=r"pgvector has no halfvec; install"):
            PostgresStore(url)
    finally:
        run(url, "ALTER TYPE renamed RENAME TO halfvec")


def test_pgvector_may_be_in_any_schema(url, ask, vectors):
    run(url, "CREATE EXTENSION IF NOT EXISTS vector", 'CREATE SCHEMA "else where"')
    run(url, 'ALTER EXTENSION vector SET SCHEMA "else where"')
    try:
        with PostgresStore(url) as opened:
            opened.add([ask("a")], vectors(1), "model")
            assert len(opened.changes(0).keys) == 1
    finally:
        run(url, "ALTER EXTENSION vector SET SCHEMA public", 'DROP SCHEMA "else where"')


def test_tables_that_go_are_missed(store, url):
    run(url, "DROP SCHEMA gemel CASCADE")
    with pytest.raises(StoreError, match="the tables are missing; restore them from a backup"):
        store.state()


# The server


def test_an_address_that_leads_nowhere(tmp_path):
    with pytest.raises(StoreError, match="the server does not answer") as raised:
        PostgresStore(f"postgresql://me:geheim@/none?host={tmp_path}")
    assert "geheim" not in str(raised.value)
    with pytest.raises(StoreError, match="is not a valid URL") as raised:
        PostgresStore("postgresql://me:geheim%zz@/none")
    assert "geheim" not in str(raised.value)


def test_a_server_that_was_killed_and_is_back(store, ask, vectors, kill_and_start_server):
    before = store.state()
    with store.reading():
        pass
    kill_and_start_server()
    with pytest.raises(StoreError, match="the server does not answer, or stopped"):
        store.add([ask("new")], vectors(1), "model")
    assert store.state() == before
    store.add([ask("new")], vectors(1), "model")
    assert store.find(["new"])[0].text == "What is new?"


def test_a_user_that_may_only_read(store, url, ask, vectors):
    run(
        url,
        "DROP ROLE IF EXISTS guest",
        "CREATE ROLE guest LOGIN",
        "GRANT USAGE ON SCHEMA gemel TO guest",
        "GRANT SELECT ON ALL TABLES IN SCHEMA gemel TO guest",
    )
    with PostgresStore(url.replace("postgres:@", "guest@")) as guest:
        assert guest.state() == store.state()
        assert len(guest.changes(0).keys) == 20
        with pytest.raises(StoreError, match="this user lacks a privilege; grant it"):
            guest.add([ask("new")], vectors(1), "model")


def test_a_writer_that_never_ends_is_not_waited_for(url, store, ask, vectors, monkeypatch):
    monkeypatch.setattr(postgres, "_LOCK_TIMEOUT", 1)
    with PostgresStore(url) as other, psycopg.connect(url) as hog:
        hog.execute("SELECT * FROM gemel.store FOR UPDATE")
        with pytest.raises(StoreError, match="another process has been writing for 30 seconds"):
            other.add([ask("new")], vectors(1), "model")
        assert other.state().questions == 20
        hog.rollback()
        other.add([ask("new")], vectors(1), "model")


def test_a_full_disk_loses_nothing(store, url, server, ask, vectors, mounted):
    kept = {str(n) for n in range(20)}

    def fill():
        for number in range(10_000):
            names = [f"{number}-{n}" for n in range(20)]
            store.add([ask(name, "Why? " * 50) for name in names], vectors(20), "model")
            kept.update(names)

    with mounted(server.pgdata.parent / "disk", "1m") as disk:
        shutil.chown(disk, server.system_user)
        run(url, f"CREATE TABLESPACE small LOCATION '{disk}'")
        run(url, "ALTER TABLE gemel.questions SET TABLESPACE small")
        with pytest.raises(
            StoreError, match="the server's disk is full; nothing of this was stored"
        ):
            fill()
        assert {each.id for lot in store.scan() for each in lot} == kept
        assert store.state().questions == len(store.changes(0).keys) == len(kept) > 100
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        store.add([ask("after")], vectors(1), "model")
        assert store.find(["after"])[0].text == "What is after?"
        store.close()
        run(url, "DROP SCHEMA gemel CASCADE", "DROP TABLESPACE small")


WRITER = """
import sys
import numpy as np
from gemel.store.postgres import PostgresStore
from gemel.store.base import NewQuestion

with PostgresStore(sys.argv[1]) as store:
    for n in range(50):
        question = NewQuestion(id=f"{sys.argv[2]}-{n}", text="Why?")
        store.add([question], np.eye(8, dtype=np.float32)[:1], "model")
"""


def test_writers_of_several_processes_wait_for_each_other(url):
    """They also make the tables at the same moment."""
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, url, str(n)]) for n in range(3)]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    with PostgresStore(url) as store:
        assert {kept.id for lot in store.scan() for kept in lot} == {
            f"{writer}-{n}" for writer in range(3) for n in range(50)
        }
        assert store.changes(0).keys.tolist() == list(range(1, 151))


def test_an_error_holds_no_text(store, url, ask, vectors):
    run(url, "ALTER TABLE gemel.questions ADD CHECK (text <> 'a secret')")
    with pytest.raises(StoreError, match="violates check constraint") as raised:
        store.add([ask("new", "a secret")], vectors(1), "model")
    assert "secret" not in str(raised.value)


# What is left of removed texts


def tables_of(server):
    return b"".join(path.read_bytes() for path in (server.pgdata / "base").rglob("*/*"))


def test_what_is_erased_is_in_no_table(store, url, server, ask, vectors):
    store.add([ask("ab"), ask("cd", "another secret text")], vectors(2), "model")
    run(url, "CHECKPOINT")
    assert b"another secret text" in tables_of(server)
    store.remove(["cd"])
    assert store.erase()
    run(url, "CHECKPOINT")
    assert b"another secret text" not in tables_of(server)
    assert b"What is ab?" in tables_of(server)


@pytest.mark.parametrize("look", ["SELECT count(*) FROM gemel.questions", "SELECT 1"])
def test_a_reader_holds_on_to_what_was_removed(store, url, look):
    with psycopg.connect(url) as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute(look)
        store.remove(["7"])
        assert not store.erase()
        reader.rollback()
    assert store.erase()


# From one kind of store into the other


def test_a_backup_of_one_kind_fills_the_other(store, url, tmp_path, new_database):
    state, changes = store.state(), store.changes(0)
    questions = list(store.scan())
    store.backup(tmp_path / "first.db")
    with open_store(str(tmp_path / "first.db")) as copied:
        copied.backup(tmp_path / "second.db")
    with pytest.raises(DataError, match="holds 20 questions"):
        restore(tmp_path / "second.db", url)
    store.close()
    new_database()
    restore(tmp_path / "second.db", url)
    with PostgresStore(url) as again:
        assert again.state()._replace(identity=state.identity) == state
        assert list(again.scan()) == questions
        np.testing.assert_array_equal(again.changes(0).keys, changes.keys)
        np.testing.assert_array_equal(again.changes(0).vectors, changes.vectors)
    assert {path.name for path in Path(tmp_path).iterdir()} == {"first.db", "second.db"}
