import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.errors import DataError
from gemel.search.keys import KeyStore, draw_key, matches, prefix_of
from gemel.search.sqlite import SQLiteStore


def test_a_key_is_found_until_it_is_revoked(store):
    assert isinstance(store, KeyStore)
    key = store.add_key("ann", "write")
    other = store.add_key("bob", "read")
    assert key != other
    found = store.find_key(key)
    assert (found.name, found.scope, found.revoked_at) == ("ann", "write", None)
    records = store.keys()
    assert [each.name for each in records] == ["ann", "bob"]
    assert store.revoke_key("ann")
    assert not store.revoke_key("ann")
    assert store.find_key(key) is None
    assert store.find_key(other).name == "bob"
    ann, bob = store.keys()
    assert ann.revoked_at >= ann.created_at
    assert bob.revoked_at is None
    assert store.find_key(store.add_key("ann", "read")).scope == "read"


def test_what_is_kept_is_no_key(store, tmp_path):
    key = store.add_key("ann", "read")
    store.backup(tmp_path / "backup.db")
    secret = key.rpartition("_")[2]
    assert secret.encode() not in (tmp_path / "backup.db").read_bytes()
    assert secret not in repr(store.keys())


def test_a_key_that_differs_by_one_letter_is_nobodys(store):
    key = store.add_key("ann", "read")
    for place in range(len("gemel_12345678_"), len(key) - 1):
        other = "A" if key[place] != "A" else "B"
        assert store.find_key(key[:place] + other + key[place + 1 :]) is None


@pytest.mark.parametrize("name", ["", "  ", "a" * 201, "a\nb", "a\0b"])
def test_a_name_is_a_name(store, name):
    with pytest.raises(DataError, match="a key cannot be called"):
        store.add_key(name, "read")


def test_a_name_is_taken_until_its_key_is_revoked(store):
    store.add_key("ann", "read")
    with pytest.raises(DataError, match="is called 'ann' already"):
        store.add_key("ann", "write")
    with pytest.raises(DataError, match="one of read, write, not 'all'"):
        store.add_key("eve", "all")


@given(st.text() | st.binary().map(lambda given: given.decode("latin-1")))
def test_nonsense_is_no_key(text):
    assert prefix_of(text) is None


def test_a_drawn_key_is_one():
    drawn = draw_key()
    assert prefix_of(drawn.text) == drawn.prefix
    assert matches(drawn.text, drawn.hash)
    assert not matches(draw_key().text, drawn.hash)
    assert prefix_of(drawn.text + " ") is None


def test_a_store_of_before_there_were_decisions_and_keys_gets_them(tmp_path):
    path = tmp_path / "old.db"
    with SQLiteStore(path) as store:
        assert store.keys() == []
    connection = sqlite3.connect(path)
    connection.executescript("DROP TABLE reviews; DROP TABLE api_keys; PRAGMA user_version = 1")
    connection.close()
    with SQLiteStore(path) as store:
        assert (store.keys(), store.decided()) == ([], {})
        assert store.find_key(store.add_key("ann", "read")).name == "ann"
