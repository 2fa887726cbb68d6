import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.data import BadRows, Columns, QuestionPair, read_pairs, stream_pairs, stream_rows
from gemel.errors import DataError

TEXT = st.text(st.characters(codec="utf-8"))
GOOD = '{"question1": "a", "question2": "b", "label": 1}\n'


def put(folder, content, name="pairs.jsonl"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@given(
    st.lists(st.tuples(TEXT, TEXT, st.sampled_from([0, 1, True, False, "0", "true", 1.0]))),
    st.booleans(),
    st.sampled_from(["", "\ufeff"]),
    st.sampled_from(["\n", "\r\n", "\n \n"]),
    st.sampled_from([".jsonl", ".ndjson", ".jsonl.gz"]),
)
def test_what_json_writes_is_read(tmp_path_factory, rows, as_ascii, mark, end, ending):
    head = {"sentence1": "é", "sentence2": "", "label": 0, "idx": None}
    objects = [head] + [{"label": c, "sentence2": b, "sentence1": a} for a, b, c in rows]
    text = mark + end.join(json.dumps(one, ensure_ascii=as_ascii) for one in objects)
    content = gzip.compress(text.encode()) if ending.endswith(".gz") else text
    path = put(tmp_path_factory.mktemp("json"), content, f"p{ending}")
    step = end.count("\n")
    assert list(stream_pairs(path)) == [QuestionPair("é", "", False, 1)] + [
        QuestionPair(a, b, c in (1, "true"), 1 + step * number)
        for number, (a, b, c) in enumerate(rows, 1)
    ]


def test_objects_may_differ_in_their_keys(tmp_path):
    objects = [
        '{"anchor": "a", "positive": "b"}',
        '{"negative": "c", "positive": "b", "anchor": "a"}',
        '{"anchor": "a", "positive": "b", "negative": null}',
    ]
    rows = list(stream_rows(put(tmp_path, "\n".join(objects))))
    positive = [QuestionPair("a", "b", True, line) for line in (1, 2, 3)]
    assert [row.items for row in rows] == [
        (positive[0],),
        (positive[1], QuestionPair("a", "c", False, 2)),
        (positive[2],),
    ]


def test_a_line_without_end_is_a_bad_row(tmp_path, monkeypatch):
    monkeypatch.setattr("gemel.data.line_files.LONGEST", len(GOOD))
    path = put(tmp_path, GOOD + GOOD.replace('"a"', '"aa"') + GOOD)
    most = len(GOOD)
    with pytest.raises(DataError, match=f":2: has {most + 1} characters; expected {most} at most"):
        read_pairs(path)
    bad_rows = BadRows(1, tmp_path / "list")
    assert read_pairs(path, None, bad_rows).lines.tolist() == [1, 3]
    assert json.loads((tmp_path / "list").read_text())["line"] == 2


def test_columns_by_name(tmp_path):
    path = put(tmp_path, '{"1": "a", "q.2": "b", "same": 0}')
    columns = Columns(left="1", right="q.2", label="same")
    assert list(stream_pairs(path, columns)) == [QuestionPair("a", "b", False, 1)]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ('{"question1": "a", "question2": "b"}', "has no columns .*it has: question1, question2;"),
        ('{"question1": "a", "question2": null, "label": 1}', "has null as question2"),
        ('{"question1": ["a"], "question2": "b", "label": 1}', r"has \['a'\] as question1"),
        ('{"question1": "a", "question2": "b", "label": null}', "has the label null"),
        ('{"data": {"question1": "a", "question2": "b", "label": 1}}', "has no columns .*: data;"),
        ('["a", "b", 1]', r"is '\[\"a\", \"b\", 1\]'; expected a JSON object"),
        ('{"question1": "a", "ques', "is not JSON .*; expected an object"),
        ('{"question1": "\\ud83d", "question2": "b", "label": 1}', "is half a character"),
        ("[" * 100_000, "is not JSON"),
        ("a,b,1", "is not JSON"),
    ],
)
def test_a_row_that_does_not_fit(tmp_path, row, problem):
    path = put(tmp_path, GOOD + row + "\n" + GOOD)
    with pytest.raises(DataError, match=problem) as caught:
        read_pairs(path)
    assert caught.value.line == 2
    bad_rows = BadRows(1, tmp_path / "list")
    assert read_pairs(path, None, bad_rows).lines.tolist() == [1, 3]
    assert json.loads((tmp_path / "list").read_text())["text"] == row + "\n"


def test_a_first_row_that_does_not_fit_is_one_like_others(tmp_path):
    path = put(tmp_path, "{}\n" + GOOD)
    assert read_pairs(path, None, BadRows(1, tmp_path / "list")).lines.tolist() == [2]


def test_places_are_no_names(tmp_path):
    with pytest.raises(DataError, match="has no column 1, 2, 3; it has: question1"):
        read_pairs(put(tmp_path, GOOD), Columns(left=1, right=2, label="3"))


@pytest.mark.parametrize(
    ("content", "message"), [("", "is empty"), ("\ufeff", "is empty"), ("\n\n", "has no pairs")]
)
def test_nothing_there(tmp_path, content, message):
    with pytest.raises(DataError, match=rf"pairs\.jsonl: {message}"):
        read_pairs(put(tmp_path, content))
