import json
import sys

import pyarrow as pa
import pytest
from pyarrow import parquet

from gemel.data import BadRows, Columns, QuestionPair, read_pairs, stream_pairs
from gemel.errors import DataError, MissingExtraError

TABLE = {"idx": [7, 8], "sentence1": ["how?", "é\n\0"], "sentence2": ["why?", ""], "label": [1, 0]}
EXPECTED = [QuestionPair("how?", "why?", True, 1), QuestionPair("é\n\0", "", False, 2)]


def put(folder, table, name="p.parquet"):
    parquet.write_table(table if isinstance(table, pa.Table) else pa.table(table), folder / name)
    return folder / name


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), "utf8")])
@pytest.mark.parametrize("label", [pa.int64(), pa.uint8(), pa.bool_(), pa.float32(), pa.string()])
def test_types_of_columns(tmp_path, text, label):
    table = pa.table(TABLE)
    for name, kind in (("sentence1", text), ("label", pa.int8()), ("label", label)):
        place = table.schema.get_field_index(name)
        table = table.set_column(place, name, table[name].cast(kind))
    assert list(stream_pairs(put(tmp_path, table))) == EXPECTED


def test_rows_are_counted_through_batches(tmp_path):
    count = 40_000
    table = {"question1": list(map(str, range(count))), "question2": ["b"] * count}
    path = put(tmp_path, {**table, "is_duplicate": [n % 3 == 0 for n in range(count)]})
    pairs = read_pairs(path)
    assert pairs.lines.tolist() == list(range(1, count + 1))
    assert pairs.left_texts == table["question1"]
    assert pairs.labels.sum() == (count + 2) // 3


def test_anchors_and_columns_by_name(tmp_path):
    path = put(tmp_path, {"negative": ["c", None], "anchor": ["a", "d"], "positive": ["b", "e"]})
    assert [(pair.left, pair.right, pair.is_duplicate) for pair in stream_pairs(path)] == [
        ("a", "b", True),
        ("a", "c", False),
        ("d", "e", True),
    ]
    path = put(tmp_path, {"same": [True], "q.1": ["a"], "q 2": ["b"], "q": [{"1": "no"}]})
    columns = Columns(left="q.1", right="q 2", label="same")
    assert list(stream_pairs(path, columns)) == [QuestionPair("a", "b", True, 1)]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"sentence2": ["why?", None]}, "has null as sentence2; expected a text"),
        ({"label": [1, None]}, "has the label null"),
        ({"label": [1, 3]}, "has the label 3"),
        (
            {"sentence1": pa.array([b"how?", b"caf\xe9"]).view(pa.string())},
            r"is not UTF-8 \(byte 0xe9\)",
        ),
        (
            {"sentence1": pa.array([b"how?", b"\xff"]).view(pa.string()).dictionary_encode()},
            r"is not UTF-8 \(byte 0xff\)",
        ),
    ],
)
def test_a_row_that_does_not_fit(tmp_path, change, problem):
    path = put(tmp_path, {**TABLE, **change})
    with pytest.raises(DataError, match=rf"p\.parquet:2: {problem}"):
        read_pairs(path)
    pairs = read_pairs(path, None, BadRows(1, tmp_path / "list"))
    assert pairs.lines.tolist() == [1]
    assert json.loads((tmp_path / "list").read_text())["line"] == 2


@pytest.mark.parametrize("values", [[["a"], ["b"]], [1, 2], [b"a", b"b"]])
def test_questions_that_are_no_texts(tmp_path, values):
    with pytest.raises(DataError, match=r":1: has .* as sentence1; expected a text"):
        read_pairs(put(tmp_path, {**TABLE, "sentence1": values}))


def test_columns_that_are_not_there(tmp_path):
    path = put(tmp_path, {"a": ["x"], "b": ["y"], "c": [1]})
    with pytest.raises(DataError, match=r"p\.parquet: has no columns .*it has: a, b, c;"):
        read_pairs(path)
    with pytest.raises(DataError, match=r"p\.parquet: has no column 1, 2, 3; it has: a, b, c"):
        read_pairs(path, Columns(left=1, right=2, label=3))


def test_no_rows(tmp_path):
    empty = pa.table(TABLE).slice(0, 0)
    with pytest.raises(DataError, match="has no pairs"):
        read_pairs(put(tmp_path, empty))


@pytest.mark.parametrize("damage", [lambda all_: all_[:-20], lambda _: b"", lambda _: b"a,b,1\n"])
def test_a_damaged_file(tmp_path, damage):
    path = put(tmp_path, TABLE)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=r"p\.parquet: is not a whole Parquet file"):
        read_pairs(path)


def test_damage_met_while_reading(tmp_path):
    count = 50_000
    table = {"question1": list(map(str, range(count))), "question2": ["b"] * count}
    path = put(tmp_path, {**table, "label": [1] * count})
    content = bytearray(path.read_bytes())
    content[200_000:201_000] = bytes(1000)
    path.write_bytes(content)
    with pytest.raises(DataError, match="is not a whole Parquet file"):
        read_pairs(path)


def test_without_pyarrow(tmp_path, monkeypatch):
    path = put(tmp_path, TABLE)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(
        MissingExtraError, match=r"Parquet requires .*pip install 'gemel\[parquet\]'"
    ):
        read_pairs(path)
