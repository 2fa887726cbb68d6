import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel import DataError
from gemel.data import BadRows, QuestionColumns, QuestionRow, stream_questions
from gemel.data.bad_rows import BadRowError

QUESTIONS = ["How do I cook rice?", 'What, "now"?', "\u03b1 \u6771\u4eac?"]


def read(path, columns=None, skip_bad=0):
    return list(stream_questions(path, columns, skip_bad))


def put(folder, name, content):
    (folder / name).write_text(content, encoding="utf-8", newline="")
    return folder / name


CSV = 'How do I cook rice?\n"What, ""now""?"\n\u03b1 \u6771\u4eac?\n'
KINDS = {
    "a.txt": "\n".join(QUESTIONS),
    "b.txt": "\ufeff" + "\r\n\r\n".join(QUESTIONS) + "\r\n\n",
    "c.csv": "question\n" + CSV,
    "d.jsonl": "".join(json.dumps({"text": text, "x": 1}) + "\n" for text in QUESTIONS),
}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("packed", [False, True])
def test_a_question_a_row(tmp_path, name, packed):
    path = put(tmp_path, name, KINDS[name])
    if packed:
        content = path.read_bytes()
        path = tmp_path / f"{name}.gz"
        path.write_bytes(gzip.compress(content))
    found = read(path)
    assert [question.text for question in found] == QUESTIONS
    assert all(question.id == str(question.line) for question in found)


def test_ids_are_carried(tmp_path):
    path = put(tmp_path, "q.tsv", "qid\ttitle\nq7\tone?\nq8\ttwo?\n")
    assert read(path) == [QuestionRow("one?", "q7", 2), QuestionRow("two?", "q8", 3)]
    table = pa.table({"id": [70, 80], "question": ["one?", "two?"], "more": [[1], [2]]})
    pq.write_table(table, tmp_path / "q.parquet")
    assert read(tmp_path / "q.parquet") == [
        QuestionRow("one?", "70", 1),
        QuestionRow("two?", "80", 2),
    ]


def test_other_columns_go_along(tmp_path):
    columns = QuestionColumns(kept=("forum", "votes"))
    path = put(tmp_path, "q.csv", "votes,question,forum,x\n3,one?,cooking,\n")
    (question,) = read(path, columns)
    assert question.kept == {"forum": "cooking", "votes": "3"}
    table = pa.table({"x": [1], "votes": [3], "question": ["one?"], "forum": ["cooking"]})
    pq.write_table(table, tmp_path / "q.parquet")
    (question,) = read(tmp_path / "q.parquet", columns)
    assert question.kept == {"forum": "cooking", "votes": 3}
    path = put(tmp_path, "q.tsv", "one?\tq1\tcooking\n")
    (question,) = read(path, QuestionColumns(question=1, id=2, kept=(3, 1)))
    assert question.kept == {"column 3": "cooking", "column 1": "one?"}
    with pytest.raises(DataError, match="has no column forums; it has: votes, question, forum, x"):
        read(tmp_path / "q.csv", QuestionColumns(kept=("forums",)))


@pytest.mark.parametrize("value", ["[1]", "{}"])
def test_what_goes_along_is_plain(tmp_path, value):
    path = put(tmp_path, "q.jsonl", f'{{"question": "one?", "tags": {value}}}\n')
    with pytest.raises(
        DataError, match=r"as tags; expected text, an integer, .*join its parts into one text"
    ):
        read(path, QuestionColumns(kept=("tags",)))


def test_what_goes_along_is_a_number_that_json_knows(tmp_path):
    pq.write_table(pa.table({"text": ["one?"], "x": [float("inf")]}), tmp_path / "q.parquet")
    with pytest.raises(DataError, match="has inf as x; expected a finite number"):
        read(tmp_path / "q.parquet", QuestionColumns(kept=("x",)))
    pq.write_table(pa.table({"text": ["one?"], "x": [float("nan")]}), tmp_path / "q.parquet")
    (question,) = read(tmp_path / "q.parquet", QuestionColumns(kept=("x",)))
    assert question.kept == {"x": None}


