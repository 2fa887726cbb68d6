import csv
import json

import pytest

from gemel.folder import save_model
from gemel.search import CUT, FLOOR

QUESTIONS = ["How old are you?", "How  old are you?", "Why is the sky blue?", "How old are you?"]


@pytest.fixture
def files(tmp_path, tiny_model, monkeypatch):
    save_model(tiny_model, tmp_path / "model")
    (tmp_path / "q.txt").write_text("\n".join(QUESTIONS) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def dedupe(files, run):
    def call(*options):
        return run("dedupe", "q.txt", "--model", "model", "--probability", "0.99", *options)

    return call


def test_groups_are_shown(dedupe):
    code, out, _ = dedupe()
    assert code == 0
    assert "4 questions: 3 have a duplicate, in 1 group; 2 could go" in out
    assert "2 are copies of others" in out
    assert "--out groups.csv, .jsonl or .html writes all of them" in out


def test_groups_are_written(dedupe, files):
    code, out, _ = dedupe("--out", "g.csv", "--out", "g.html", "--out", "g.jsonl")
    assert code == 0
    assert all(f"{name}: written" in out for name in ("g.csv", "g.html", "g.jsonl"))
    with (files / "g.csv").open(newline="") as stream:
        assert [row["id"] for row in csv.DictReader(stream)] == ["1", "2", "4"]
    code, _, err = dedupe("--out", "g.csv")
    assert code == 2
    assert "stands there already" in err
    assert dedupe("--out", "g.csv", "--overwrite")[0] == 0


def test_json(dedupe):
    found = json.loads(dedupe("--json", "--linkage", "connected", "--floor", "0.9")[1])
    expected = {"questions": 4, "groups": 1, "grouped": 3, "copies": 2, "kept": 2}
    assert expected.items() <= found.items()
    assert (found["linkage"], found["floor"], found["probability"]) == ("connected", 0.9, 0.99)


def test_the_help_says_what_is_so_without_options(run):
    _, out, _ = run("dedupe", "--help")
    text = " ".join(out.split())
    assert f"two questions must be; {CUT:g}." in text
    assert f"that are judged, {FLOOR:g};" in text


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--probability", "2"], "probability must be above 0, at most 1, not 2"),
        (["--linkage", "ward"], "linkage must be one of average, connected"),
        (["--out", "g.txt"], "is of no known kind"),
        (["--floor", "3"], "floor"),
    ],
)
def test_nonsense_is_refused(dedupe, options, problem):
    code, _, err = dedupe(*options)
    assert code == 2
    assert problem in err


def test_ids_that_stand_twice(files, run):
    (files / "twice.csv").write_text("id,question\n1,one?\n2,two?\n1,three?\n")
    code, _, err = run("dedupe", "twice.csv", "--model", "model")
    assert code == 2
    assert "twice.csv:4: has the id '1', as line 2 has; give each question an id" in err
