import math
from decimal import Decimal

import datasets
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from gemel.data import Columns, read_pairs
from gemel.data.bad_rows import BadRowError
from gemel.data.labels import Labels, known_label
from gemel.errors import ConfigError, DataError

SAME = ["1", " 1 ", "1.0", "true", "TRUE", True, 1, 1.0, Decimal(1), "yes", "Y", "t", "Match"]
SAME += ["duplicate", "Is Duplicate", "the same", "PARAPHRASE", "semantically_equivalent"]
NOT = ["0", "0\n", "0.0", "false", "False", False, 0, 0.0, "no", "N", "Not-Duplicate"]
NOT += ["non duplicate", "not_a_duplicate", "NotDuplicate", "different", "no_match", "mismatch"]
NOT += ["not equivalent", "dissimilar", "negative", "isn't a duplicate", "un-matched"]
UNKNOWN = ["2", "0.1", "½", 2, -1, 0.5, [], [1], {}, "nan", "A", "notes", "entailment", "non"]


@pytest.mark.parametrize("value", SAME)
def test_labels_that_say_the_same(value):
    assert Labels().read(value) is True


@pytest.mark.parametrize("value", NOT)
def test_labels_that_say_not(value):
    assert Labels().read(value) is False


@pytest.mark.parametrize("value", UNKNOWN)
def test_unknown_labels_are_an_error_with_a_remedy(value):
    with pytest.raises(BadRowError, match=r"has the label .*; expected 0 or 1, .*--same LABEL"):
        Labels().read(value)


@pytest.mark.parametrize("value", [None, "", " \t", math.nan, Decimal("nan")])
@pytest.mark.parametrize("same", [None, "A"])
def test_a_missing_label_is_an_error_whatever_same_is(value, same):
    with pytest.raises(BadRowError, match=r"label the pair or remove the row$"):
        Labels(same).read(value)


@pytest.mark.parametrize("value", ["4.75", 3, 0.5])
def test_a_graded_similarity_is_named(value):
    with pytest.raises(BadRowError, match="turn a graded similarity into 0 and 1 first"):
        Labels().read(value)
    with pytest.raises(BadRowError) as caught:
        Labels().read("perhaps")
    assert "graded" not in str(caught.value)


@pytest.mark.parametrize("value", [*SAME, *NOT])
def test_the_label_of_the_same_may_be_0(value):
    assert Labels(0).read(value) is Labels("different").read(value) is not known_label(value)
    assert Labels(1).read(value) is Labels("yes").read(value) is known_label(value)


@pytest.mark.parametrize(
    ("same", "labels"),
    [
        (2, [2, 1, "2.0", 2.0, 1]),
        ("1", ["1", 2, "1", "yes", 2]),
        ("-1", [-1, 1, "-1", -1.0, "1"]),
        ("a", ["A", "b", " a ", "a", "B"]),
        ("same  topic", ["Same_Topic", "other", "same-topic", "SAME TOPIC", "Other"]),
    ],
)
def test_any_label_may_be_named_and_all_others_are_one(same, labels):
    reader = Labels(same)
    assert [reader.read(label) for label in labels] == [True, False, True, True, False]
    assert not reader.unused()
    with pytest.raises(BadRowError, match=r"'third'; expected two labels, .* \(--same\) and "):
        reader.read("third")


@pytest.mark.parametrize(("same", "labels"), [("A", ["b", "B"]), ("2", [0, 0]), (1, ["x"])])
def test_a_label_that_no_row_has(same, labels):
    reader = Labels(same)
    assert not any(map(reader.read, labels))
    assert "give --same the label of pairs that ask the same" in reader.unused()


def test_a_file_of_one_known_label_is_no_error():
    reader = Labels(0)
    assert [reader.read(label) for label in ("1", "true")] == [False, False]
    assert not reader.unused()


def test_an_empty_label_cannot_be_named():
    with pytest.raises(ConfigError, match="same is empty"):
        Columns(same=" ")


ROWS = [("how?", "why?"), ("who?", "which?"), ("a?", "b?")]
WORDS = ["not_duplicate", "duplicate", "not_duplicate"]


def table(labels):
    left, right = zip(*ROWS, strict=True)
    return {"question1": left, "question2": right, "is_duplicate": labels}


