"""What every store promises, whatever keeps it."""

import math
import threading

import numpy as np
import pytest

from gemel.errors import DataError, ModelMismatchError, StoreError
from gemel.store.base import NewQuestion, StoreState
from gemel.store.connection import open_store, restore

NEW = StoreState(
    sequence=0, generation=0, model="", dim=0, questions=0, reindexing="", reindexed=0, identity=""
)


def texts_of(store):
    return {kept.id: kept.text for lot in store.scan() for kept in lot}


def content_of(store):
    """All that a store holds: questions by key, and vectors by key."""
    changes = store.changes(0)
    questions = {kept.key: kept for lot in store.scan() for kept in lot}
    return questions, dict(zip(changes.keys.tolist(), changes.vectors.tolist(), strict=True))


# Adding and finding


def test_a_new_store_is_empty(store):
    assert store.state()._replace(identity="") == NEW
    assert list(store.scan()) == []
    assert store.get([1]) == store.find(["a"]) == [None]
    assert store.where({}).tolist() == store.where({"a": 1}).tolist() == []
    changes = store.changes(0)
    assert (changes.until, len(changes.keys), len(changes.removed)) == (0, 0, 0)
    assert store.erase()


def test_what_is_added_is_there_for_all(store, where, ask, vectors):
    asked = [ask("a", "Grün? 🐈 'quoted\" \\", place="Köln", n=1), ask("b", ""), ask("c")]
    keys = store.add(asked, vectors(3), "model")
    assert (np.diff(keys) > 0).all()
    assert keys[0] > 0
    state = store.state()
    assert state.model == "model"
    assert (state.dim, state.questions, state.generation) == (8, 3, 0)
    with open_store(where, create=False) as other:
        assert other.state() == state
        for one in (store, other):
            kept = one.get(keys.tolist())
            assert [(each.id, each.text, each.metadata) for each in kept] == [
                (each.id, each.text, each.metadata) for each in asked
            ]
            assert one.find(["c", "x", "a", "c"]) == [kept[2], None, kept[0], kept[2]]
            assert one.get([int(keys[1]), 10**9, int(keys[1])]) == [kept[1], None, kept[1]]
            changes = one.changes(0)
            np.testing.assert_array_equal(changes.keys, keys)
            np.testing.assert_array_equal(changes.vectors, vectors(3).astype(np.float16))


def test_nothing_is_added_where_nothing_is_given(store):
    assert store.add([], np.zeros((0, 8), np.float32), "model").tolist() == []
    assert store.remove([]) == []
    assert store.state()._replace(identity="") == NEW


def test_an_id_is_there_once(store, ask, vectors):
    store.add([ask("a", "first")], vectors(1), "model")
    before = store.state()
    with pytest.raises(DataError, match="1 of 2 ids exist already, one is 'a'; replace them"):
        store.add([ask("b"), ask("a")], vectors(2), "model")
    with pytest.raises(DataError, match="the id 'c' occurs 2 times"):
        store.add([ask("c"), ask("c")], vectors(2), "model", replace=True)
    assert store.state() == before
    assert texts_of(store) == {"a": "first"}


def test_a_question_that_replaces_another_has_a_new_key(store, ask, vectors):
    (old,) = store.add([ask("a", "first", n=1)], vectors(1), "model")
    both = store.add([ask("b"), ask("a", "second", n=2)], vectors(2, 1), "model", replace=True)
    assert min(both) > old
    assert store.get([int(old)]) == [None]
    assert store.find(["a"])[0].text == "second"
    assert store.where({"n": 1}).tolist() == []
    assert store.where({"n": 2}).tolist() == [both[1]]
    assert store.state().questions == 2
    changes = store.changes(0)
    assert changes.removed.tolist() == [old]
    np.testing.assert_array_equal(changes.vectors, vectors(2, 1).astype(np.float16))


def test_other_models_vectors_are_refused(store, ask, vectors):
    store.add([ask("a")], vectors(1), "one")
    for other, dim in (("two", 8), ("one", 7)):
        with pytest.raises(ModelMismatchError, match=f"these are {dim} numbers of {other}"):
            store.add([ask("b")], vectors(1, dim=dim), other)
    store.remove(["a"])
    with pytest.raises(ModelMismatchError, match="of the model one"):
        store.add([ask("b")], vectors(1), "two")
    with pytest.raises(DataError, match="fingerprint of the model is empty"):
        store.add([ask("b")], vectors(1), "")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (np.zeros((1, 8), np.float32), "vector 0 has length 0"),
        (np.full((1, 8), np.nan, np.float32), "vector 0 has length nan"),
        (np.full((1, 8), np.inf, np.float32), "vector 0 has length inf"),
        (np.eye(8, dtype=np.float32)[:1] * 1.02, "vector 0 has length 1.02; expected finite"),
        (np.zeros((1, 0), np.float32), "vectors of 0 numbers; expected 1 to 16000"),
        (np.zeros((1, 16_001), np.float32), "vectors of 16001 numbers"),
    ],
)
def test_a_vector_has_length_one(store, ask, wrong, message):
    with pytest.raises(DataError, match=message):
        store.add([ask("a")], wrong, "model")
    assert store.state()._replace(identity="") == NEW


