"""Types of metadata: of single values, and of whole columns."""

import datetime
import decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import QuestionColumns, stream_questions
from gemel.data.metadata_types import (
    ColumnConflict,
    ColumnScan,
    as_type,
    detect,
    plain_value,
    split_type,
    type_of,
)
from gemel.errors import DataError


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("0", 0),
        ("-17", -17),
        (" 2031 ", 2031),
        ("123456789012345", 123456789012345),
        ("2.50", 2.5),
        ("-0.125", -0.125),
        ("3e-07", 3e-07),
        ("TRUE", True),
        ("false", False),
        ("", None),
        ("  ", None),
        *(
            (text, text)
            for text in (
                *("0815", "00", "+49301234", "-0", "1234567890123456", "1E5", "1e5", "4.9E+11"),
                *("nan", "NaN", "inf", "-Infinity", "null", "None", "N/A", "yes", "no", "1,5"),
                *("1_000", "1,000", "0x10", "２", "1.2.3", "2024-01-31", ".5", "5.", "--1"),
            )
        ),
    ],
)
def test_a_cell_is_what_its_text_states(cell, value):
    found = detect(cell)
    assert found == value
    assert type(found) is type(value)


def decide(cells, stored=(), *, is_text=True):
    scan = ColumnScan(is_text)
    for line, cell in enumerate(cells, 2):
        scan.add(cell, line)
    return scan.decide(set(stored))


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["1", "2"], "int"),
        (["1", "", "2"], "int"),
        (["1987.0", "", "1988.0"], "int"),
        (["1987.0", "", "1988"], "int"),
        (["1987.0", "1988.0"], "float"),
        (["1987.0", "", "0.5"], "float"),
        (["1", "0.5"], "float"),
        (["true", "", "False"], "bool"),
        (["1", "02"], "text"),
        (["1", "x"], "text"),
        (["true", "1"], "text"),
        (["1.5", "true"], "text"),
        (["a", ""], "text"),
        (["", ""], None),
        ([], None),
    ],
)
def test_a_column_has_the_type_that_all_of_its_cells_have(cells, wanted):
    assert decide(cells) == wanted


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([1, 2], None),
        ([1987.0, None], "int"),
        ([1987.0, 1988.0], None),
        ([1987.0, None, 0.5], None),
        (["1", "2"], None),
        ([True, None], None),
        ([1, "n/a"], None),
    ],
)
def test_values_that_have_types_keep_them_but_for_integers_with_gaps(values, wanted):
    assert decide(values, is_text=False) == wanted


@pytest.mark.parametrize(
    ("stored", "cells", "wanted"),
    [
        ({"text"}, ["1", "2"], "text"),
        ({"text", "null"}, ["true"], "text"),
        ({"int"}, ["7.0", "8.0"], "int"),
        ({"int"}, ["7.5"], "float"),
        ({"float"}, ["7"], "float"),
        ({"null"}, ["7"], "int"),
        ({"int", "text"}, ["7"], "int"),
        ({"int", "text"}, ["7", "x"], "text"),
        ({"int", "text"}, ["true"], "text"),
        ({"bool"}, ["", ""], None),
    ],
)
def test_a_column_that_the_corpus_has_keeps_its_type(stored, cells, wanted):
    assert decide(cells, stored) == wanted


@pytest.mark.parametrize(
    ("stored", "values", "is_text", "first"),
    [
        ({"int"}, ["7", "8", "x", "y"], True, (4, "x")),
        ({"int", "float"}, ["true"], True, (2, "true")),
        ({"bool"}, ["true", "1"], True, (3, "1")),
        ({"text"}, [None, 7], False, (3, 7)),
        ({"int"}, ["7"], False, (2, "7")),
        ({"int"}, [True], False, (2, True)),
    ],
)
def test_what_does_not_fit_the_corpus_is_named(stored, values, is_text, first):
    with pytest.raises(ColumnConflict) as raised:
        decide(values, stored, is_text=is_text)
    assert (raised.value.line, raised.value.value) == first


CELLS = st.lists(
    st.sampled_from(["1", "07", "2.0", "2.5", "", "true", "x", "1e-05"]) | st.integers().map(str)
)


