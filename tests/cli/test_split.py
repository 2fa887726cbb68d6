"""`gemel split`, and what a person does next."""

import json
import re
import shlex

import pytest

from gemel.samples import HELPDESK


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "my pairs.csv"
    rows = [f"how {n}?,what {n}?,{n % 2}" for n in range(200)]
    path.write_text("\n".join(["question1,question2,is_duplicate", *rows]) + "\n")
    return path


def test_the_table_and_what_comes_next(pairs, tmp_path, run):
    out = tmp_path / "my parts"
    code, text, err = run("split", pairs, "--out", out)
    assert (code, err) == (0, "")
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == f"{pairs}: 200 pairs, 50.0% labelled 1"
    assert lines[2] == "pairs share labelled 1 questions in others too"
    for line, name, count in zip(
        lines[3:6], ("train", "validation", "test"), (160, 20, 20), strict=True
    ):
        assert line.startswith(f"{out / name}.csv {count} {count / 200:.1%} ")
        assert line.endswith(f"% {2 * count} 0")
    assert "no question is in two parts" in text
    train, validation = (shlex.quote(f"{out / name}.csv") for name in ("train", "validation"))
    assert f"next: gemel train {train} --validation {validation} --out my-model\n" in text
    assert f"gemel evaluate {shlex.quote(f'{out}/test.csv')} --model my-model" in text
    audit = json.loads(run("audit", *sorted(out.iterdir()), "--json")[1])
    assert {found["overlap"]["shared_questions"] for found in audit["overlaps"]} == {0}


def test_parts_folds_and_seeds(pairs, tmp_path, run):
    parts = ["--part", "dev=0.25", "--part", "train=0.75"]
    code, text, _ = run("split", pairs, "--out", tmp_path / "a", *parts, "--seed", 1)
    assert code == 0
    assert f"--validation {shlex.quote(str(tmp_path / 'a' / 'dev.csv'))}" in text
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["dev.csv", "train.csv"]
    assert run("split", pairs, "--out", tmp_path / "b", *parts, "--seed", 2)[0] == 0
    dev = [(tmp_path / name / "dev.csv").read_text() for name in "ab"]
    assert len(dev[0].splitlines()) == len(dev[1].splitlines()) == 51
    assert dev[0] != dev[1]
    report = json.loads(run("split", pairs, "--out", tmp_path / "c", "--folds", 2, "--json")[1])
    assert [part["pairs"] for part in report["parts"]] == [100, 100, 100, 100]


def test_a_cut_is_reported(tmp_path, run):
    code, text, _ = run("split", HELPDESK, "--out", tmp_path / "parts")
    assert code == 0
    dropped = int(re.search(r"cut between duplicate groups:\n(\d+) pairs \(", text)[1])
    assert (
        "linked by pairs of either label; no question is in two parts\n"
        "1 component above 5% of the pairs was cut" in text
    )
    parts = sorted((tmp_path / "parts").iterdir())
    audit = json.loads(run("audit", *parts, "--json")[1])
    whole = json.loads(run("audit", HELPDESK, "--json")[1])
    assert sum(file["pairs"] for file in audit["files"]) == whole["files"][0]["pairs"] - dropped
    assert {found["overlap"]["shared_questions"] for found in audit["overlaps"]} == {0}
    assert 0 < dropped < 0.2 * whole["files"][0]["pairs"]
    text = run("split", HELPDESK, "--out", tmp_path / "folds", "--folds", 3)[1]
    assert re.search(r"\d+ pairs \(.*%\) link two folds and are in no test\n", text)


def test_column_names_are_passed_to_the_next_command(pairs, tmp_path, run):
    pairs.write_text(pairs.read_text().replace("question1,question2,is_duplicate", "a b,c,same"))
    names = ["--left", "a b", "--right", "c", "--label", "same"]
    code, text, _ = run("split", pairs, "--out", tmp_path / "parts", *names)
    assert code == 0
    assert "--out my-model --left 'a b' --right c --label same\n" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--part", "train"], "'train' is no name with a share, as test=0.1"),
        (["--part", "=0.5"], "'=0.5' is no name with a share"),
        (["--part", "a=half"], "'a=half' is no name with a share"),
        (["--part", "a=0.5", "--part", "a=0.5"], "a is there twice"),
        (["--part", "a=0.5", "--part", "b=0.6"], "the shares of a, b are 1.1 in sum"),
        (["--folds", "1"], "the number of folds must be a whole number from 2 to 1,000, not 1"),
        (["--folds", "300"], "its 200 pairs hang together in 200 components"),
    ],
)
def test_what_cannot_be_done_is_reported_and_nothing_written(
    arguments, message, pairs, tmp_path, run
):
    code, out, err = run("split", pairs, "--out", tmp_path / "parts", *arguments)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert [path.name for path in tmp_path.iterdir()] == ["my pairs.csv"]


def test_a_headerless_file_with_a_bad_row(tmp_path, run):
    path, listed = tmp_path / "pairs.tsv", tmp_path / "bad.jsonl"
    rows = [f'{n % 2}\t"how {n}\twhat {n}' for n in range(100)]
    path.write_text("\n".join([*rows, "no row", ""]))
    places = ["--left", 2, "--right", 3, "--label", 1, "--no-header", "--no-quotes"]
    bad = ["--skip-bad", 1, "--bad-rows", listed]
    code, text, err = run("split", path, "--out", tmp_path / "parts", *places, *bad)
    assert code == 0
    assert "--left 2 --right 3 --label 1 --no-header --no-quotes\n" in text
    assert err.startswith("warning: 1 bad row")
    assert json.loads(listed.read_text())["line"] == 101
    parts = [(tmp_path / "parts" / f"{name}.tsv").read_text() for name in ("train", "test")]
    assert len(parts[0].splitlines()) == 80
    assert set("".join(parts).splitlines()) < set(rows)
    audit = json.loads(run("audit", path, *places, *bad, "--json")[1])
    assert audit["files"][0]["pairs"] == 100