def test_columns_by_name_and_by_place(tmp_path):
    path = put(tmp_path, "q.csv", "7,x,one?\n8,y,two?\n")
    columns = QuestionColumns(question=3, id=1)
    assert [question[:2] for question in read(path, columns)] == [("one?", "7"), ("two?", "8")]
    path = put(tmp_path, "n.csv", "Nr,Frage\n7,eins?\n")
    named = QuestionColumns(question="Frage", id="Nr")
    assert read(path, named) == [QuestionRow("eins?", "7", 2)]
    path = put(tmp_path, "one.csv", "one?\ntwo?\n")
    assert [each.text for each in read(path, QuestionColumns(header=False))] == ["one?", "two?"]


@pytest.mark.parametrize(
    ("names", "columns", "problem"),
    [
        ("a b", {}, "has no column question or text or title; it has: a, b; name it with --quest"),
        ("text title", {}, "has several columns for the question: text, title; name one with --q"),
        ("text text", {}, "has several columns for the question: text, text"),
        ("text id qid", {}, "has several columns for the id: id, qid; name one with --id"),
        ("text id", {"question": "body"}, "has no column body; it has: text, id"),
        ("text id", {"id": "text"}, "cannot read two things from one column, text"),
        ("text id", {"question": 3}, "has no column 3"),
    ],
)
def test_columns_that_are_not_there(names, columns, problem):
    with pytest.raises(BadRowError, match=problem):
        QuestionColumns(**columns).find(names.split(), by_number=True)


def test_without_a_header_the_question_is_given_by_place():
    assert QuestionColumns().find_numbered(1).question == 0
    assert QuestionColumns(question=2).find_numbered(3).question == 1
    for columns in ({}, {"id": 1}, {"question": "text"}):
        with pytest.raises(BadRowError, match="known by place only; give that of the question"):
            QuestionColumns(**columns).find_numbered(3)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("q.csv", "", "is empty; expected a header and one question a line"),
        ("q.txt", "", "is empty; expected a question on every line"),
        ("q.csv", "a,b\n1,2\n", r"q.csv:1: has no column question or text or title"),
        ("q.csv", "id,text\n1,how,so\n", "q.csv:2: has 3 columns; expected 2; put quotes around"),
        ("q.jsonl", '{"text": 3}\n', "q.jsonl:1: has 3 as text; expected a text"),
        ("q.jsonl", '{"text": "a", "id": null}\n', "has null as id; expected a text or a whole"),
        ("q.jsonl", '{"text": "a", "id": 1.5}\n', "has 1.5 as id; expected a text or a whole"),
        ("q.jsonl", '{"text": "a", "id": true}\n', "has True as id"),
        ("q.docx", "x", "of no known kind; expected a name ending in .txt, .csv"),
    ],
)
def test_what_cannot_be_read(tmp_path, name, content, problem):
    with pytest.raises(DataError, match=problem):
        read(put(tmp_path, name, content))


def test_bytes_that_are_no_text_are_a_bad_row(tmp_path):
    (tmp_path / "q.txt").write_bytes(b"one?\nn\xe4chste?\nthree?\n")
    with pytest.raises(DataError, match=r"q\.txt:2: is not UTF-8 \(byte 0xe4\)"):
        read(tmp_path / "q.txt")
    bad_rows = BadRows(1, tmp_path / "bad.jsonl")
    assert [each.line for each in read(tmp_path / "q.txt", None, bad_rows)] == [1, 3]


@given(st.lists(st.text("ab ?\u00e9\u6771\t\"',"), min_size=1))
def test_lines_come_back(tmp_path_factory, texts):
    path = tmp_path_factory.getbasetemp() / "lines.txt"
    path.write_text("first\n" + "\n".join(texts), encoding="utf-8", newline="")
    assert [question.text for question in read(path)] == [
        "first",
        *(text for text in texts if text.strip()),
    ]
