import csv
import gzip
import io
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import Columns, QuestionPair, read_pairs, stream_pairs
from gemel.errors import ConfigError, DataError

HEADER = "question1,question2,is_duplicate\n"
EXPECTED = [QuestionPair("how?", "why?", True, 2), QuestionPair("who?", "a, b", False, 3)]


def put(folder, content, name="pairs.csv"):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


LAYOUTS = {
    "quora.csv": (
        'id,qid1,qid2,question1,question2,is_duplicate\n0,1,2,how?,why?,1\n1,3,4,who?,"a, b",0\n'
    ),
    "glue.tsv": "sentence1\tsentence2\tlabel\tidx\nhow?\twhy?\t1\t0\nwho?\ta, b\t0\t1\n",
    "other order.csv": 'is_duplicate,question2,question1\ntrue,why?,how?\nFALSE,"a, b",who?\n',
    "spaces.csv": 'question1, question2, is_duplicate\nhow?,why?, 1\nwho?,"a, b",0 \n',
    "windows.csv": HEADER.replace("\n", "\r\n") + 'how?,why?,1\r\nwho?,"a, b",0\r\n',
    "bom.csv": "\ufeff" + HEADER + 'how?,why?,1\nwho?,"a, b",0\n',
    "no last newline.csv": HEADER + 'how?,why?,1\nwho?,"a, b",0',
    "UPPER.TSV": "question1\tquestion2\tis_duplicate\nhow?\twhy?\t1\nwho?\ta, b\t0\n",
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_that_are_known(tmp_path, name):
    assert list(stream_pairs(put(tmp_path, LAYOUTS[name], name))) == EXPECTED
    packed = put(tmp_path, gzip.compress(LAYOUTS[name].encode()), name + ".gz")
    assert list(stream_pairs(packed)) == EXPECTED


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_wang_has_no_header_and_no_quotes(tmp_path, mark):
    path = put(tmp_path, mark + '1\thow "old?\twhy?\t7\n0\twho?\t"a, b"\t8\n', "train.tsv")
    assert list(stream_pairs(path)) == [
        QuestionPair('how "old?', "why?", True, 1),
        QuestionPair("who?", '"a, b"', False, 2),
    ]


def test_columns_of_other_names(tmp_path):
    path = put(tmp_path, "a,b,question2,same\nx,how?,why?,1\n")
    pairs = read_pairs(path, Columns(left="b", label="same"))
    assert (pairs.left_texts, pairs.right_texts, pairs.labels.tolist()) == (
        ["how?"],
        ["why?"],
        [True],
    )
    assert pairs.path == path


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(codec="utf-8", exclude_characters="\0")),
            st.text(st.characters(codec="utf-8", exclude_characters="\0")),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([".csv", ".tsv"]),
)
def test_what_csv_writes_is_read_with_its_lines(tmp_path_factory, rows, ending):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter="," if ending == ".csv" else "\t", quoting=csv.QUOTE_ALL)
    writer.writerow(["question1", "question2", "is_duplicate"])
    expected = []
    for left, right, same in rows:
        so_far = stream.getvalue()
        line = 1 + len(io.StringIO(so_far, newline="").readlines())
        expected.append(QuestionPair(left, right, same, line))
        writer.writerow([left, right, int(same)])
    path = put(tmp_path_factory.mktemp("csv"), stream.getvalue(), "pairs" + ending)
    assert list(stream_pairs(path)) == expected


def test_blank_lines_are_passed_over(tmp_path):
    path = put(tmp_path, HEADER + "\nhow?,why?,1\n\n")
    assert list(stream_pairs(path)) == [QuestionPair("how?", "why?", True, 3)]


def test_a_very_long_question(tmp_path):
    pairs = read_pairs(put(tmp_path, HEADER + "word " * 100_000 + ",why?,1\n"))
    assert len(pairs.left_texts[0]) == 500_000


def fails(path, message, line=None, columns=None):
    with pytest.raises(DataError, match=message) as caught:
        read_pairs(path, columns)
    assert caught.value.path == path
    assert caught.value.line == line
    where = f"{path}: " if line is None else f"{path}:{line}: "
    assert str(caught.value).startswith(where)


def test_missing_file(tmp_path):
    fails(tmp_path / "none.csv", "no such file")


def test_folder(tmp_path):
    fails(tmp_path, "is a folder; expected a file")


@pytest.mark.parametrize("content", ["", "\n", "\ufeff"])
def test_empty_file(tmp_path, content):
    fails(put(tmp_path, content), "is empty; expected a header and one pair a line")


@pytest.mark.parametrize("content", [HEADER, HEADER.strip(), HEADER + "\n\n"])
def test_header_only(tmp_path, content):
    fails(put(tmp_path, content), "has a header but no pairs")


@pytest.mark.parametrize("name", ["pairs.txt", "pairs", "pairs.json.gz"])
def test_unknown_kind_of_file(tmp_path, name):
    fails(put(tmp_path, HEADER, name), r"expected a name ending in \.csv, \.tsv, \.jsonl")


