import json

import pytest

from gemel.data import BadRows, read_pairs
from gemel.errors import ConfigError, DataError

HEADER = "question1,question2,is_duplicate\n"


def put(folder, rows, name="p.csv"):
    path = folder / name
    path.write_bytes(HEADER.encode() + rows)
    return path


def listed(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_bad_rows_are_counted_and_listed_and_the_others_kept(tmp_path):
    rows = b'a,b,1\n\xe9t\xe9,b,1\nc,d\n"\xeb\xb9\x84\n,",e,maybe\r\n"f"g,h,1\ni,j,0\n'
    path = put(tmp_path, rows)
    bad_rows = BadRows(4, tmp_path / "list")
    pairs = read_pairs(path, None, bad_rows)
    assert (pairs.left_texts, pairs.lines.tolist()) == (["a", "i"], [2, 8])
    assert bad_rows.count == 4
    assert str(bad_rows) == f"4 bad rows were skipped, listed in {tmp_path / 'list'}"
    entries = listed(tmp_path / "list")
    assert {entry["file"] for entry in entries} == {str(path)}
    assert [entry["line"] for entry in entries] == [3, 4, 5, 7]
    assert [entry["text"] for entry in entries] == [
        "\\xe9t\\xe9,b,1\n",
        "c,d\n",
        '"비\n,",e,maybe\r\n',
        '"f"g,h,1\n',
    ]
    problems = [entry["problem"] for entry in entries]
    starts = ["is not UTF-8 (byte 0xe9)", "has 2 columns; expected 3", "has the label 'maybe'"]
    for problem, start in zip(problems, [*starts, "has broken quotes"], strict=True):
        assert problem.startswith(start)


def test_one_more_than_allowed_is_an_error_that_states_where_the_others_are(tmp_path):
    path = put(tmp_path, b"a,b,1\nx\ny\nz\n")
    with pytest.raises(
        DataError, match=r"p\.csv:5: has 1 columns.*2 bad rows were skipped, listed"
    ):
        read_pairs(path, None, BadRows(2, tmp_path / "list"))
    assert [entry["line"] for entry in listed(tmp_path / "list")] == [3, 4]
    with pytest.raises(DataError, match=r"p\.csv:3: has 1 columns; expected 3; complete the row"):
        read_pairs(path)


def test_a_number_lists_them_in_the_current_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    read_pairs(put(tmp_path, b"a,b,1\nx\n"), skip_bad=1)
    read_pairs(put(tmp_path, b"a,b,1\nx\nc,d,0\n"), skip_bad=1)  # an older list is replaced
    assert [entry["line"] for entry in listed(tmp_path / "p.csv.bad-rows.jsonl")] == [3]


def test_one_count_for_several_files(tmp_path):
    bad_rows = BadRows(2, tmp_path / "list")
    for name in ("p.csv", "q.csv"):
        read_pairs(put(tmp_path, b"a,b,1\nx\n", name), None, bad_rows)
    assert [entry["file"] for entry in listed(tmp_path / "list")] == [
        str(tmp_path / "p.csv"),
        str(tmp_path / "q.csv"),
    ]
    with pytest.raises(DataError, match="no more than 2"):
        read_pairs(tmp_path / "p.csv", None, bad_rows)


def test_nothing_is_written_where_nothing_is_bad(tmp_path):
    read_pairs(put(tmp_path, b"a,b,1\n"), None, BadRows(3, tmp_path / "list"))
    assert not (tmp_path / "list").exists()


def test_bad_rows_alone_are_no_pairs(tmp_path):
    with pytest.raises(DataError, match="has bad rows but no pairs"):
        read_pairs(put(tmp_path, b"x\n"), None, BadRows(3, tmp_path / "list"))


@pytest.mark.parametrize(
    "rows",
    [
        b'a,b,1\n"c,d,1\ne,f,0\n',  # open to the end of the file
        b'a,b,1\n"c,d,1\ne,"f",0\n',  # met by the next quote, lines later
        b'a,b,1\n"c"d,"e\nf,g,1\n',  # broken, and another one open
        b'a,b,1\n5" wide,"c\nd "e" f,1\n',  # open in spite of an even number of quotes
    ],
)
def test_a_row_whose_end_is_unknown_is_never_skipped(tmp_path, rows):
    """What follows could be the rest of a question, and would be taken for a row."""
    with pytest.raises(DataError, match=r"p\.csv:3: a row that begins here.*cannot be skipped"):
        read_pairs(put(tmp_path, rows), None, BadRows(9, tmp_path / "list"))


def test_the_list_replaces_no_file_of_another_kind(tmp_path):
    path = put(tmp_path, b"a,b,1\nx\n")
    with pytest.raises(DataError, match="is there and is no list of bad rows"):
        read_pairs(path, None, BadRows(1, path))
    assert path.read_bytes() == HEADER.encode() + b"a,b,1\nx\n"


def test_fewer_than_none_cannot_be_skipped():
    with pytest.raises(ConfigError, match="must be a whole number of 0 at least, not -1"):
        BadRows(-1)
