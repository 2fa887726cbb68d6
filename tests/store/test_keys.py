import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.errors import DataError, StoreError
from gemel.store.base import KeyStore, NewReview
from gemel.store.connection import open_store
from gemel.store.service_keys import draw_key, key_hash, matches, prefix_of
from gemel.store.sqlite import SQLiteStore


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


@pytest.mark.parametrize("name", ["", "nobody", "a\0b", "half \ud800"])
def test_what_is_no_ones_name_revokes_nothing(store, name):
    store.add_key("ann", "read")
    assert not store.revoke_key(name)
    (record,) = store.keys()
    assert record.revoked_at is None


def test_what_is_kept_is_no_key(store, tmp_path):
    key = store.add_key("ann", "read")
    store.backup(tmp_path / "backup.db")
    secret = key.split("_", 2)[2]  # it may have that letter too
    assert secret.encode() not in (tmp_path / "backup.db").read_bytes()
    assert secret not in repr(store.keys())


def test_a_key_that_differs_by_one_letter_is_no_ones(store):
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


@given(st.from_regex(r"gemel_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", fullmatch=True), st.data())
def test_a_key_has_one_form(text, data):
    assert prefix_of(text) == text[6:14]
    place = data.draw(st.integers(0, len(text)))
    assert prefix_of(text[:place] + data.draw(st.sampled_from(" \n=é١")) + text[place:]) is None
    assert prefix_of(text[:place]) == (text[6:14] if place == len(text) else None)


@pytest.fixture
def old_store(where, ask, vectors):
    """The name of a store of three questions as the first gemel made it."""
    is_file = not where.startswith("postgresql:")
    with open_store(where) as store:
        store.add([ask(name, room=1) for name in "abc"], vectors(3), "model")
        with store.changing() as (session, _):
            for table in ("reviews", "api_keys", "metadata_columns"):
                session.run(f"DROP TABLE {table}")
            if is_file:
                session.run("DROP TABLE erasure")
            session.run("PRAGMA user_version = 1" if is_file else "UPDATE schema SET version = 1")
        with pytest.raises(StoreError, match=r"reviews|tables are missing"):
            store.decided()
    return where


def test_a_store_of_before_there_were_decisions_and_keys_gets_them(old_store):
    with open_store(old_store, create=False) as store:
        assert (store.keys(), store.decided()) == ([], {})
        assert [each.id for each in next(store.scan())] == ["a", "b", "c"]
        assert store.find_key(store.add_key("ann", "read")).name == "ann"
        store.decide([NewReview(left_id="a", right_id="b", answer="same", reviewer="ann")])
        store.remove(["c"])
    with open_store(old_store, create=False) as store:
        assert list(store.decided().values()) == ["same"]
        assert store.state().questions == 2


def test_an_old_store_that_may_only_be_read_states_what_to_do(old_store):
    if old_store.startswith("postgresql:"):
        pytest.skip("only a file is opened for reading alone")
    with pytest.raises(StoreError, match=r"older gemel \(schema 1; .*open it for writing once"):
        SQLiteStore(old_store, read_only=True)


def test_all_good_keys_by_their_hash(store):
    texts = {name: store.add_key(name, "read") for name in ("ann", "bob", "eve")}
    store.revoke_key("bob")
    found = store.good_keys()
    assert {record.name for record in found.values()} == {"ann", "eve"}
    assert found[key_hash(texts["ann"])] == store.find_key(texts["ann"])
    assert key_hash("gemel_no") is None
