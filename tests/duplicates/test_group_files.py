import csv
import json

import numpy as np
import pytest

from gemel.duplicates.duplicate_groups import Duplicates, ScoredPairs
from gemel.duplicates.group_files import check_group_file, write_groups
from gemel.errors import DataError

HOSTILE = '<script>alert("1")</script>\n\u202eevil, "quoted"'


@pytest.fixture
def found():
    texts = [HOSTILE, "one?", "two?", "one?", "far away"]
    pairs = ScoredPairs(
        np.array([0, 0, 1], np.int32),
        np.array([1, 2, 2], np.int32),
        np.array([0.9, 0.8, 0.7], np.float32),
        np.array([0.8, 0.7, 0.6], np.float32),
        np.array([0.95, 0.75, 0.25], np.float32),
    )
    copies = np.array([0, 1, 2, 1, 3], np.int32)
    return Duplicates(["a", "b", "c", "d", "e"], texts, copies, 1, pairs, 0.5, 0.5)


def test_a_row_for_every_question_of_a_group(found, tmp_path):
    path = tmp_path / "new" / "g.csv"
    check_group_file(path)
    write_groups(found, path)
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [(row["group"], row["id"], row["central"], row["probability"]) for row in rows] == [
        ("1", "a", "1", "1.000000"),
        ("1", "b", "0", "0.950000"),
        ("1", "d", "0", "0.950000"),
        ("1", "c", "0", "0.750000"),
    ]
    assert rows[0]["question"] == HOSTILE


def test_a_line_for_every_group_with_all_scores(found, tmp_path):
    write_groups(found, tmp_path / "g.jsonl")
    (line,) = (tmp_path / "g.jsonl").read_text().splitlines()
    group = json.loads(line)
    assert [member["id"] for member in group["members"]] == ["a", "b", "d", "c"]
    assert group["members"][0]["text"] == HOSTILE
    assert [(pair["left"], pair["right"]) for pair in group["pairs"]] == [
        ("a", "b"),
        ("a", "c"),
        ("b", "c"),
    ]
    assert group["pairs"][2]["probability"] == 0.25


def test_a_page_to_read_with_nothing_of_others_in_it_that_runs(found, tmp_path):
    write_groups(found, tmp_path / "g.html")
    page = (tmp_path / "g.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "Of 5 questions 4 have a duplicate, in 1 group." in page
    assert "Deduplication would remove 3 (60.0%)" in page


def test_a_page_states_what_it_leaves_out(tmp_path, monkeypatch):
    from gemel.pages import html_pages as page

    monkeypatch.setattr(page, "_SHOWN", 2)
    none = ScoredPairs(*[np.zeros(0, np.int32)] * 2, *[np.zeros(0, np.float32)] * 3)
    copies = np.repeat(np.arange(3, dtype=np.int32), [3, 2, 2])
    ids = [f"q{row}" for row in range(7)]
    write_groups(Duplicates(ids, ids, copies, 4, none, 0.5, 0.6), tmp_path / "g.html")
    text = (tmp_path / "g.html").read_text()
    assert text.count("<details") == 2
    assert "The 2 largest groups are shown; the others have 2 questions at most" in text


def test_surrogates_and_nothing_at_all(tmp_path):
    none = ScoredPairs(*[np.zeros(0, np.int32)] * 2, *[np.zeros(0, np.float32)] * 3)
    half = Duplicates(["a", "b"], ["\ud800"] * 2, np.zeros(2, np.int32), 1, none, 0.5, 0.6)
    empty = Duplicates([], [], np.zeros(0, np.int32), 0, none, 0.5, 0.6)
    for name, found in (("half", half), ("empty", empty)):
        for kind in ("csv", "jsonl", "html"):
            write_groups(found, tmp_path / f"{name}.{kind}")
            assert (tmp_path / f"{name}.{kind}").exists()


def test_where_groups_cannot_be_written(tmp_path):
    check_group_file(tmp_path / "new.csv")
    (tmp_path / "there.csv").touch()
    check_group_file(tmp_path / "there.csv", overwrite=True)
    (tmp_path / "folder.csv").mkdir()
    for name, problem in (
        ("g.txt", "is of no known kind; expected a name ending in .csv, .jsonl, .html"),
        ("there.csv", "exists already; name another file, or add --overwrite"),
        ("folder.csv", "is a folder; expected a file to write"),
    ):
        with pytest.raises(DataError, match=problem):
            check_group_file(tmp_path / name)
    with pytest.raises(OSError, match="Not a directory"):
        check_group_file(tmp_path / "there.csv" / "g.csv")
