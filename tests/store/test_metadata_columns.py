"""Columns of metadata in every store: their types under every change, and filters by them."""

import dataclasses
import io
import json

import numpy as np
import pytest

from gemel.corpus import store_jobs as filling
from gemel.corpus.duplicate_index import DuplicateIndex
from gemel.corpus.store_jobs import fill_store
from gemel.data import QuestionColumns, Source
from gemel.errors import DataError
from gemel.inference import Engine
from gemel.store.backups import copy_all
from gemel.store.base import NewQuestion, Typed
from gemel.store.connection import open_store, restore
from gemel.store.input_checks import MOST_METADATA
from gemel.store.metadata_columns import check_filter
from gemel.store.sqlite import SQLiteStore

NAMES = ("n", "word", "is", "both", "gone")


@pytest.fixture
def filled(store, ask, vectors):
    """Two questions with columns of every type."""
    store.add(
        [
            ask("a", n=2024, word="42", **{"is": True}, both=7, gone=None, x=0.5),
            ask("b", n=None, word="cooking", **{"is": False}, both="7", gone=None, x=2.0),
        ],
        vectors(2),
        "model",
    )
    return store


def ids(store, where):
    return [each.id for each in store.get(store.where(where).tolist())]


@pytest.mark.parametrize(
    ("name", "typed", "found"),
    [
        ("n", "2024", "a"),
        ("n", "2024.0", "a"),
        ("n", "7", ""),
        ("n", "null", "b"),
        ("n", "", "b"),
        ("word", "42", "a"),
        ("word", '"42"', "a"),
        ("word", "cooking", "b"),
        ("word", '"null"', ""),
        ("is", "true", "a"),
        ("is", "FALSE", "b"),
        ("both", "7", "ab"),
        ("both", '"7"', "b"),
        ("x", "2", "b"),
        ("x", "0.50", "a"),
        ("gone", "null", "ab"),
        ("gone", "3", ""),
    ],
)
def test_what_is_typed_has_the_type_of_its_column(filled, name, typed, found):
    assert ids(filled, {name: Typed(typed)}) == list(found)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"n": "2024"}, "n holds integers; got the text '2024'; filter by an integer"),
        ({"n": Typed("abc")}, "n holds integers; got the text 'abc'"),
        ({"n": Typed('"2024"')}, "n holds integers; got the text '2024'"),
        ({"n": 2.5}, "n holds integers; got the number 2.5"),
        ({"n": True}, "n holds integers; got true"),
        ({"word": 42}, "word holds text; got the integer 42; filter by text in quotes"),
        ({"is": 1}, "is holds true and false; got the integer 1; filter by true or false"),
        ({"is": Typed("1")}, "is holds true and false"),
        ({"both": False}, "both holds integers and text; got false"),
        ({"x": "1"}, "x holds numbers; got the text '1'"),
        ({"wrod": "42"}, "metadata named 'wrod'; did you mean 'word'. there are: .*word"),
        ({"zzz": None}, "no question has metadata named 'zzz'; there are: both"),
        ({"n": 2024, "m": 1}, "metadata named 'm'"),
        ({"n": [2024]}, r"the filter 'n' is \[2024\]; expected text, an integer"),
        ({"n": float("nan")}, "the filter 'n' is nan; expected a finite number"),
    ],
)
def test_a_filter_that_no_question_can_fit_is_reported(filled, wanted, message):
    for look in (filled.where, filled.require_filter):
        with pytest.raises(DataError, match=message):
            look(wanted)


def test_what_is_no_filter_is_reported():
    for wrong, message in (({5: 1}, "where has 5 as a name"), ("n=1", "where is 'n=1'; expected")):
        with pytest.raises(DataError, match=message):
            check_filter(wrong)


def test_numbers_of_either_kind_and_numpys_are_equal(filled):
    for value in (2024, 2024.0, np.int32(2024), np.float64(2024)):
        assert ids(filled, {"n": value}) == ["a"]
    assert ids(filled, {"is": np.bool_(True), "word": np.str_("42")}) == ["a"]


def test_without_questions_nothing_is_found_and_without_metadata_that_is_reported(
    store, ask, vectors
):
    assert store.where({"n": "x"}).tolist() == []
    store.add([ask("a")], vectors(1), "model")
    with pytest.raises(DataError, match="no question has metadata, so none has 'n'; `gemel index"):
        store.where({"n": 1})


