"""Arguments that are not UTF-8: no text is taken for another, and file names may be any bytes."""

import os

import pytest

from gemel.cli.failures import ExitCode
from gemel.folder import save_model

HALF = os.fsdecode(b"caf\xe9")


@pytest.fixture
def place(tmp_path, monkeypatch, tiny_model):
    """A folder where every name has a byte that is not UTF-8."""
    monkeypatch.chdir(tmp_path)
    save_model(tiny_model, tmp_path / HALF)
    (tmp_path / f"{HALF}.txt").write_text("How old are you?\nWhat is your age?\n")
    (tmp_path / f"{HALF}.csv").write_text("question1,question2,is_duplicate\nhow old,age,1\n")
    return tmp_path


@pytest.mark.parametrize(
    ("command", "named"),
    [
        (["compare", HALF, "cafe"], "QUESTION"),
        (["compare", "cafe", HALF], "QUESTION"),
        (["check", HALF, "--db", "x.db"], "QUESTION"),
        (["search", "x", "--db", "x.db", "--where", f"forum={HALF}"], "--where"),
        (["add", HALF, "--db", "x.db"], "QUESTION"),
        (["add", "x", "--db", "x.db", "--id", HALF], "--id"),
        (["add", "x", "--db", "x.db", "--with", f"{HALF}=1"], "--with"),
        (["remove", "a", HALF, "--db", "x.db"], "ID"),
        (["key", "add", HALF, "--db", "x.db"], "NAME"),
        (["key", "revoke", HALF, "--db", "x.db"], "NAME"),
        (["index", "q.txt", "--db", "x.db", "--prefix", HALF], "--prefix"),
        (["index", "q.txt", "--db", "x.db", "--keep", HALF], "--keep"),
        (["review", "--db", "x.db", "--reviewer", HALF], "--reviewer"),
        (["audit", "pairs.csv", "--left", HALF], "--left"),
        (["split", "pairs.csv", "--out", "x", "--part", f"{HALF}=1"], "--part"),
        (["train", "pairs.csv", "--out", "x", "--set", f"training.keep={HALF}"], "--set"),
    ],
)
def test_a_text_that_is_not_utf_8(run, place, command, named):
    before = sorted(place.rglob("*"))
    code, out, err = run(*command, "-q")
    assert (code, out) == (ExitCode.WRONG, "")
    assert err.startswith(f"gemel: Invalid value for {named}")
    assert "is not UTF-8: b'" in err
    assert "caf\\xe9" in err
    assert sorted(place.rglob("*")) == before


def test_a_file_name_may_be_any_bytes(run, place):
    for command in (
        ["index", f"{HALF}.txt", "--db", f"{HALF}.db", "--model", HALF],
        ["search", "your age", "--db", f"{HALF}.db", "--model", HALF],
        ["duplicates", "--db", f"{HALF}.db", "--model", HALF, "--out", f"{HALF}-1.html"],
        ["compare", f"{HALF}.csv", "--model", HALF],
        ["audit", f"{HALF}.csv"],
        ["audit", f"{HALF}.csv", "--plot", f"{HALF}.png"],
        ["encode", f"{HALF}.txt", "--out", f"{HALF}.npy", "--model", HALF],
        ["encode", f"{HALF}.txt", "--out", f"{HALF}.parquet", "--model", HALF, "--json"],
        ["dedupe", f"{HALF}.txt", "--out", f"{HALF}-2.csv", "--model", HALF],
        ["dedupe", f"{HALF}.txt", "--work", "work", "--processes", "1", "--model", HALF],
    ):
        code, _, err = run(*command, "-q")
        assert (code, err) == (ExitCode.DONE, ""), command
    assert (place / f"{HALF}.npy").exists()


def test_names_that_others_cannot_open_are_refused(run, place):
    run("index", f"{HALF}.txt", "--db", "x.db", "--model", HALF)
    code, _, err = run("backup", f"{HALF}.backup", "--db", "x.db")
    assert code == ExitCode.WRONG
    assert "SQLite requires texts and file names in UTF-8; choose another name" in err
    assert not list(place.glob("*.backup"))
    code, _, err = run("dedupe", f"{HALF}.txt", "--work", HALF + "-work", "--model", HALF, "-q")
    assert code == ExitCode.WRONG
    assert "name another work folder" in err
