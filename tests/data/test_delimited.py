import tracemalloc

import pytest

from gemel.data import Columns, QuestionPair, read_pairs, stream_pairs, stream_rows
from gemel.errors import DataError

HEADER = "question1,question2,is_duplicate\n"
PAIRS = [QuestionPair("how?", "why?", True, 1), QuestionPair("who?", "a, b", False, 2)]
PLACES = Columns(left=2, right=3, label=1)


def put(folder, content, name="pairs.csv"):
    path = folder / name
    path.write_bytes(content.encode())
    return path


@pytest.mark.parametrize("columns", [PLACES, Columns(left="2", right="3", label="1")])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_columns_by_place_mean_no_header(tmp_path, columns, mark):
    path = put(tmp_path, mark + '1,how?,why?,x\n0,who?,"a, b",x\n')
    assert list(stream_pairs(path, columns)) == PAIRS


def test_columns_by_place_behind_a_header(tmp_path):
    path = put(tmp_path, 'same,a,b\n1,how?,why?\n0,who?,"a, b"\n')
    columns = Columns(left="2", right="3", label="1", header=True)
    assert [pair.left for pair in stream_pairs(path, columns)] == ["how?", "who?"]
    mixed = Columns(left="a", right="3", label=1)
    assert list(stream_pairs(path, mixed)) == list(stream_pairs(path, columns))


def test_a_name_that_is_a_number(tmp_path):
    path = put(tmp_path, "3,1,2\na,b,1\n")
    columns = Columns(left="3", right="1", label="2", header=True)
    assert list(stream_pairs(path, columns)) == [QuestionPair("a", "b", True, 2)]


def test_quotes_may_be_letters(tmp_path):
    text = 'question1\tquestion2\tis_duplicate\n"how\tsay "why"\t1\n'
    path = put(tmp_path, text, "pairs.tsv")
    assert list(stream_pairs(path, Columns(quotes=False))) == [
        QuestionPair('"how', 'say "why"', True, 2)
    ]
    with pytest.raises(DataError, match="add --no-quotes if quotes are letters"):
        read_pairs(path)


@pytest.mark.parametrize(
    ("text", "columns", "message"),
    [
        ("label,a,b\n1,x,y\n", PLACES, "looks like a header: if it is one, add --header"),
        ("1,a,b\n", Columns(left=2, right=2, label=1), "two things from one column, column 2"),
        ("1,a,b\n", Columns(left=2, right=4, label=1), "no column 4; it has: column 1, column 2,"),
        ("1,a,b\n", Columns(left=0, right=2, label=1), "has no column 0"),
        ("1,a,b\n", Columns(left=2, right=3), "known by place only; give all three"),
        ("1,a,b\n", Columns(header=False), "known by place only; give all three"),
        ("1,a,b\n", Columns(left="a", right=2, label=1, header=False), "is read without a header"),
        ("same,a,b\n", Columns(left="a", right="7", label="label"), "has no column 7, label; it"),
    ],
)
def test_columns_that_are_not_there(tmp_path, text, columns, message):
    with pytest.raises(DataError, match=message) as caught:
        read_pairs(put(tmp_path, text), columns)
    assert caught.value.line == 1


@pytest.mark.parametrize("columns", [None, Columns(quotes=False), Columns(header=False)])
def test_the_wang_split_is_known(tmp_path, columns):
    path = put(tmp_path, '1\t"a\tb\t7\n', "w.tsv")
    assert list(stream_pairs(path, columns)) == [QuestionPair('"a', "b", True, 1)]
    with pytest.raises(DataError, match="has no columns"):
        read_pairs(path, Columns(header=True, quotes=False))


def test_the_wang_split_is_not_looked_for_where_columns_are_named(tmp_path):
    path = put(tmp_path, "1\ta\tb\t7\n", "w.tsv")
    with pytest.raises(DataError, match="has no column left"):
        read_pairs(path, Columns(left="left"))


def test_text_of_every_kind_stays_as_it_is(tmp_path):
    kinds = [
        "NUL \0 inside",
        "two\nlines\r\nand\rthree",
        "שלום \u202eעולם\u202c",
        "e\u0301 क्षि \U0001f468\u200d\U0001f469\u200d\U0001f467",
        "\u2028\x0b\x0c\x1c\x85",
        "\ufeff",
        "word " * 10_000,
    ]
    path = put(tmp_path, HEADER + "".join(f'"{kind}",b,1\n' for kind in kinds))
    assert read_pairs(path).left_texts == kinds


def test_rows_know_their_text_and_line(tmp_path):
    rows = ['"a\r\n""b""",c,1\r\n', "\r\n", "d,e,0\r", " f,g,true"]
    path = put(tmp_path, HEADER + "".join(rows))
    found = [(row.line, row.raw) for row in stream_rows(path)]
    assert found == [(2, rows[0]), (5, rows[2]), (6, rows[3])]


def test_a_quote_that_no_one_closed_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("gemel.data.delimited.LONGEST", 10_000)
    path = put(tmp_path, HEADER + '"a,b,1\n' + "c,d,1\n" * 100_000)
    tracemalloc.start()
    with pytest.raises(DataError, match=r":2: a row that begins here has broken quotes \(a field"):
        read_pairs(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500_000


def test_rows_are_streamed(tmp_path):
    path = put(tmp_path, HEADER + f"{'x' * 200},b,1\n" * 10_000)
    next(stream_rows(path))  # imports and the like
    tracemalloc.start()
    assert sum(1 for _ in stream_rows(path)) == 10_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 300_000


def test_a_header_with_broken_quotes(tmp_path):
    with pytest.raises(DataError, match=r"pairs\.csv:1: has broken quotes"):
        read_pairs(put(tmp_path, '"question1"a,question2,is_duplicate\na,b,1\n'), skip_bad=5)


def test_a_header_that_is_not_utf8(tmp_path):
    path = tmp_path / "p.csv"
    path.write_bytes(b"question1,question2,is_duplicate,caf\xe9\na,b,1,2\n")
    with pytest.raises(
        DataError, match=r"p\.csv:1: is not UTF-8 \(byte 0xe9\): the file is perhaps"
    ):
        read_pairs(path, skip_bad=5)