def test_types_follow_what_is_added_replaced_and_removed(store, where, ask, vectors):
    def types():
        with open_store(where) as other:
            assert other.column_types(NAMES) == store.column_types(NAMES)
        return store.column_types(["n"]).get("n", set())

    store.add([ask("a", n=1), ask("b", n="x")], vectors(2), "model")
    assert types() == {"int", "text"}
    store.add([ask("b", n=2), ask("c", n=0.5)], vectors(2), "model", replace=True)
    assert types() == {"int", "float"}
    store.remove(["c"])
    assert types() == {"int"}
    store.add([ask("a", n=None), ask("b")], vectors(2), "model", replace=True)
    assert types() == {"null"}
    store.remove(["a"])
    assert types() == set()
    with pytest.raises(DataError, match="no question has metadata"):
        store.where({"n": None})


def test_types_go_along_with_a_backup(filled, tmp_path):
    filled.backup(tmp_path / "b.db")
    restore(tmp_path / "b.db", str(tmp_path / "c.db"))
    with open_store(str(tmp_path / "c.db"), create=False) as copied:
        assert copied.column_types(NAMES) == filled.column_types(NAMES)
        assert ids(copied, {"n": Typed("2024")}) == ["a"]


def make_older(store):
    """Take away what an older gemel did not have."""
    with store.changing() as (session, _):
        session.run("DROP TABLE metadata_columns")
        is_file = isinstance(store, SQLiteStore)
        if is_file:
            session.run("DROP TABLE erasure")
        session.run("PRAGMA user_version = 2" if is_file else "UPDATE schema SET version = 2")


def test_a_store_of_an_older_gemel_learns_the_types_of_its_columns(filled, where):
    expected = filled.column_types(NAMES)
    make_older(filled)
    filled.close()
    with open_store(where, create=False) as store:
        assert store.column_types(NAMES) == expected
        assert ids(store, {"word": Typed("42")}) == ["a"]
        store.remove(["a", "b"])
        assert store.column_types(NAMES) == {}


def test_a_backup_of_an_older_gemel_can_be_restored_as_it_is(tmp_path, ask, vectors):
    with open_store(str(tmp_path / "a.db")) as store:
        store.add([ask("a", n=1)], vectors(1), "model")
        make_older(store)
    before = (tmp_path / "a.db").read_bytes()
    restore(tmp_path / "a.db", str(tmp_path / "b.db"))
    assert (tmp_path / "a.db").read_bytes() == before
    with open_store(str(tmp_path / "b.db")) as store:
        assert store.column_types(["n"]) == {"n": {"int"}}


# Adding


def test_metadata_are_plain_when_they_are_stored(store, vectors):
    metadata = {"n": np.int64(7), "x": np.float32(0.5), "is": np.bool_(False), "gap": None}
    store.add([NewQuestion(id="a", text="", metadata=metadata)], vectors(1), "model")
    (kept,) = store.find(["a"])
    assert json.dumps(kept.metadata) == '{"n": 7, "x": 0.5, "is": false, "gap": null}'
    for wrong in ("x=1", None, [("n", 1)]):
        asked = dataclasses.replace(NewQuestion(id="b", text=""))
        object.__setattr__(asked, "metadata", wrong)
        with pytest.raises(DataError, match=r"question 'b' has the metadata .*expected names and"):
            store.add([asked], vectors(1), "model")


@pytest.mark.parametrize(
    ("name", "typed", "stored"),
    [
        ("n", "2025", 2025),
        ("n", "2025.5", 2025.5),
        ("n", '"2025"', "2025"),
        ("n", "null", None),
        ("word", "007", "007"),
        ("word", "7", "7"),
        ("is", "true", True),
        ("new", "7", 7),
        ("new", "007", "007"),
        ("x", "7", 7.0),
        ("both", "7", 7),
    ],
)
def test_what_is_typed_is_stored_with_the_type_of_its_column(filled, vectors, name, typed, stored):
    asked = NewQuestion(id="c", text="", metadata={name: Typed(typed)})
    filled.add([asked], vectors(1), "model")
    (kept,) = filled.find(["c"])
    assert kept.metadata == {name: stored}
    assert type(kept.metadata[name]) is type(stored)