def test_wrong_columns(tmp_path):
    fails(
        put(tmp_path, "q1,q2,same\na,b,1\n"),
        "has no columns question1, question2, is_duplicate or sentence1, sentence2, label "
        "or question1, question2, label or anchor, positive; "
        "it has: q1, q2, same; name them with --left, --right and --label",
        line=1,
    )


def test_wrong_names_of_columns(tmp_path):
    fails(
        put(tmp_path, "q1,q2,same\na,b,1\n"),
        "has no column Q1, label; it has: q1, q2, same; name them with",
        line=1,
        columns=Columns(left="Q1", right="q2", label="label"),
    )


@pytest.mark.parametrize("label", ["2", "", "maybe", "0.5"])
def test_wrong_label(tmp_path, label):
    path = put(tmp_path, HEADER + f"a,b,1\na,b,{label}\n")
    fails(path, f"has the label '{label}'; expected 0 or 1", line=3)


def test_line_after_a_field_with_newlines(tmp_path):
    path = put(tmp_path, HEADER + '"a\nb\r\nc",b,1\n"d\n",b,7\n')
    fails(path, "has the label '7'", line=5)


@pytest.mark.parametrize(("row", "count"), [("a,b", 2), ("a,b,1,x", 4), ("a;b;1", 1)])
def test_wrong_number_of_columns(tmp_path, row, count):
    path = put(tmp_path, HEADER + f"a,b,1\n{row}\n")
    fails(path, f"has {count} columns; expected 3", line=3)


def test_wrong_number_of_columns_without_header(tmp_path):
    path = put(tmp_path, "1\ta\tb\t1\n1\ta\t2\n", "wang.tsv")
    fails(path, "has 3 columns; expected 4", line=2)


@pytest.mark.parametrize("row", ['"a,b,1\nc,d,0\n', '"a"b,c,1\n'])
def test_broken_quotes(tmp_path, row):
    path = put(tmp_path, HEADER + "a,b,1\n" + row)
    fails(path, r'has broken quotes .*write a quote .* twice \(""\), or add --no-quotes', line=3)


def test_not_utf8(tmp_path):
    path = put(tmp_path, HEADER.encode() + b"a,b,1\ncaf\xe9,b,1\n")
    fails(path, r"is not UTF-8 \(byte 0xe9\): .*iconv -f .* -t UTF-8", line=3)


def packed():
    letters = random.Random(1)
    rows = "".join(f"{letters.random()},{letters.random()},1\n" for _ in range(2000))
    return gzip.compress((HEADER + rows).encode())


def test_truncated_gzip(tmp_path):
    content = packed()
    fails(put(tmp_path, content[: len(content) // 2], "p.csv.gz"), "is not a whole gzip file")


def test_damaged_gzip(tmp_path):
    content = bytearray(packed())
    for place in range(1000, 1400):
        content[place] ^= 0xFF
    fails(put(tmp_path, bytes(content), "p.csv.gz"), "is not a whole gzip file")


def test_wrong_checksum_of_gzip(tmp_path):
    content = packed()
    changed = content[:-8] + bytes([content[-8] ^ 1]) + content[-7:]
    fails(put(tmp_path, changed, "p.csv.gz"), "is not a whole gzip file")


def test_no_gzip_at_all(tmp_path):
    fails(put(tmp_path, HEADER, "p.csv.gz"), "is not a whole gzip file")


def test_a_column_named_twice_is_refused(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("question1,question2,question1,is_duplicate\na,b,c,1\n")
    with pytest.raises(DataError, match=r"pairs\.csv:1: has 2 columns named question1"):
        read_pairs(path)


def test_two_things_from_one_column_are_refused(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("question1,question2,is_duplicate\na,b,1\n")
    with pytest.raises(DataError, match="cannot read two things from one column, question1"):
        read_pairs(path, Columns(right="question1"))


@pytest.mark.parametrize("same", [0, 1])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "question1,question2,is_duplicate\na,b,0\nc,d,1\n"),
        ("a.tsv", "sentence1\tsentence2\tlabel\na\tb\t0\nc\td\t1\n"),
        ("wang.tsv", "0\ta\tb\t7\n1\tc\td\t8\n"),
        (
            "a.jsonl",
            '{"question1":"a","question2":"b","label":0}\n'
            '{"question1":"c","question2":"d","label":true}\n',
        ),
    ],
)
def test_which_label_means_the_same_holds_in_every_layout(tmp_path, name, content, same):
    pairs = read_pairs(put(tmp_path, content, name), Columns(same=same))
    assert pairs.labels.tolist() == [same == 0, same == 1]


def test_without_a_label_there_is_none_to_turn(tmp_path):
    path = put(tmp_path, "anchor,positive\na,b\n")
    with pytest.raises(DataError, match="no label that --same could mean"):
        read_pairs(path, Columns(same=0))
    with pytest.raises(ConfigError, match="same is empty"):
        Columns(same="")