def test_as_many_vectors_as_questions(store, ask, vectors):
    with pytest.raises(DataError, match=r"of shape \(2, 8\); expected \(1, dim\)"):
        store.add([ask("a")], vectors(2), "model")


@pytest.mark.parametrize("precision", [np.float16, np.float32, np.float64])
def test_vectors_of_any_precision_and_order_in_memory(store, ask, vectors, precision):
    given_ = np.asfortranarray(vectors(3).astype(precision))
    store.add([ask("a"), ask("b"), ask("c")], given_, "model")
    np.testing.assert_array_equal(store.changes(0).vectors, given_.astype(np.float16))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (NewQuestion(id="", text="Why?"), "the question 'Why[?]' has an empty id"),
        (NewQuestion(id="a\0", text=""), "the id of question .* holds a NUL"),
        (NewQuestion(id="a", text="b\0c"), r"the text of question 'a' holds a NUL .*: 'b\\x00c'"),
        (NewQuestion(id="a", text="b\ud800"), "half a character"),
        (NewQuestion(id="a", text="", metadata={"n": math.nan}), "'n': nan; expected a finite"),
        (NewQuestion(id="a", text="", metadata={"n": -math.inf}), "'n': -inf; expected a finite"),
    ],
)
def test_what_no_store_can_keep_is_refused(store, vectors, asked, message):
    with pytest.raises(DataError, match=message):
        store.add([asked], vectors(1), "model")
    assert store.state()._replace(identity="") == NEW


def test_metadata_is_plain(store, vectors):
    for metadata in ({"a": [1]}, {"a": np.ones(2)}, {"a": b"x"}, {1: "a"}):
        asked = object.__new__(NewQuestion)
        for name, value in (("id", "a"), ("text", ""), ("metadata", metadata)):
            object.__setattr__(asked, name, value)
        with pytest.raises(DataError, match="expected text"):
            store.add([asked], vectors(1), "model")


def test_a_long_id_and_a_long_text_are_kept_whole(store, ask, vectors):
    name, text = "ü" * 5_000, "Why? " * 50_000
    store.add([ask(name, text, **{name: name})], vectors(1), "model")
    assert texts_of(store) == {name: text}
    assert len(store.where({name: name})) == 1


def test_an_id_that_no_store_can_keep_is_not_there(store):
    assert store.find(["\0", "\ud800"]) == [None, None]
    assert store.remove(["\0", "\ud800"]) == []


# Removing


def test_what_is_removed_is_gone(store, where, ask, vectors):
    keys = store.add([ask("a", n=1), ask("b", n=1), ask("c", n=1)], vectors(3), "model")
    assert store.remove(["c", "x", "a", "c"]) == ["c", "a"]
    assert store.remove(["a"]) == []
    with open_store(where) as other:
        assert other.get(keys.tolist()) == [None, other.find(["b"])[0], None]
        assert other.where({"n": 1}).tolist() == [keys[1]]
        assert other.state().questions == 1
        changes = other.changes(0)
    assert changes.keys.tolist() == [keys[1]]
    assert sorted(changes.removed.tolist()) == [keys[0], keys[2]]


def test_a_key_is_never_given_twice(store, where, ask, vectors):
    given_ = set()
    for round_ in range(5):
        with open_store(where) as other:
            keys = other.add([ask("a"), ask("b")], vectors(2), "model")
            assert other.remove(["a", "b"]) == ["a", "b"]
        assert not given_ & set(keys.tolist()), round_
        given_ |= set(keys.tolist())


# Scanning, and following the changes


def test_a_scan_gives_all_in_batches(store, ask, vectors):
    keys = store.add([ask(str(n)) for n in range(10)], vectors(10), "model")
    store.remove(["4"])
    lots = list(store.scan(chunk=4))
    assert [len(lot) for lot in lots] == [4, 4, 1]
    assert [kept.id for lot in lots for kept in lot] == [str(n) for n in range(10) if n != 4]
    assert [kept.id for lot in store.scan(int(keys[7])) for kept in lot] == ["8", "9"]