@pytest.mark.parametrize(("name", "typed"), [("n", "abc"), ("n", "true"), ("is", "3"), ("x", "y")])
def test_what_is_typed_and_does_not_fit_is_refused(filled, vectors, name, typed):
    asked = NewQuestion(id="c", text="", metadata={name: Typed(typed)})
    with pytest.raises(
        DataError, match=rf"{name} holds .*or put it in double quotes to store text"
    ):
        filled.add([asked], vectors(1), "model")
    assert filled.find(["c"]) == [None]


def test_metadata_have_a_greatest_length_but_what_is_there_stays(store, where, vectors, tmp_path):
    long = {"a": "x" * (MOST_METADATA - 9)}
    store.add([NewQuestion(id="a", text="", metadata=long)], vectors(1), "model")
    long = {"a": "x" * (MOST_METADATA - 8)}
    with pytest.raises(
        DataError, match=r"question 'b' has 65,537 characters of metadata; expected"
    ):
        store.add([NewQuestion(id="b", text="", metadata=long)], vectors(1), "model")
    with store.changing() as (session, _):
        session.run("UPDATE questions SET metadata = ?", (json.dumps({"a": "y" * 100_000}),))
    (kept,) = store.find(["a"])
    assert len(kept.metadata["a"]) == 100_000
    with SQLiteStore(tmp_path / "copy.db") as copied:
        copy_all(store, copied)
        assert copied.find(["a"])[0].metadata == kept.metadata


def test_metadata_that_are_too_long_to_be_read_are_reported_as_omitted(store, ask, vectors):
    store.add([ask("a", n="x" * 50), ask("b", n="y"), ask("c")], vectors(3), "model")
    found = store.find(["a", "b", "c"], metadata=20)
    assert [(dict(each.metadata), each.metadata_omitted) for each in found] == [
        ({}, True),
        ({"n": "y"}, False),
        ({}, False),
    ]
    assert [each.metadata_omitted for each in next(store.scan(metadata=0))] == [True, True, False]
    keys = [each.key for each in found]
    assert [each.metadata_omitted for each in store.get(keys, metadata=20)] == [True, False, False]
    assert len(store.get(keys)[0].metadata["n"]) == 50


# Files


@pytest.fixture
def engine(tiny_model):
    return Engine(tiny_model)


@pytest.fixture
def fill(store, engine, tmp_path, monkeypatch):
    """A function that fills the store from lines of a file."""
    monkeypatch.setattr(filling, "_BATCH", 2)

    def go(name, *lines, keep=("n",), **more):
        path = tmp_path / name
        path.write_text("".join(f"{line}\n" for line in lines))
        return fill_store(store, engine, path, columns=QuestionColumns(kept=keep), **more)

    return go


def column(store, name="n"):
    return {each.id: each.metadata[name] for lot in store.scan() for each in lot}


def test_a_file_gives_its_columns_types_by_all_of_their_values(fill, store):
    rows = [f"{line},how old is {line}?,{1990 + line}.0" for line in range(6)]
    fill("a.csv", "id,question,n", *rows, "6,what is it?,")
    assert json.dumps(column(store)) == json.dumps(
        {**{str(line): 1990 + line for line in range(6)}, "6": None}
    )


def test_the_last_cell_of_a_column_counts_too(fill, store):
    rows = [f"{line},how old is {line}?,{line}" for line in range(1, 6)]
    fill("a.csv", "id,question,n", *rows, "6,what is it?,07")
    assert column(store)["1"] == "1"


def test_a_second_file_follows_the_columns_that_are_there(fill, store):
    fill("a.csv", "id,question,n", "1,what is a?,cooking")
    fill("b.csv", "id,question,n", "2,what is b?,42")
    assert column(store) == {"1": "cooking", "2": "42"}
    with pytest.raises(
        DataError,
        match=r"c\.jsonl:2: has the integer 42 as n, and the corpus holds text in that column; "
        "correct it, or add --keep n:text",
    ):
        fill("c.jsonl", '{"id": 3, "text": "x", "n": null}', '{"id": 4, "text": "y", "n": 42}')
    fill("c.jsonl", '{"id": 4, "text": "y", "n": 42}', keep=("n:text",))
    assert column(store)["4"] == "42"


