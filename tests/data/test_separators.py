"""CSV-like files with separators that their names do not tell."""

import gzip
import io
from pathlib import Path

import pytest

from gemel.data import (
    BadRows,
    Columns,
    QuestionColumns,
    Source,
    copy_rows,
    read_pairs,
    split_file,
    stream_questions,
    stream_rows,
    stream_unlabelled,
)
from gemel.data.columns import as_separator, separator_word
from gemel.errors import ConfigError, DataError

ROWS = [
    ("question1", "question2", "is_duplicate", "note"),
    ("how, then?", "why; if so?", "1", "a|b"),
    ("who\tknows?", "which?", "0", ""),
]
NAMES = {",": "','", ";": "';'", "\t": "tab", "|": "'|'"}
PLACES = Columns(left=1, right=2, label=3)


def text_of(rows, separator, end="\n"):
    def quoted(field):
        return f'"{field}"' if any(mark in field for mark in ",;\t|") else field

    return "".join(separator.join(map(quoted, row)) + end for row in rows)


def put(folder, content, name="pairs.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def stream(content, kind):
    return Source(Path("standard input"), kind, io.BufferedReader(io.BytesIO(content.encode())))


def found(source, columns=None):
    return [
        (pair.left, pair.right, pair.is_duplicate)
        for row in [*stream_rows(source, columns)]
        for pair in row.items
    ]


EXPECTED = [("how, then?", "why; if so?", True), ("who\tknows?", "which?", False)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", NAMES)
@pytest.mark.parametrize("kind", [".csv", ".tsv"])
def test_the_header_decides_whatever_the_name(kind, separator, end, tmp_path):
    text = text_of(ROWS, separator, end)
    for start in ("", "\ufeff"):
        bad_rows = BadRows()
        path = put(tmp_path, start + text, f"p{kind}")
        assert read_pairs(path, None, bad_rows).lines.tolist() == [2, 3]
        assert found(path) == EXPECTED
        is_usual = separator == {".csv": ",", ".tsv": "\t"}[kind]
        note = [] if is_usual else [f"{path}: separator: {NAMES[separator]}"]
        assert bad_rows.notes == note
    packed = put(tmp_path, gzip.compress(text.encode()), f"p{kind}.gz")
    assert found(packed) == found(stream(text, kind)) == EXPECTED
    assert found(path, Columns(delimiter=separator)) == EXPECTED


@pytest.mark.parametrize("separator", NAMES)
@pytest.mark.parametrize("kind", [".csv", ".tsv"])
def test_rows_decide_where_there_is_no_header(kind, separator, tmp_path):
    path = put(tmp_path, text_of(ROWS[1:], separator), f"p{kind}")
    assert found(path, PLACES) == EXPECTED


def test_the_first_row_of_a_stream_decides():
    assert list(stream_unlabelled(stream("a;b\nc;d,e\n", ".tsv"))) == [
        ("a", "b", 1, "a;b\n"),
        ("c", "d,e", 2, "c;d,e\n"),
    ]


@pytest.mark.parametrize(
    "start", ["sep={}\n", "sep={}\r\n", "SEP={}\n", '"sep={}"\n', "\ufeffsep={}\n"]
)
@pytest.mark.parametrize("separator", [*NAMES, "^"])
def test_a_line_that_names_the_separator(start, separator, tmp_path):
    text = start.format(separator) + text_of(ROWS, separator)
    path = put(tmp_path, text)
    assert found(path) == EXPECTED
    assert read_pairs(path).lines.tolist() == [3, 4]
    bad = put(tmp_path, text + "x\n", "bad.csv")
    with pytest.raises(DataError, match=r"bad\.csv:5: has 1 columns; expected 4; complete the row"):
        read_pairs(bad)
    assert found(
        put(tmp_path, text.replace(separator, ";").replace("sep=;", "sep=,"), "o.csv"),
        Columns(delimiter=";"),
    )


def test_after_the_line_that_names_it_comes_a_header(tmp_path):
    with pytest.raises(DataError, match="is empty; expected a header"):
        read_pairs(put(tmp_path, "sep=;\r\n"))


def test_copies_keep_separator_and_first_lines(tmp_path):
    import numpy as np

    text = "\ufeffsep=;\r\n" + text_of([ROWS[0], *ROWS[1:] * 30], ";", "\r\n")
    path = put(tmp_path, text)
    copy_rows(path, None, np.arange(60) % 2, [tmp_path / "a.csv", tmp_path / "b.csv"])
    assert (tmp_path / "a.csv").read_bytes().decode().startswith(text[:60])
    assert found(tmp_path / "b.csv") == [EXPECTED[1]] * 30
    rows = [(f"a{n}", f"b{n}", str(n % 2), "x") for n in range(60)]
    path = put(tmp_path, "sep=|\n" + text_of([ROWS[0], *rows], "|"), "s.csv")
    report = split_file(path, tmp_path / "parts")
    assert sum(len(read_pairs(part.path)) for part in report.parts) == 60
    for part in report.parts:
        assert Path(part.path).read_text().startswith("sep=|\nquestion1|question2|")


@pytest.mark.parametrize(
    "text",
    [
        "question\nhow, then?\nwho; me?\na|b\tc\n",
        "\ufeffquestion\r\nhow, then?\r\nwho; me?\r\na|b\tc\r\n",
        '"question"\n"how, then?"\nwho; me?\n"a|b\tc"\n',
    ],
)
@pytest.mark.parametrize("name", ["q.csv", "q.tsv"])
def test_a_file_of_one_column_is_not_split(text, name, tmp_path):
    bad_rows = BadRows()
    questions = stream_questions(put(tmp_path, text, name), None, bad_rows)
    assert [each.text for each in questions] == ["how, then?", "who; me?", "a|b\tc"]
    assert not bad_rows.notes


def test_one_column_without_a_header(tmp_path):
    texts = ["how, then?", "who?", "a; b", "why, oh, why?"]
    path = put(tmp_path, "\n".join(texts))
    assert [each.text for each in stream_questions(path, QuestionColumns(header=False))] == texts
    assert [each.text for each in stream_questions(path, QuestionColumns(question=1))] == texts


def test_semicolons_in_quoted_fields_do_not_split_a_row(tmp_path):
    path = put(tmp_path, 'id,text\n1,"a; b; c"\n2,"d; e; f"\n')
    assert [each.text for each in stream_questions(path)] == ["a; b; c", "d; e; f"]
    path = put(tmp_path, '1,"a; b; c"\n2,"d; e; f"\n')
    columns = QuestionColumns(question=2, id=1)
    assert [each.id for each in stream_questions(path, columns)] == ["1", "2"]


def test_a_bad_row_does_not_change_the_separator(tmp_path):
    lines = ["1,a; b,c; d", "0,e,f", "0,g", "1,h,i"]
    path = put(tmp_path, "\n".join(lines))
    with pytest.raises(DataError, match=r":3: has 2 columns; expected 3"):
        read_pairs(path, Columns(left=2, right=3, label=1))


def test_columns_that_were_named_decide(tmp_path):
    path = put(tmp_path, "Frage A;Frage B;gleich\nwie?;warum?;1\n")
    columns = Columns(left="Frage A", right="Frage B", label="gleich")
    assert found(path, columns) == [("wie?", "warum?", True)]
    with pytest.raises(DataError, match="it has: Frage A, Frage B, gleich; name them with --left"):
        read_pairs(path)


def test_what_a_row_that_is_too_long_needs(tmp_path):
    path = put(tmp_path, "question1;question2;is_duplicate\na;b;c;1\n")
    with pytest.raises(
        DataError, match=r":2: has 4 columns; expected 3; put quotes around .*, ';'"
    ):
        read_pairs(path)


@pytest.mark.parametrize(
    ("given", "read"),
    [("tab", "\t"), ("\\t", "\t"), ("\t", "\t"), ("Comma", ","), ("semicolon", ";"), ("~", "~")],
)
def test_a_delimiter_may_have_a_name(given, read, tmp_path):
    assert as_separator(given) == Columns(delimiter=given).delimiter == read
    assert as_separator(separator_word(read)) == read
    path = put(tmp_path, text_of(ROWS, read), "p.dat")
    assert found(path, Columns(delimiter=given)) == EXPECTED


@pytest.mark.parametrize("given", ["", "ab", "x", "7", '"', "\n", "comma,"])
def test_what_is_no_delimiter(given):
    with pytest.raises(ConfigError, match="is no delimiter; expected one character, or comma, "):
        QuestionColumns(delimiter=given)


def test_a_text_file_of_columns(tmp_path):
    path = put(tmp_path, "id|question\n7|a, b\n", "q.txt")
    (question,) = stream_questions(path, QuestionColumns(delimiter="pipe"))
    assert (question.id, question.text) == ("7", "a, b")
    with pytest.raises(DataError, match=r"or --delimiter for a file like CSV"):
        read_pairs(put(tmp_path, "x", "p.txt"))


HEADER = ",".join(ROWS[0][:3])


@pytest.mark.parametrize("empty", [",,", '"","",""', " , ,\t", ",,,,", ",", "   "])
def test_rows_without_a_filled_field_are_skipped_and_counted(empty, tmp_path):
    lines = [HEADER, "a,b,1", empty, "c,d,0", "", empty]
    for separator in ",;":
        bad_rows = BadRows(path=tmp_path / "list")
        path = put(tmp_path, "\r\n".join(lines).replace(",", separator), f"p{ord(separator)}.csv")
        assert read_pairs(path, None, bad_rows).lines.tolist() == [2, 4]
        assert bad_rows.notes[-1] == f"{path}: 2 empty rows skipped"
        assert bad_rows.count == 0


def test_empty_rows_of_other_sources():
    rows = [("a", "b", 1), (None, None, None), ("", None, float("nan")), ("c", "d", 0)]
    bad_rows = BadRows()
    assert read_pairs(rows, None, bad_rows).lines.tolist() == [1, 4]
    mappings = [dict(zip(ROWS[0][:3], row, strict=True)) for row in rows]
    assert read_pairs(mappings, None, bad_rows).lines.tolist() == [1, 4]
    pandas = pytest.importorskip("pandas")
    assert read_pairs(pandas.DataFrame(mappings), None, bad_rows).lines.tolist() == [1, 4]
    assert bad_rows.notes == ["list: 2 empty rows skipped", "DataFrame: 2 empty rows skipped"]


@pytest.mark.parametrize("row", ["a,b,", ",b,", "a,,"])
def test_a_row_with_a_filled_field_is_no_empty_one(row, tmp_path):
    path = put(tmp_path, f"{HEADER}\nc,d,1\n{row}\n")
    with pytest.raises(DataError, match=r":3: has the label ''; .*: label the pair or remove the"):
        read_pairs(path)


@pytest.mark.parametrize("columns", [Columns(delimiter=";"), QuestionColumns(delimiter="|")])
def test_a_wrong_delimiter_is_suspected(columns, tmp_path):
    path = put(tmp_path, "id,question1,question2,is_duplicate\n1,a,b,1\n")
    with pytest.raises(DataError, match=r":1: has no column.* are not separated by '.', add --del"):
        list(stream_rows(path, columns))