@given(CELLS, st.data())
def test_what_was_stopped_anywhere_continues_with_the_same_types(cells, data):
    """The first rows are stored, and the file is read anew."""
    wanted = decide(cells)
    typed = [as_type(cell, wanted) if wanted else None for cell in cells]
    before = data.draw(st.integers(0, len(cells)))
    stored = {type_of(value) for value in typed[:before]}
    again = decide(cells, stored)
    assert [as_type(cell, again) if again else None for cell in cells] == typed


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.int64(5), 5),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.datetime64("2031-05-06T07:08:09.123456789"), "2031-05-06T07:08:09.123456"),
        (datetime.date(2031, 5, 6), "2031-05-06"),
        (datetime.datetime(2031, 5, 6, 7, tzinfo=datetime.UTC), "2031-05-06T07:00:00+00:00"),
        (decimal.Decimal("12"), 12),
        (decimal.Decimal("12.50"), 12.5),
        (decimal.Decimal("0.1234567890123456789"), "0.1234567890123456789"),
        (np.datetime64("NaT"), None),
    ],
)
def test_scalars_become_plain_values(value, plain):
    found = plain_value(value)
    assert found == plain
    assert type(found) is type(plain)


@pytest.mark.parametrize(
    "value", [[1], {"a": 1}, (), np.ones(2), b"x", {1}, object(), float("nan"), np.inf, 1j]
)
def test_what_is_nested_or_no_number_is_refused(value):
    with pytest.raises(ValueError, match="expected"):
        plain_value(value)


def test_scalars_of_pandas():
    pandas = pytest.importorskip("pandas")
    assert plain_value(pandas.Timestamp("2031-05-06")) == "2031-05-06T00:00:00"
    assert plain_value(pandas.NaT) is plain_value(pandas.NA) is None


@pytest.mark.parametrize(
    ("given_", "wanted"),
    [
        ("year:int", ("year", "int")),
        ("a:b:str", ("a:b", "text")),
        ("year:date", ("year:date", None)),
        ("year", ("year", None)),
        (":int", (":int", None)),
        ("year:", ("year:", None)),
    ],
)
def test_a_type_follows_the_last_colon(given_, wanted):
    assert split_type(given_) == wanted


def read(tmp_path, rows, *kept, **more):
    path = tmp_path / "q.csv"
    path.write_text(rows)
    return [each.kept for each in stream_questions(path, QuestionColumns(kept=kept, **more))]


def test_a_type_that_is_given_is_taken(tmp_path):
    rows = "question,n,x,b,t\na?,007,1,yes,1\nb?,8.0,2.5,0,\n"
    assert read(tmp_path, rows, "n:int", "x:float", "b:bool", "t:text") == [
        {"n": 7, "x": 1.0, "b": True, "t": "1"},
        {"n": 8, "x": 2.5, "b": False, "t": None},
    ]
    assert read(tmp_path, "a?,7\n", "2:int", question=1) == [{"column 2": 7}]


@pytest.mark.parametrize(
    ("cell", "given_", "expected"),
    [
        ("2.5", "int", "an integer"),
        ("x", "int", "an integer"),
        ("nan", "float", "a number"),
        ("maybe", "bool", "true or false"),
    ],
)
def test_a_cell_of_another_type_is_a_bad_row(tmp_path, cell, given_, expected):
    with pytest.raises(DataError, match=rf"q.csv:3: has '{cell}' as n; expected {expected}"):
        read(tmp_path, f"question,n\na?,1\nb?,{cell}\n", f"n:{given_}")


def test_a_column_whose_name_has_a_colon_can_be_named(tmp_path):
    rows = "question,n:int,n\na?,x,7\n"
    assert read(tmp_path, rows, "n:int") == [{"n:int": "x"}]
    assert read(tmp_path, rows, "n:int:text", "n") == [{"n:int": "x", "n": "7"}]
    with pytest.raises(
        DataError, match=r"no column n:date; .*the types are int, float, bool, text"
    ):
        read(tmp_path, rows, "n:date")
    with pytest.raises(DataError, match="cannot keep n both as text and as float"):
        read(tmp_path, rows, "n:text", "n:float")
