import csv
import json

import pytest

from gemel.folder import save_model

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
    assert "exists already" in err
    assert dedupe("--out", "g.csv", "--overwrite")[0] == 0


def test_json(dedupe):
    found = json.loads(dedupe("--json", "--linkage", "connected", "--floor", "0.9")[1])
    expected = {"questions": 4, "groups": 1, "grouped": 3, "copies": 2, "kept": 2}
    assert expected.items() <= found.items()
    assert (found["linkage"], found["floor"], found["probability"]) == ("connected", 0.9, 0.99)


def test_the_help_has_the_defaults(run):
    _, out, _ = run("dedupe", "--help")
    text = " ".join(out.split())
    assert "Minimum probability of a duplicate. [default: 0.7]" in text
    assert "[default: 0.7; -1<=x<=1]" in text
    assert "[default: average]" in text


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--probability", "2"], "probability must be above 0, at most 1, not 2"),
        (["--linkage", "ward"], "'ward' is not one of 'average', 'connected'"),
        (["--out", "g.txt"], "is of no known kind"),
        (["--floor", "3"], "floor"),
    ],
)
def test_nonsense_is_refused(dedupe, options, problem):
    code, _, err = dedupe(*options)
    assert code == 2
    assert problem in err


def test_ids_that_occur_twice(files, run):
    (files / "twice.csv").write_text("id,question\n1,one?\n2,two?\n1,three?\n")
    code, _, err = run("dedupe", "twice.csv", "--model", "model")
    assert code == 2
    assert "twice.csv:4: has the id '1', as line 2 has; give each question an id" in err


SHARDS = ("--shard-size", "2", "--processes", "1")


def test_groups_are_those_without_shards_and_a_table_describes_the_stages(dedupe, files):
    assert dedupe("--out", "whole.csv")[0] == 0
    code, out, _ = dedupe("--work", "W", "--out", "g.csv", *SHARDS)
    assert code == 0
    assert "4 questions: 3 have a duplicate, in 1 group; 2 could go" in out
    for stage in ("read", "clean", "verdicts", "groups"):
        assert stage in out
    assert (files / "g.csv").read_bytes() == (files / "whole.csv").read_bytes()
    assert (files / "W" / "manifest.json").exists()


def test_without_a_folder_nothing_is_left_next_to_the_groups(dedupe, files):
    before = {file.name for file in files.iterdir()}
    assert dedupe("--engine", "local", "--out", "g.csv", *SHARDS)[0] == 0
    assert {file.name for file in files.iterdir()} == before | {"g.csv"}


def test_json_has_the_stages(dedupe):
    code, out, _ = dedupe("--work", "W", "--json", *SHARDS)
    assert code == 0
    found = json.loads(out)
    expected = {"questions": 4, "groups": 1, "grouped": 3, "copies": 2, "kept": 2}
    assert expected.items() <= found.items()
    assert found["stages"]["read"]["shards"] == 2
    assert found["stages"]["exact"]["counts"] == {"copies": 2}
    assert list(found["stages"])[-1] == "groups"


def test_the_same_command_finds_all_done(dedupe):
    first = dedupe("--work", "W", "--json", *SHARDS)
    assert dedupe("--work", "W", "--json", *SHARDS)[:2] == first[:2]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--processes", "2"], "goes with --work or --engine"),
        (["--shard-size", "2"], "goes with --work or --engine"),
        (["--address", "host:1"], "goes with --work or --engine"),
        (["--engine", "local"], "needs a place for what is done"),
        (["--work", "W", "--threads", "2"], "each process has one thread"),
        (["--work", "model"], "holds something else than a large run"),
        (["--work", "W", "--engine", "rai"], "did you mean 'ray'?"),
    ],
)
def test_what_does_not_go_together_is_refused(dedupe, options, problem):
    code, _, err = dedupe(*options)
    assert code == 2
    assert problem in " ".join(err.replace("│", " ").split())