FRAMES = {
    "pandas": lambda: pd.DataFrame(table(WORDS)),
    "pandas, categorical": lambda: pd.DataFrame(table(pd.Categorical(WORDS))),
    "pandas, reversed": lambda: pd.DataFrame(
        table(pd.Categorical(WORDS, ["not_duplicate", "duplicate"]))
    ),
    "polars": lambda: pl.DataFrame(table(pl.Series(WORDS, dtype=pl.Categorical))),
    "polars, enum": lambda: pl.DataFrame(
        table(pl.Series(WORDS, dtype=pl.Enum(["duplicate", "not_duplicate"])))
    ),
    "pyarrow": lambda: pa.table(table(pa.array(WORDS).dictionary_encode())),
    "mappings": lambda: [
        dict(zip(table([]), (*row, word), strict=True))
        for row, word in zip(ROWS, WORDS, strict=True)
    ],
    "tuples": lambda: [(*row, word) for row, word in zip(ROWS, WORDS, strict=True)],
}


@pytest.mark.parametrize("make", FRAMES.values(), ids=list(FRAMES))
def test_names_of_classes_say_what_they_mean(make):
    assert read_pairs(make()).labels.tolist() == [False, True, False]
    turned = Columns(same="not duplicate")
    assert read_pairs(make(), turned).labels.tolist() == [True, False, True]


def data_set(names, labels):
    features = datasets.Features(
        question1=datasets.Value("string"),
        question2=datasets.Value("string"),
        is_duplicate=datasets.ClassLabel(names=names),
    )
    return datasets.Dataset.from_dict(table(labels), features=features)


def sources_of(names, labels, folder):
    """Return a data set in every form that has the names of its classes."""
    made = data_set(names, labels)
    arrow = made.with_format("arrow")[:]
    made.to_parquet(folder / "p.parquet")
    return {
        "dataset": made,
        "formatted": made.with_format("numpy"),
        "streamed": made.to_iterable_dataset(),
        "arrow": arrow.replace_schema_metadata(parquet.read_schema(folder / "p.parquet").metadata),
        "reader": parquet.read_table(folder / "p.parquet").to_reader(),
        "file": folder / "p.parquet",
    }


@pytest.mark.parametrize("names", [["same", "not_same"], ["different", "match"], ["1", "0"]])
def test_names_of_classes_decide_and_never_their_order(names, tmp_path):
    expected = [known_label(names[label]) for label in (0, 1, 0)]
    for name, source in sources_of(names, [0, 1, 0], tmp_path).items():
        assert read_pairs(source).labels.tolist() == expected, name


def test_of_classes_without_meaning_the_name_or_the_number_is_given(tmp_path):
    for same in ("B", "b", 1, "1"):
        for name, source in sources_of(["A", "B"], [0, 1, 0], tmp_path).items():
            found = read_pairs(source, Columns(same=same))
            assert found.labels.tolist() == [False, True, False], (name, same)
    for source in sources_of(["A", "B"], [0, 1, 0], tmp_path).values():
        with pytest.raises(DataError, match="has the label 'A'; expected 0 or 1"):
            read_pairs(source)


def test_a_class_that_is_missing_is_no_label(tmp_path):
    for source in sources_of(["not_duplicate", "duplicate"], [0, -1, 1], tmp_path).values():
        with pytest.raises(DataError, match="has the label -1; expected 0 or 1"):
            read_pairs(source)


@pytest.mark.parametrize("name", ["p.csv", "p.jsonl"])
def test_an_error_names_file_line_label_and_remedy(name, tmp_path):
    path = tmp_path / name
    rows = [(*row, label) for row, label in zip(ROWS, (1, 2, 1), strict=True)]
    if name.endswith("csv"):
        lines = ["question1,question2,is_duplicate", *(",".join(map(str, row)) for row in rows)]
    else:
        lines = [pd.DataFrame([row], columns=list(table([]))).iloc[0].to_json() for row in rows]
    path.write_text("\n".join(lines))
    line = 3 if name.endswith("csv") else 2
    with pytest.raises(DataError, match=rf"{name}:{line}: has the label '?2'?; .*--same LABEL"):
        read_pairs(path)
    assert read_pairs(path, Columns(same=2)).labels.tolist() == [False, True, False]
    with pytest.raises(DataError, match=rf"{name}:{line}: .* expected two labels, 'A' \(--same\)"):
        read_pairs(path, Columns(same="A"))


def test_a_label_that_no_row_of_a_file_has(tmp_path):
    path = tmp_path / "p.csv"
    path.write_text("question1,question2,is_duplicate\na,b,x\nc,d,x\n")
    with pytest.raises(DataError, match=r"p\.csv: has no label 'y' \(--same\); all labels are 'x'"):
        read_pairs(path, Columns(same="y"))