def test_a_conflict_is_found_before_anything_is_stored(fill, store):
    fill("a.csv", "id,question,n", "1,what is a?,7")
    rows = [f"{line},what is {line}?,{line}" for line in range(2, 9)]
    with pytest.raises(
        DataError, match=r"b\.csv:9: has the text 'x' as n, and the corpus holds int"
    ):
        fill("b.csv", "id,question,n", *rows, "9,what is c?,x")
    assert store.state().questions == 1
    fill("b.csv", "id,question,n", *rows, "9,what is c?,x", keep=("n:text",))
    assert column(store)["2"] == "2"
    assert ids(store, {"n": Typed("7")}) == ["1", "7"]  # of either type


def test_what_was_stopped_has_the_same_types_when_it_continues(fill, store):
    rows = [f"{line},how old is {line}?,{line}" for line in range(1, 6)]
    lines = ("id,question,n", *rows, "6,what is it?,0.5")

    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill("a.csv", *lines, progress=stop)
    assert column(store) == {"1": 1.0, "2": 2.0}
    done = fill("a.csv", *lines)
    assert (done.there, done.added) == (2, 4)
    assert set(map(type, column(store).values())) == {float}


def test_cells_of_an_older_gemel_are_the_same_question(fill, store, vectors, engine):
    old = [NewQuestion(id="1", text="what is a?", metadata={"n": "7"})]
    old += [NewQuestion(id="2", text="what is b?", metadata={"n": ""})]
    store.add(old, engine.encode([each.text for each in old]), engine.model.fingerprint)
    done = fill("a.csv", "id,question,n", "1,what is a?,7", "2,what is b?,")
    assert (done.there, done.added) == (2, 0)
    assert ids(store, {"n": Typed("7")}) == ["1"]
    assert ids(store, {"n": Typed("")}) == ["2"]


ROWS = b"id,question,n\n1,what is a?,3.0\n2,what is b?,\n3,\xe2\x80\x8b,4.0\n4,what is c?,5.0\n"


def test_a_stream_is_read_once(store, engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stream = io.BufferedReader(io.BytesIO(ROWS))
    source = Source(tmp_path / "standard input", ".csv", stream)
    done = fill_store(store, engine, source, columns=QuestionColumns(kept=("n",)), skip_bad=1)
    assert done.added == 3
    assert column(store) == {"1": 3, "2": None, "4": 5}
    (bad,) = (tmp_path / "standard input.bad-rows.jsonl").read_text().splitlines()
    assert json.loads(bad)["line"] == 4


def test_rows_that_can_be_had_only_once_too(store, engine):
    rows = ({"id": n, "text": f"what is {n}?", "n": float(n)} for n in (1, 2, 3))
    fill_store(store, engine, rows, columns=QuestionColumns(kept=("n",)))
    assert column(store) == {"1": 1.0, "2": 2.0, "3": 3.0}
    gaps = ({"id": n, "text": f"who is {n}?", "m": v} for n, v in ((4, np.float64(4)), (5, None)))
    fill_store(store, engine, gaps, columns=QuestionColumns(kept=("m",)))
    assert json.dumps(store.find(["4"])[0].metadata) == '{"m": 4}'


def test_a_row_with_too_much_metadata_is_a_bad_row(fill, store, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lines = ("id,question,n", f"1,what is a?,{'x' * 70_000}", "2,what is b?,y")
    with pytest.raises(DataError, match=r"a\.csv:2: has 70,009 characters of metadata; expected"):
        fill("a.csv", *lines)
    assert fill("a.csv", *lines, skip_bad=1).added == 1


def test_filters_of_an_index_are_those_of_its_store(store, engine):
    with DuplicateIndex(store, engine) as index:
        index.add("what is it?", id="a", metadata={"n": np.int16(3)})
        assert [match.question.id for match in index.check("it", where={"n": 3})] == ["a"]
        for verb in (index.search, index.check):
            with pytest.raises(DataError, match="n holds integers; got the text '3'"):
                verb("it", where={"n": "3"})
            with pytest.raises(DataError, match="did you mean 'n'"):
                verb("it", where={"nn": 3})
            with pytest.raises(DataError, match=r"the filter 'n' is \[3\]"):
                verb("it", where={"n": [3]})
