"""Pairs without a label, from files and from streams."""

import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import BadRows, Columns, Source, UnlabelledPair, read_pairs, stream_unlabelled
from gemel.errors import DataError

EXPECTED = [("how?", "why?"), ("who?", 'a, "b"')]


def put(folder, content, name="pairs.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def stream(content, kind=".tsv"):
    content = content if isinstance(content, bytes) else content.encode()
    return Source(
        path=Path("standard input"), kind=kind, stream=io.BufferedReader(io.BytesIO(content))
    )


def texts_of(source, columns=None, skip_bad=0):
    return [(each.left, each.right) for each in stream_unlabelled(source, columns, skip_bad)]


FILES = {
    "unlabelled.csv": 'question1,question2\nhow?,why?\nwho?,"a, ""b"""\n',
    "labelled.csv": 'is_duplicate,question2,question1\n1,why?,how?\n0,"a, ""b""",who?\n',
    "no label at all.tsv": (
        'sentence1\tidx\tsentence2\tlabel\nhow?\t7\twhy?\t\nwho?\t8\t"a, ""b"""\tperhaps\n'
    ),
    "anchors.csv": 'anchor,positive,negative\nhow?,why?,when?\nwho?,"a, ""b""",\n',
    "wang.tsv": '1\thow?\twhy?\t7\n0\twho?\ta, "b"\t8\n',
    "keys.jsonl": "\n".join(
        json.dumps(dict(zip(("question1", "question2"), pair, strict=True), label=None))
        for pair in EXPECTED
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_a_label_is_not_looked_at(tmp_path, name):
    content = FILES[name].encode()
    assert texts_of(put(tmp_path, content, name)) == EXPECTED
    assert texts_of(put(tmp_path, gzip.compress(content), name + ".gz")) == EXPECTED
    assert texts_of(stream(content, name[name.index(".") :])) == EXPECTED


def test_of_a_parquet_file_only_the_questions_are_read(tmp_path):
    import pyarrow
    from pyarrow.parquet import write_table

    columns = dict(zip(("question1", "question2"), zip(*EXPECTED, strict=True), strict=True))
    table = pyarrow.table({key: list(values) for key, values in columns.items()})
    write_table(table.append_column("label", [[None, 7]]), tmp_path / "p.parquet")
    assert texts_of(tmp_path / "p.parquet") == EXPECTED


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        ("how?\twhy?\n", Columns(header=False)),
        ("how?\twhy?\n", Columns(left=1, right=2)),
        ("why?\thow?\n", Columns(left="2", right="1")),
        ("x\thow?\twhy?\n", Columns(left=2, right=3)),
        ("a\tb\tc\nwhy?\tx\thow?\n", Columns(left="c", right="a")),
        ("a\tb\nhow?\twhy?\n", Columns(left=1, right=2, header=True)),
        ("a\tb\nhow?\twhy?\n", Columns(left="a", right="2")),
        ('"how?\twhy?\n', Columns(header=False, quotes=False)),
    ],
)
def test_two_columns_are_named_or_numbered(tmp_path, content, columns):
    for source in (put(tmp_path, content, "p.tsv"), stream(content)):
        assert texts_of(source, columns) == [('"' * ('"' in content) + "how?", "why?")]


def test_the_label_that_was_named_for_other_verbs_does_no_harm(tmp_path):
    path = put(tmp_path, "a,b,c\nx,y,perhaps\n")
    assert texts_of(path, Columns(left="a", right="b", label="c")) == [("x", "y")]
    with pytest.raises(DataError, match="has the label 'perhaps'"):
        read_pairs(path, Columns(left="a", right="b", label="c"))


@pytest.mark.parametrize("header", ["", "question1\tquestion2\n", "idx\tsentence2\tsentence1\n"])
def test_a_stream_has_a_header_if_its_first_line_is_one(header):
    row = {0: "a\tb\n", 2: "a\tb\n", 3: "0\tb\ta\n"}[len(header.split())]
    assert texts_of(stream(header + row)) == [("a", "b")]


def test_a_header_that_is_a_pair_and_one_that_is_not_usual():
    assert texts_of(stream("question1\tquestion2\n"), Columns(header=False)) == [
        ("question1", "question2")
    ]
    assert texts_of(stream("one\ttwo\na\tb\n")) == [("one", "two"), ("a", "b")]
    columns = Columns(left="one", right="two")
    assert texts_of(stream("one\ttwo\na\tb\n"), columns) == [("a", "b")]


@pytest.mark.parametrize(
    ("content", "columns", "line", "message"),
    [
        (
            "how?\twhy?\n",
            None,
            1,
            "has no columns question1, question2 or sentence1, sentence2 or anchor, positive; "
            r"it has: how\?, why\?; name them with --left and --right; or, if this first line is a "
            "pair and no header, add --no-header$",
        ),
        ("a\tb\tc\n", Columns(header=False), 1, "has 3 columns.*give both, for example --left 1"),
        (
            "a b\n",
            Columns(header=False),
            1,
            "has one column; .*by tab; name another .*--delimiter$",
        ),
        ("a\tb\n", Columns(left="c"), 1, "has no column c; it has: a, b; name them with --left"),
        ("a\tb\n", Columns(left=1, right=3), 1, "has no column 3; it has: column 1, column 2; "),
        ("a\tb\n", Columns(left=0, right=1), 1, "has no column 0"),
        ("a\tb\n", Columns(left=2, right=2), 1, "two things from one column, column 2"),
        ("question1\tquestion2\n", Columns(left=1, right=2), 1, "if it is one, add --header"),
        ("question1\tquestion2\na\tb\nc\n", None, 3, "has 1 columns; expected 2"),
    ],
)
def test_columns_that_are_not_there(tmp_path, content, columns, line, message):
    with pytest.raises(DataError, match=message) as caught:
        texts_of(put(tmp_path, content, "p.tsv"), columns)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"{tmp_path / 'p.tsv'}:{line}: ")


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (b"", ".tsv", "standard input: is empty; expected one pair a line"),
        (b"", ".jsonl", "standard input: is empty; expected a JSON object"),
        (b"\n\na,b\n", ".csv", "standard input: begins with an empty line"),
        (b"a\tb\nc\n", ".tsv", "standard input:2: has 1 columns; expected 2"),
        (b"a\tb\tc\n", ".tsv", "standard input:1: is read without a header and has 3 columns"),
        (
            b"question1 question2\na b\n",
            ".tsv",
            "standard input:1: has one column; expected two or more, separated by tab; name "
            "another separator with --delimiter, or its kind with --format",
        ),
        (
            b"a b\n",
            ".csv",
            "standard input:1: has one column; expected two or more, separated by ','",
        ),
        (b'a\tb\n"c\td\n', ".tsv", "standard input:2: a row that begins here has broken quotes"),
        (b"[]\n", ".jsonl", "standard input:1: is '[]'; expected a JSON object"),
        (b"{}\n", ".jsonl", "standard input:1: has no columns question1, question2 or "),
        (b"a\tcaf\xe9\n", ".tsv", "standard input:1: is not UTF-8 (byte 0xe9): the file is perha"),
        ("a\tb\n".encode("utf-16"), ".tsv", "standard input: is UTF-16, not UTF-8; send it thr"),
        (
            gzip.compress(b"a\tb\n", mtime=0),
            ".tsv",
            "standard input: is packed with gzip, not text; unpack",
        ),
        (b"a\tb\n", ".parquet", "standard input: is of no known kind"),
    ],
)
def test_errors_of_a_stream_name_it_and_its_line(content, kind, message):
    with pytest.raises(DataError) as caught:
        texts_of(stream(content, kind))
    assert str(caught.value).startswith(message)


