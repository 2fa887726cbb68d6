"""Objects of the real packages, read next to a file of the same rows."""

import csv
import json
import subprocess
import sys
from collections import UserList, deque
from pathlib import Path

import datasets
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gemel.data import (
    BadRows,
    Columns,
    QuestionColumns,
    QuestionPair,
    Source,
    frames,
    read_pairs,
    stream_pairs,
    stream_questions,
    stream_unlabelled,
)
from gemel.errors import DataError

NAMES = ("question1", "question2", "is_duplicate")
ROWS = [("how?", "why?", 1), ("é\n\0", "", 0), ("how?", "who, me?", 1)]


class Foreign:
    """A table of some package that gemel has never heard of."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, requested_schema=None):
        return self.table.__arrow_c_stream__(requested_schema)


def dicts(rows, names=NAMES):
    return [dict(zip(names, row, strict=True)) for row in rows]


def table(rows, names=NAMES):
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


FRAMES = {
    "pandas": lambda rows, names=NAMES: pd.DataFrame(table(rows, names)),
    "pandas, objects": lambda rows, names=NAMES: pd.DataFrame(table(rows, names), dtype=object),
    "polars": lambda rows, names=NAMES: pl.DataFrame(table(rows, names), strict=False),
    "pyarrow": lambda rows, names=NAMES: pa.table(table(rows, names)),
    "a batch": lambda rows, names=NAMES: pa.RecordBatch.from_pydict(table(rows, names)),
    "a reader": lambda rows, names=NAMES: pa.table(table(rows, names)).to_reader(30),
    "foreign": lambda rows, names=NAMES: Foreign(pa.table(table(rows, names))),
    "datasets": lambda rows, names=NAMES: datasets.Dataset.from_dict(table(rows, names)),
}
MAPPINGS = {
    "mappings": dicts,
    "generator": lambda rows, names=NAMES: iter(dicts(rows, names)),
    "streamed": lambda rows, names=NAMES: datasets.Dataset.from_dict(
        table(rows, names)
    ).to_iterable_dataset(),
    "itertuples": lambda rows, names=NAMES: pd.DataFrame(table(rows, names)).itertuples(),
}
TUPLES = {
    "tuples": lambda rows: list(rows),
    "lists": lambda rows: [list(row) for row in rows],
    "array": lambda rows: np.array(rows, dtype=object),
    "pairs": lambda rows: [
        QuestionPair(*row[:2], bool(row[2]), line) for line, row in enumerate(rows, 1)
    ],
}
ALL = {**FRAMES, **MAPPINGS, **TUPLES}

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=5)


@settings(max_examples=2)
@example(rows=ROWS)
@given(rows=st.lists(st.tuples(texts, texts, st.integers(0, 1)), min_size=1, max_size=8))
def test_all_give_what_a_file_of_the_same_rows_gives(rows, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "frames.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([NAMES, *rows])
    expected = read_pairs(path)
    lines = path.with_suffix(".jsonl")
    lines.write_text("".join(json.dumps(row) + "\n" for row in dicts(rows)))
    numbers = read_pairs(lines).lines.tolist()
    for name, make in ALL.items():
        found = read_pairs(make(rows))
        assert found.texts == expected.texts, name
        assert found.left.tolist() == expected.left.tolist(), name
        assert found.right.tolist() == expected.right.tolist(), name
        assert found.labels.tolist() == expected.labels.tolist(), name
        assert found.lines.tolist() == numbers, name
        assert found.digest == expected.digest, name
        assert found.path is None, name


@pytest.mark.parametrize("make", FRAMES.values(), ids=list(FRAMES))
def test_rows_are_counted_through_batches(make, monkeypatch):
    monkeypatch.setattr(frames, "_ROWS", 100)
    count = 250
    rows = [(str(n), "b", int(n % 3 == 0)) for n in range(count)]
    pairs = read_pairs(make(rows))
    assert pairs.lines.tolist() == list(range(1, count + 1))
    assert pairs.left_texts == [row[0] for row in rows]
    assert pairs.labels.tolist() == [bool(row[2]) for row in rows]


@pytest.mark.parametrize("make", [*FRAMES.values(), *MAPPINGS.values()], ids=[*FRAMES, *MAPPINGS])
def test_columns_that_are_named_and_labels_that_mean_the_opposite(make):
    named = make(ROWS, ("b", "a", "differ"))
    columns = Columns(left="a", right="b", label="differ", same=0)
    found = [(pair.left, pair.right, pair.is_duplicate) for pair in stream_pairs(named, columns)]
    assert found == [(right, left, not label) for left, right, label in ROWS]


@pytest.mark.parametrize("make", [FRAMES["pandas"], FRAMES["polars"], FRAMES["datasets"], dicts])
def test_anchors_with_a_negative_that_may_be_missing(make):
    rows = [("a", "b", "c"), ("d", "e", None)]
    found = read_pairs(make(rows, ("anchor", "positive", "negative")))
    assert (found.left_texts, found.right_texts) == (["a", "a", "d"], ["b", "c", "e"])
    assert found.labels.tolist() == [True, False, True]


def test_tuples_have_places_as_columns_without_a_header_have():
    columns = Columns(left=3, right=2, label=1)
    assert list(stream_pairs([(1, "b", "a", 7)], columns)) == [QuestionPair("a", "b", True, 1)]
    assert [pair.is_duplicate for pair in stream_pairs(ROWS, Columns(same=0))] == [
        False,
        True,
        False,
    ]
    with pytest.raises(DataError, match=r"^list, row 1: .*give all three, for example --left 1"):
        read_pairs(ROWS, Columns(left=1))


def test_any_sequence_will_do():
    """A queue, for one, is a sequence of which no part can be asked for."""
    assert read_pairs(deque(ROWS)).lines.tolist() == [1, 2, 3]
    assert [each.text for each in stream_questions(UserList(["a", "b"]))] == ["a", "b"]


def test_pairs_keep_their_lines_and_frames_of_numbered_columns_are_known_by_them():
    pairs = [QuestionPair("a", "b", True, 7), QuestionPair("a", "c", False, 7)]
    assert list(stream_pairs(pairs)) == pairs
    assert list(stream_pairs(pairs, Columns(same=0))) == pairs  # what they say is said
    frame = pd.DataFrame(ROWS)
    assert len(read_pairs(frame, Columns(left=0, right=1, label=2))) == 3
    with pytest.raises(DataError, match=r"^DataFrame: has no columns .*it has: 0, 1, 2"):
        read_pairs(frame)


KINDS = [
    pd.DataFrame({"question1": pd.Categorical(["a", "b"]), "question2": ["c", "d"]}).assign(
        label=pd.array([True, False], "boolean")
    ),
    pd.DataFrame({"question1": ["a", "b"], "question2": ["c", "d"], "label": [1.0, 0.0]}),
    pd.DataFrame({"question1": ["a", "b"], "question2": ["c", "d"], "label": ["1", "False"]}),
    pd.DataFrame({"question1": ["a", "b"], "question2": ["c", "d"], "label": [1, 0]}).astype(
        {"question1": "string[pyarrow]", "label": "Int8"}
    ),
    pl.DataFrame({"question1": ["a", "b"], "question2": ["c", "d"], "label": [True, False]}).cast(
        {"question1": pl.Categorical}
    ),
    datasets.Dataset.from_dict(
        {"question1": ["a", "b"], "question2": ["c", "d"], "label": [1, 0]},
        features=datasets.Features(
            question1=datasets.Value("large_string"),
            question2=datasets.Value("string"),
            label=datasets.ClassLabel(names=["other", "same"]),
        ),
    ),
    datasets.Dataset.from_dict(
        {"question1": ["x", "b", "a"], "question2": ["x", "d", "c"], "label": [0, 0, 1]}
    )
    .select([2, 1])
    .with_format("numpy"),
    [
        {"question1": np.str_("a"), "question2": "c", "label": np.int64(1)},
        ("b", np.str_("d"), False),
    ],
]


@pytest.mark.parametrize("frame", KINDS, ids=range(len(KINDS)))
def test_kinds_of_columns(frame):
    assert list(stream_pairs(frame)) == [
        QuestionPair("a", "c", True, 1),
        QuestionPair("b", "d", False, 2),
    ]


MISSING = [
    (pd.DataFrame(table([*ROWS, ("a", None, 1)])), "DataFrame, row 4 (index 3)"),
    (
        pd.DataFrame(table([*ROWS, ("a", np.nan, 1)]), index=list("wxyz")),
        "DataFrame, row 4 (index 'z')",
    ),
    (pd.DataFrame(table([*ROWS, ("a", pd.NA, 1)]), dtype="string"), "DataFrame, row 4 (index 3)"),
    (FRAMES["polars"]([*ROWS, ("a", None, 1)]), "DataFrame, row 4"),
    (FRAMES["pyarrow"]([*ROWS, ("a", None, 1)]), "Table, row 4"),
    (FRAMES["datasets"]([*ROWS, ("a", None, 1)]), "Dataset, row 4"),
    (dicts([*ROWS, ("a", float("nan"), 1)]), "list, row 4"),
    ([*ROWS, ("a", pd.NA, 1)], "list, row 4"),
]


@pytest.mark.parametrize(("frame", "where"), MISSING, ids=range(len(MISSING)))
def test_what_is_missing_is_an_error_that_names_the_row_or_is_skipped(frame, where, tmp_path):
    with pytest.raises(DataError) as caught:
        read_pairs(frame)
    message = str(caught.value)
    assert message.startswith(f"{where}: has null as "), message
    assert message.endswith("; expected a text")
    assert (caught.value.line, caught.value.path) == (4, None)
    bad_rows = BadRows(1, tmp_path / "list")
    assert read_pairs(frame, None, bad_rows).lines.tolist() == [1, 2, 3]
    (entry,) = map(json.loads, (tmp_path / "list").read_text().splitlines())
    assert (entry["file"], entry["line"]) == (where.partition(",")[0], 4)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (("a", "b", None), "has the label null; .* remove the row$"),
        (("a", "b", float("nan")), "has the label null; .* remove the row$"),
        (("a", "b", 0.5), r"has the label 0\.5; .*turn a graded"),
        (("a", "b", [0, 1]), r"has the label \[0, 1\]"),
        (("a", "b", np.array([0, 1])), r"has the label \[0, 1\]"),
        (("a", 7, 1), "has 7 as right; expected a text"),
        (("a", "b"), "has 2 columns; expected 3"),
        (("a", "b", 1, 2), "has 4 columns; expected 3"),
        (("a", "b\ud83d", 1), r"holds half of a character \(U\+D83D\)"),
        ({"question1": "b\udce9", "question2": "c", "label": 1}, r"is not UTF-8 \(byte 0xe9\)"),
        ({"question1": "a", "label": 1}, "has no columns question1, question2"),
        ("pairs.csv", r"is 'pairs\.csv'; expected \(left, right, label\), or a mapping"),
        (None, r"is null; expected \(left"),
        (7, r"is 7; expected \(left"),
    ],
)
def test_rows_that_do_not_fit(row, problem):
    with pytest.raises(DataError, match=rf"^generator, row 2: {problem}"):
        read_pairs(each for each in [("a", "b", 1), row])


UNFIT = [
    (pl.LazyFrame({"question1": ["a"]}), r"^LazyFrame: is a plan .*\.collect\(\)"),
    (
        datasets.DatasetDict(dev=datasets.Dataset.from_dict({"a": [1]})),
        r'^DatasetDict: holds several: dev; .*for example \["dev"\]',
    ),
    ({"question1": ["a"]}, "^dict: is one mapping; expected a list of them"),
    (b"a,b,1", "^bytes: is bytes; expected the name of a file"),
    (7, "^int: is 7; expected the name of a file, a frame, or rows"),
    ([], "^list: has no pairs"),
    (pd.DataFrame(table([])), "^DataFrame: has no pairs"),
    (pd.DataFrame({"question1": ["a"]}), "^DataFrame: has no columns question1, question2"),
    (
        pd.DataFrame([("a", "b", 1, 0)], columns=[*NAMES, "is_duplicate"]),
        "^DataFrame: has 2 columns named is_duplicate",
    ),
]


@pytest.mark.parametrize(("thing", "problem"), UNFIT, ids=range(len(UNFIT)))
def test_what_has_no_rows_states_what_to_give(thing, problem):
    # As a source: the checks of the test suite would refuse it before gemel can.
    source = Source(Path(type(thing).__name__), "", rows=thing)
    with pytest.raises(DataError, match=problem):
        read_pairs(source)


def test_unlabelled_pairs_need_no_label():
    for rows in (
        [("a", "b")],
        [("a", "b", None)],
        pd.DataFrame({"sentence1": ["a"], "sentence2": "b"}),
    ):
        (pair,) = stream_unlabelled(rows)
        assert pair == ("a", "b", 1, "")
    assert [pair.line for pair in stream_unlabelled([QuestionPair("a", "b", True, 9)])] == [9]
    (pair,) = stream_unlabelled([("x", "a", "b")], Columns(left=2, right=3))
    assert pair[:2] == ("a", "b")


COLUMNS = {
    "list": list,
    "tuple": tuple,
    "generator": iter,
    "pandas": lambda texts: pd.Series(texts, index=range(7, 7 + len(texts))),
    "polars": lambda texts: pl.Series(texts),
    "numpy": lambda texts: np.array(texts, dtype=object),
    "pyarrow": lambda texts: pa.array(texts),
    "chunked": lambda texts: pa.chunked_array([texts[:1], texts[1:]], pa.string()),
    "datasets": lambda texts: datasets.Dataset.from_dict({"text": texts})["text"],
}


@pytest.mark.parametrize("make", COLUMNS.values(), ids=list(COLUMNS))
def test_questions_of_columns_are_called_by_their_places(make):
    found = list(stream_questions(make(["a", "", "é"])))
    assert [(each.text, each.id, each.line) for each in found] == [
        ("a", "0", 1),
        ("", "1", 2),
        ("é", "2", 3),
    ]
    with pytest.raises(DataError, match=r", row 2.*: has null as question; expected a text"):
        list(stream_questions(make(["a", None])))


def test_questions_of_frames_have_ids_and_more():
    rows = [("a", 7, "x", 1.5), ("b", 8, None, float("nan"))]
    for make in (FRAMES["pandas"], FRAMES["polars"], FRAMES["datasets"], dicts):
        frame = make(rows, ("title", "qid", "forum", "votes"))
        found = list(stream_questions(frame, QuestionColumns(kept=("forum", "votes"))))
        assert [(each.text, each.id, dict(each.kept)) for each in found] == [
            ("a", "7", {"forum": "x", "votes": 1.5}),
            ("b", "8", {"forum": None, "votes": None}),
        ]
    with pytest.raises(DataError, match=r"^DataFrame: has no column question or text or title"):
        list(stream_questions(pd.DataFrame({"a": ["b"]})))


def test_no_package_is_imported_for_it():
    code = (
        "import sys\n"
        "from gemel.data import read_pairs\n"
        "from gemel.errors import DataError\n"
        "assert len(read_pairs([('a', 'b', 1), dict(anchor='a', positive='c')])) == 2\n"
        "print(*{'pandas', 'polars', 'datasets', 'pyarrow'} & set(sys.modules))\n"
        "try:\n"
        "    read_pairs(None)\n"
        "except DataError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ("\nNoneType: is None; expected the name of a file, a frame, or rows\n")


def test_a_frame_is_read_batch_by_batch(monkeypatch):
    """The first rows come before the last batch is made: a frame is never Python's as a whole."""
    monkeypatch.setattr(frames, "_ROWS", 400)
    taken = []

    class Counting(pd.DataFrame):
        @property
        def iloc(self):
            taken.append(len(taken))
            return super().iloc

    frame = Counting(table([("a", "b", 1)] * 1800))
    rows = stream_pairs(frame)
    next(rows)
    assert len(taken) == 1
    assert len(list(rows)) == 1799
    assert len(taken) == 5
