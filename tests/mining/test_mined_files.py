import csv
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from gemel.data import read_pairs
from gemel.errors import ConfigError, DataError
from gemel.mining.mined import (
    FORMS,
    MINED_KINDS,
    MinedAnchor,
    check_mined_file,
    column_names,
    rows_in_form,
    write_mined,
)

MINED = [
    MinedAnchor("a", ["b", "c"], ["x", "y"]),
    MinedAnchor("d", ["e"], ["x"]),
    MinedAnchor("f", ["g"], []),
]


def write(path, form, mined, count=2):
    rows = (row for each in mined for row in rows_in_form(form, each, count))
    return write_mined(path, column_names(form, count), rows)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("triplet", ["a b x", "a b y", "a c x", "a c y", "d e x"]),
        ("n-tuple", ["a b x y", "a c x y"]),
        ("labeled-pair", ["a b 1", "a c 1", "a x 0", "a y 0", "d e 1", "d x 0", "f g 1"]),
    ],
)
@pytest.mark.parametrize("kind", MINED_KINDS)
def test_forms_in_every_kind_of_file(form, expected, kind, tmp_path):
    path = tmp_path / f"mined{kind}"
    assert write(path, form, MINED) == len(expected)
    names = column_names(form, 2)
    if kind == ".parquet":
        found = parquet.read_table(path).to_pylist()
    elif kind == ".jsonl":
        found = list(map(json.loads, path.read_text().splitlines()))
    else:
        with path.open(newline="") as stream:
            found = list(csv.DictReader(stream, delimiter="\t" if kind == ".tsv" else ","))
    assert {tuple(row) for row in found} == {names}
    assert [" ".join(map(str, row.values())) for row in found] == expected


@pytest.mark.parametrize("kind", [".jsonl", ".parquet"])
def test_lists(kind, tmp_path):
    path = tmp_path / "new" / f"mined{kind}"
    check_mined_file(path, "labeled-list")
    assert write(path, "labeled-list", MINED) == 3
    if kind == ".parquet":
        found = parquet.read_table(path).to_pylist()
    else:
        found = list(map(json.loads, path.read_text().splitlines()))
    assert found == [
        {"anchor": "a", "texts": ["b", "x", "y"], "labels": [1, 0, 0]},
        {"anchor": "a", "texts": ["c", "x", "y"], "labels": [1, 0, 0]},
        {"anchor": "d", "texts": ["e", "x"], "labels": [1, 0]},
    ]


# Half a character among it, which no file can hold.
texts = st.text(st.characters(), min_size=1, max_size=8).filter(str.strip)


@given(
    mined=st.lists(
        st.builds(MinedAnchor, texts, st.tuples(texts).map(list), st.tuples(texts).map(list)),
        min_size=1,
        max_size=4,
    )
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=8,
)
@pytest.mark.parametrize("form", ["triplet", "labeled-pair"])
@pytest.mark.parametrize("kind", MINED_KINDS)
def test_what_is_written_is_read_as_pairs(form, kind, mined, tmp_path):
    path = tmp_path / f"mined{kind}"
    write(path, form, mined, count=1)
    pairs = read_pairs(path)
    found = list(zip(pairs.left_texts, pairs.right_texts, pairs.labels.tolist(), strict=True))

    def kept(text):
        return text.encode("utf-8", "replace").decode()

    expected = [
        (kept(each.anchor), kept(other), label)
        for each in mined
        for other, label in ((each.positives[0], True), (each.negatives[0], False))
    ]
    assert found == expected


def test_a_reader_that_stops_leaves_what_was_there(tmp_path):
    path = tmp_path / "mined.csv"
    path.write_text("old")

    def rows():
        yield "a", "b", "c"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_mined(path, column_names("triplet", 1), rows())
    assert [each.name for each in tmp_path.iterdir()] == ["mined.csv"]
    assert path.read_text() == "old"


def test_what_cannot_be_written_is_reported_first(tmp_path):
    for name, form, error, message in [
        ("mined.txt", "triplet", DataError, ".csv, .tsv, .jsonl, .parquet"),
        ("mined.csv", "triple", ConfigError, f"form must be one of {', '.join(FORMS)}"),
        ("mined.tsv", "labeled-list", DataError, "name a .jsonl or .parquet file"),
        (".", "triplet", DataError, "no known kind"),
    ]:
        with pytest.raises(error) as raised:
            check_mined_file(tmp_path / name, form)
        assert message in str(raised.value)
    (tmp_path / "mined.csv").write_text("old")
    with pytest.raises(DataError, match="--overwrite"):
        check_mined_file(tmp_path / "mined.csv", "triplet")
    check_mined_file(tmp_path / "mined.csv", "triplet", overwrite=True)
    check_mined_file(tmp_path / "mined.jsonl", "labeled-list")