def test_a_stream_in_another_encoding_is_named_with_what_to_send_it_through():
    line = "Как восстановить пароль?\tКакая сегодня погода в Москве?\n"
    with pytest.raises(DataError, match=r"send it through: iconv -f \S+ -t UTF-8$") as caught:
        texts_of(stream(line.encode("cp1251")))
    named = str(caught.value).split()[-3]
    assert line.encode("cp1251").decode(named) == line


def test_bad_rows_of_a_stream_are_listed(tmp_path):
    bad_rows = BadRows(2, tmp_path / "list")
    source = stream(b"a\tb\nc\ncaf\xe9\td\ne\tf\n")
    assert list(stream_unlabelled(source, None, bad_rows)) == [
        UnlabelledPair("a", "b", 1, "a\tb\n"),
        UnlabelledPair("e", "f", 4, "e\tf\n"),
    ]
    listed = [json.loads(line) for line in (tmp_path / "list").read_text().splitlines()]
    assert [(entry["file"], entry["line"]) for entry in listed] == [
        ("standard input", 2),
        ("standard input", 3),
    ]


def test_a_stream_stays_open():
    source = stream("a\tb\n")
    texts_of(source)
    assert not source.stream.closed


@given(st.lists(st.tuples(*[st.text(st.characters(codec="utf-8"), min_size=1)] * 2), min_size=1))
def test_questions_come_with_their_lines(pairs):
    objects = [json.dumps({"question1": one, "question2": two}) for one, two in pairs]
    found = list(stream_unlabelled(stream("\n\n".join(objects), ".jsonl")))
    assert found == [
        UnlabelledPair(*pair, 1 + 2 * number, objects[number] + "\n\n"[: number < len(pairs) - 1])
        for number, pair in enumerate(pairs)
    ]
