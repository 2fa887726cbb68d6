"""Stores and backups that anyone may have made: a clear error, and nothing is left of a restore."""

import json
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from typer.testing import CliRunner

from gemel.api import open_index
from gemel.cli.application import app
from gemel.errors import StoreError
from gemel.inference import Engine
from gemel.store.base import NewReview
from gemel.store.connection import open_store, restore
from gemel.store.service_keys import draw_key
from gemel.store.sqlite import SQLiteStore

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT"
DEEP = "[" * 100_000 + "]" * 100_000

SCHEMA = {
    "a view in place of a table": f"""
        DROP TABLE questions;
        CREATE VIEW questions AS {ENDLESS} x AS key, x AS id, 'a' AS text, '{{}}' AS metadata FROM n
    """,
    "a view in place of the ledger": f"""
        DROP TABLE store; CREATE VIEW store AS {ENDLESS} x AS sequence FROM n
    """,
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON questions BEGIN DELETE FROM removed; END",
    "one more view": "CREATE VIEW more AS SELECT * FROM questions",
    "one more index of ours": "CREATE INDEX more ON questions (length(text))",
    "one more column": "ALTER TABLE questions ADD COLUMN more",
    "no table of vectors": "DROP TABLE vectors",
    "a table with other columns": "DROP TABLE removed; CREATE TABLE removed (sequence, key)",
}
LEDGER = {
    "fewer than no questions": "UPDATE store SET questions = -5",
    "a text as count": "UPDATE store SET questions = 'many'",
    "a number as model": "UPDATE store SET model = x'00'",
    "too many numbers in a vector": "UPDATE store SET dim = 17000",
    "more questions than changes": "UPDATE store SET questions = 1000000",
    "a number beyond all bounds": "UPDATE store SET sequence = 9223372036854775807",
    "no ledger": "DELETE FROM store",
    "two ledgers": "INSERT INTO store SELECT * FROM store",
}
ROWS = {
    "deep metadata": f"UPDATE questions SET metadata = '{DEEP}' WHERE key = 2",
    "deep values": f"UPDATE questions SET metadata = '{{\"a\": {DEEP}}}' WHERE key = 2",
    "a list of metadata": "UPDATE questions SET metadata = '{\"a\": [1]}' WHERE key = 2",
    "no finite number": "UPDATE questions SET metadata = '{\"a\": NaN}' WHERE key = 2",
    "metadata without names": "UPDATE questions SET metadata = '[1]' WHERE key = 2",
    "bytes as a text": "UPDATE questions SET text = x'ff00' WHERE key = 2",
    "bytes as an id": "UPDATE questions SET id = x'41' WHERE key = 2",
    "a vector of zeros": "UPDATE vectors SET vector = zeroblob(8) WHERE key = 2",
    "a vector that is infinite": "UPDATE vectors SET vector = x'007c000000000000' WHERE key = 2",
    "a long vector": "UPDATE vectors SET vector = x'0040004000400040' WHERE key = 2",
    "a text as a vector": "UPDATE vectors SET vector = 'abcdefgh' WHERE key = 2",
    "a number as a vector": "UPDATE vectors SET vector = 5 WHERE key = 2",
    "a text as a key": "UPDATE vectors SET key = 'abc' WHERE key = 2",
    "fewer vectors": "DELETE FROM vectors WHERE key = 2",
    "a count that is wrong": "UPDATE store SET questions = 2",
}
ONLY_RESTORED = {
    "a text with a NUL": "UPDATE questions SET text = 'a' || char(0) WHERE key = 2",
    "an empty id": "UPDATE questions SET id = '' WHERE key = 2",
    "a key below 1": "UPDATE questions SET key = -1 WHERE key = 2",
    "a vector of another length": "UPDATE vectors SET vector = x'0038000000000000' WHERE key = 2",
    "a vector of no question": "UPDATE vectors SET key = 99 WHERE key = 2",
    "a vector of another generation": "UPDATE vectors SET generation = 5 WHERE key = 2",
    "a removal of what is there": "INSERT INTO removed VALUES (4, 2)",
    "a change that was not": "INSERT INTO removed VALUES (77, 9)",
    "a text as what was removed": "INSERT INTO removed VALUES (4, 'abc')",
    "a decision of no kind": "UPDATE reviews SET answer = 'maybe'",
    "a decision of no time": "UPDATE reviews SET decided_at = 1e300",
    "a decision about nothing": "UPDATE reviews SET right_key = 99",
    "a key of no scope": "UPDATE api_keys SET scope = 'all'",
    "a key without a hash": "UPDATE api_keys SET hash = 'abc'",
}
ALL = SCHEMA | LEDGER | ROWS | ONLY_RESTORED