def test_a_scan_continues_while_others_write(store, ask, vectors):
    store.add([ask(str(n)) for n in range(10)], vectors(10), "model")
    seen = []
    for lot in store.scan(chunk=2):
        seen += [kept.id for kept in lot]
        if seen == ["0", "1"]:
            store.remove(["0", "3"])
            store.add([ask("new")], vectors(1), "model")
    assert seen == ["0", "1", "2", "4", "5", "6", "7", "8", "9", "new"]


def test_changes_come_in_batches_the_oldest_first(store, ask, vectors):
    keys = store.add([ask(str(n)) for n in range(5)], vectors(5), "model")
    store.remove(["1"])
    first = store.changes(0, most=3)
    assert first.keys.tolist() == keys[[0, 2, 3]].tolist()
    assert first.until < store.state().sequence
    second = store.changes(first.until, most=3)
    assert (second.keys.tolist(), second.removed.tolist()) == ([keys[4]], [keys[1]])
    assert second.until == store.state().sequence
    third = store.changes(second.until)
    assert (third.until, third.keys.tolist(), third.removed.tolist()) == (second.until, [], [])
    assert third.vectors.shape == (0, 8)


# Backups


def test_a_backup_holds_all_and_can_be_restored(store, where, tmp_path, ask, vectors):
    keys = store.add([ask("a", n=1), ask("b", v="ü"), ask("c")], vectors(3), "one")
    store.remove(["a"])
    store.begin_reindex("two", 3)
    store.put_vectors(keys, vectors(3, dim=3))
    store.backup(tmp_path / "backup.db")
    before, content = store.state(), content_of(store)
    store.add([ask("after")], vectors(1), "one")
    with pytest.raises(DataError, match=r"backup\.db: exists already"):
        store.backup(tmp_path / "backup.db")
    restore(tmp_path / "backup.db", str(tmp_path / "restored.db"))
    for copy in (tmp_path / "backup.db", tmp_path / "restored.db"):
        with open_store(str(copy), create=False) as other:
            assert other.state()._replace(identity=before.identity) == before
            assert content_of(other) == content
            assert other.where({"v": "ü"}).tolist() == [keys[1]]
            assert other.changes(0).removed.tolist() == [keys[0]]
            assert other.without_vector() == []
            other.finish_reindex()
            assert other.add([ask("d")], vectors(1, dim=3), "two") > max(keys)
    with pytest.raises(DataError, match=r"holds 3 questions .*; expected a new store"):
        restore(tmp_path / "backup.db", where)
    left = {path.name for path in tmp_path.iterdir() if path.name.startswith(".")}
    assert not left


def test_a_backup_needs_a_place(store, tmp_path):
    with pytest.raises(StoreError, match="the backup cannot be written: No such file"):
        store.backup(tmp_path / "none" / "backup.db")


# Several at once


def test_threads_share_a_store(store, ask, vectors):
    def work(number):
        for turn in range(10):
            name = f"{number}-{turn}"
            store.add([ask(name), ask(f"{name}x")], vectors(2), "model")
            assert store.find([name])[0].id == name
            store.remove([f"{name}x"])

    failures = run_at_once([lambda number=number: work(number) for number in range(4)])
    assert failures == []
    assert store.state().questions == 40
    assert set(texts_of(store)) == {f"{n}-{turn}" for n in range(4) for turn in range(10)}


def run_at_once(calls):
    failures = []

    def note(call):
        try:
            call()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=note, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_a_reader_sees_all_of_a_change_or_nothing(store, where, ask, vectors):
    done = threading.Event()

    def write():
        try:
            for turn in range(20):
                store.add([ask(f"{n}", turn=turn) for n in range(9)], vectors(9), "m", replace=True)
        finally:
            done.set()

    def read():
        with open_store(where) as other:
            while not done.is_set():
                seen = other.find([str(n) for n in range(9)])
                turns = {kept and kept.metadata["turn"] for kept in seen}
                assert len(turns) == 1, turns

    assert run_at_once([write, read]) == []


def test_a_closed_store_is_reported(store):
    store.close()
    store.close()
    with pytest.raises(StoreError, match="the store is closed; open it again"):
        store.state()


def test_a_store_that_is_closed_while_it_is_read_lets_go_at_the_end(store):
    with store.reading() as (session, _):
        store.close()
        assert session.run("SELECT count(*) FROM questions") == [(0,)]
    with pytest.raises(Exception, match="closed"):
        session.run("SELECT count(*) FROM questions")


def test_every_store_has_an_identity_of_its_own(store, tmp_path):
    identity = store.state().identity
    assert len(identity) >= 32
    store.backup(tmp_path / "backup.db")
    with open_store(str(tmp_path / "backup.db")) as copy:
        assert copy.state().identity != identity
    restore(tmp_path / "backup.db", str(tmp_path / "restored.db"))
    with open_store(str(tmp_path / "restored.db")) as restored:
        assert restored.state().identity != identity
    assert store.state().identity == identity
