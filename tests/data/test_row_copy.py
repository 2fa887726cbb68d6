import gzip
import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from gemel.data import NOWHERE, BadRows, Columns, copy_rows, stream_rows
from gemel.errors import DataError

HEADER = "question1,question2,is_duplicate\n"
FIELD = st.sampled_from(
    ["a", '"a, b"', '"two\nlines"', '"""so"" he given"', "", "עברית", 'in"side']
)
END = st.sampled_from(["\n", "\r\n", "\n\n"])


@settings(max_examples=30)
@given(
    st.lists(st.tuples(FIELD, FIELD, st.sampled_from(["0", " 1", "TRUE"]), END), max_size=6),
    st.sampled_from(["", "\ufeff"]),
    st.booleans(),
    st.data(),
)
def test_rows_are_copied_unchanged(tmp_path_factory, rows, mark, has_last_end, data):
    """Part for part, the oracle: header and rows as they were written, blank lines left out."""
    folder = tmp_path_factory.mktemp("copy")
    raw = [f"{left},{right},{label}{end}" for left, right, label, end in rows]
    text = mark + HEADER + "".join(raw)
    text = text if has_last_end else text.rstrip("\r\n")
    (folder / "pairs.csv").write_text(text, encoding="utf-8", newline="")
    parts = data.draw(st.lists(st.integers(NOWHERE, 2), min_size=len(rows), max_size=len(rows)))
    outs = [folder / name for name in ("0.csv", "1.csv.gz", "2.csv")]
    copy_rows(folder / "pairs.csv", None, np.array(parts, int), outs)
    lines = [row.replace("\n\n", "\n") for row in raw]
    if lines and not has_last_end:
        lines[-1] = lines[-1].rstrip("\r\n")
    for part, out in enumerate(outs):
        written = gzip.decompress(out.read_bytes()) if out.suffix == ".gz" else out.read_bytes()
        expected = "".join(line for line, of in zip(lines, parts, strict=True) if of == part)
        header = HEADER if has_last_end or rows else HEADER.rstrip("\n")
        assert written.decode() == mark + header + expected


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_no_header_where_there_was_none(tmp_path, mark):
    (tmp_path / "w.tsv").write_text(mark + "1\ta\tb\t7\n0\tc\td\t8\n", encoding="utf-8")
    outs = [tmp_path / "0.tsv", tmp_path / "1.tsv"]
    copy_rows(tmp_path / "w.tsv", None, np.array([1, 0]), outs)
    assert [out.read_text() for out in outs] == [mark + "0\tc\td\t8\n", mark + "1\ta\tb\t7\n"]


def test_json_lines_and_a_row_of_two_pairs(tmp_path):
    rows = ['{"anchor": "a", "positive":"b", "negative": "c", "more": [1]}\n', ' {"anchor":"d",']
    rows[1] += ' "positive":"\\u00e9"}'
    with gzip.open(tmp_path / "t.jsonl.gz", "wt") as stream:
        stream.write("".join(rows))
    outs = [tmp_path / "0.jsonl", tmp_path / "1.jsonl"]
    copy_rows(tmp_path / "t.jsonl.gz", None, np.array([1, 0]), outs)
    assert [out.read_text() for out in outs] == [rows[1], rows[0]]


def test_parquet_keeps_every_column_and_its_type(tmp_path):
    count = 40_000
    letters = random.Random(1)
    table = pa.table(
        {
            "label": pa.array([n % 2 for n in range(count)], pa.int8()),
            "extra": [[n] for n in range(count)],
            "sentence1": [str(letters.random()) for _ in range(count)],
            "sentence2": pa.array([str(n % 3) for n in range(count)]).dictionary_encode(),
        }
    )
    parquet.write_table(table, tmp_path / "p.parquet")
    parts = np.array([letters.randrange(NOWHERE, 3) for _ in range(count)])
    outs = [tmp_path / f"{part}.parquet" for part in range(4)]
    copy_rows(tmp_path / "p.parquet", None, parts, outs)
    for part, out in enumerate(outs):
        assert parquet.read_table(out).equals(table.filter(pa.array(parts == part)))


def test_bad_rows_are_in_no_part(tmp_path):
    text = HEADER + "a,b,1\nbad\nc,d,0\n"
    (tmp_path / "p.csv").write_text(text)
    (tmp_path / "p.csv").write_bytes(text.encode() + b"\xff,e,1\nf,g,1\n")
    bad_rows = BadRows(2, tmp_path / "bad.jsonl")
    assert len(list(stream_rows(tmp_path / "p.csv", None, bad_rows))) == 3
    listed = (tmp_path / "bad.jsonl").read_text()
    copy_rows(tmp_path / "p.csv", None, np.array([0, 0, 0]), [tmp_path / "o.csv"])
    assert (tmp_path / "o.csv").read_text() == HEADER + "a,b,1\nc,d,0\nf,g,1\n"
    assert (tmp_path / "bad.jsonl").read_text() == listed


def test_bad_rows_of_parquet_are_in_no_part(tmp_path):
    table = pa.table(
        {"question1": ["a", None, "c"], "question2": ["x", "y", "z"], "label": [1, 0, 0]}
    )
    parquet.write_table(table, tmp_path / "p.parquet")
    outs = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    copy_rows(tmp_path / "p.parquet", None, np.array([1, 0]), outs)
    assert [parquet.read_table(out)["question1"].to_pylist() for out in outs] == [["c"], ["a"]]


@pytest.mark.parametrize(("count", "message"), [(1, "has more than the 1 rows"), (3, "has 2 rows")])
@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_a_file_that_has_changed_leaves_nothing_behind(tmp_path, count, message, name):
    path = tmp_path / name
    table = {"question1": ["a", "b"], "question2": ["c", "d"], "is_duplicate": [0, 1]}
    path.write_text(HEADER + "a,c,0\nb,d,1\n")
    if name == "p.parquet":
        parquet.write_table(pa.table(table), path)
    out = tmp_path / f"out{path.suffix}"
    with pytest.raises(DataError, match=message):
        copy_rows(path, None, np.zeros(count, int), [out])
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_what_cannot_be_meant_is_refused(tmp_path):
    (tmp_path / "p.csv").write_text(HEADER + "a,b,1\n")
    one = np.zeros(1, int)
    with pytest.raises(DataError, match=r"p\.tsv: is not of the kind of"):
        copy_rows(tmp_path / "p.csv", None, one, [tmp_path / "p.tsv"])
    with pytest.raises(DataError, match="cannot be written over with its own rows"):
        copy_rows(tmp_path / "p.csv", Columns(), one, [tmp_path / "p.csv"])
    assert (tmp_path / "p.csv").read_text() == HEADER + "a,b,1\n"