@pytest.fixture
def hostile(tmp_path, ask):
    """A function that makes a store and changes it behind gemel's back."""

    def make(script, model="model"):
        path = tmp_path / "hostile.db"
        with SQLiteStore(path) as store:
            vectors = np.eye(4, dtype=np.float32)[:3]
            store.add([ask(name, forum=1) for name in "abc"], vectors, model)
            review = NewReview(left_id="a", right_id="b", answer="same", reviewer="ann")
            store.decide([review])
            store.add_key("ann", "read")
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
        return path

    return make


@pytest.mark.parametrize("script", ALL.values(), ids=list(ALL))
def test_a_hostile_backup_is_refused_and_nothing_is_left(hostile, tmp_path, script):
    path = hostile(script)
    (tmp_path / "new").mkdir()
    with pytest.raises(StoreError, match=r"damaged|restore"):
        restore(path, str(tmp_path / "new" / "site.db"))
    assert list((tmp_path / "new").iterdir()) == []


def test_a_hostile_backup_leaves_an_empty_store_empty(hostile, new_store):
    where = new_store()
    open_store(where).close()
    with pytest.raises(StoreError, match="length 0"):
        restore(hostile(ROWS["a vector of zeros"]), where)
    with open_store(where, create=False) as store:
        assert store.state().sequence == 0


def test_a_hostile_backup_makes_no_tables_in_a_server(hostile, new_database):
    where = new_database()
    with pytest.raises(StoreError, match="length 0"):
        restore(hostile(ROWS["a vector of zeros"]), where)
    with pytest.raises(StoreError, match="holds no store"):
        open_store(where, create=False)


def test_what_is_sound_is_restored(hostile, tmp_path):
    restore(hostile("CREATE TABLE of_a_backup_tool (id)"), str(tmp_path / "site.db"))
    with SQLiteStore(tmp_path / "site.db") as store:
        assert [each.id for each in next(store.scan())] == ["a", "b", "c"]
        assert store.keys()[0].name == "ann"


OPENED = SCHEMA | LEDGER | ROWS


@pytest.mark.parametrize("script", OPENED.values(), ids=list(OPENED))
def test_a_hostile_file_cannot_be_searched(hostile, tiny_model, script):
    engine = Engine(tiny_model)
    path = hostile(script, engine.model.fingerprint)
    with (
        pytest.raises((StoreError), match=r"damaged|restore|backup"),
        open_index(path, engine, create=False) as index,
    ):
        index.check("What is a?", k=3)


def test_a_hostile_file_is_one_line_on_the_command_line(hostile):
    path = hostile(SCHEMA["a view in place of a table"])
    done = CliRunner().invoke(app, ["remove", "a", "--db", str(path)])
    assert isinstance(done.exception, StoreError | SystemExit)
    assert "Traceback" not in done.output


@pytest.mark.parametrize("change", ["scope = 5", "hash = 'abc'", "name = x'00'"])
def test_a_hostile_key_is_no_ones(hostile, change):
    drawn = draw_key()
    path = hostile(f"UPDATE api_keys SET prefix = '{drawn.prefix}', {change}")
    with SQLiteStore(path) as store:
        for look in (store.keys, lambda: store.find_key(drawn.text)):
            try:
                assert look() is None
            except StoreError as error:
                assert "damaged" in str(error)  # noqa: PT017


@pytest.mark.parametrize("change", ["answer = 'x'", "decided_at = 'x'", "similarity = 9e999"])
def test_a_hostile_decision_is_an_error(hostile, change):
    with SQLiteStore(hostile(f"UPDATE reviews SET {change}")) as store:
        with pytest.raises(StoreError, match="damaged"):
            list(store.reviews())
        with pytest.raises(StoreError, match="damaged"):
            store.reviews_of([("a", "b")])


def test_metadata_of_every_kind_are_restored(tmp_path, ask):
    given = {"a": "é", "b": 1, "c": 0.5, "d": True, "e": None, "": ""}
    with SQLiteStore(tmp_path / "one.db") as store:
        store.add([ask("a", **{})], np.eye(4, dtype=np.float32)[:1], "model")
        with store.changing() as (session, _):
            session.run("UPDATE questions SET metadata = ?", (json.dumps(given),))
        store.backup(tmp_path / "backup.db")
    restore(tmp_path / "backup.db", str(tmp_path / "two.db"))
    with SQLiteStore(tmp_path / "two.db") as store:
        assert store.get([1])[0].metadata == given
