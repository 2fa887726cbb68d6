"""What is printed can be copied: ids are whole everywhere, and in a pipe so is everything else."""

import os
import pty
import subprocess
import sys

import pytest

from gemel.cli.console import padded
from gemel.cli.failures import ExitCode
from gemel.cli.search import describe_matches, describe_nearest
from gemel.folder import save_model

LONG = "forum-7/thread-2024-11-30/post-" + "0123456789" * 9
WIDE = "質問" * 15
TEXT = "How old are you, and " + "really, " * 40 + "what is your age?"


@pytest.fixture
def corpus(run, tmp_path, monkeypatch, tiny_model):
    monkeypatch.chdir(tmp_path)
    save_model(tiny_model, tmp_path / "model")
    (tmp_path / "q.csv").write_text(
        f"id,question\n{LONG},{TEXT}\n{WIDE},{TEXT}\nshort,Why is the sky blue?\n".replace(
            TEXT, f'"{TEXT}"'
        )
    )
    assert run("index", "q.csv", "--db", "x.db", "--model", "model", "-q")[0] == ExitCode.DONE
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "search age --db x.db",
        "check age --db x.db",
        "duplicates --db x.db --floor -1 --probability 0.01",
        "dedupe q.csv",
    ],
)
def test_ids_and_texts_are_whole_in_a_pipe(run, corpus, command):
    _, out, _ = run(*command.split(), "--model", "model", "-q")
    rows = {line.split()[-1]: line for line in out.splitlines() if line.strip()}
    assert rows
    for name in (LONG, WIDE):
        assert any(f" {name} " in line and line.endswith(TEXT) for line in out.splitlines())


def test_what_was_printed_can_be_removed(run, corpus):
    _, out, _ = run("search", "age", "--db", "x.db", "--model", "model", "-q")
    ids = [line.split()[2] for line in out.splitlines()[1:]]
    assert sorted(ids) == sorted([LONG, WIDE, "short"])
    code, out, _ = run("remove", *ids, "--db", "x.db")
    assert (code, out) == (ExitCode.DONE, "x.db: 3 questions removed\n")


def test_a_terminal_shortens_texts_and_no_id(corpus):
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "100", "TERM": "xterm"}
    command = ["search", "age", "--db", "x.db", "--model", "model", "-q"]
    with subprocess.Popen(
        [sys.executable, "-m", "gemel", *command], stdout=theirs, env=environment
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:  # the other end is closed
            pass
    os.close(ours)
    assert process.returncode == ExitCode.DONE
    lines = shown.decode().splitlines()
    assert any(LONG in line for line in lines)
    assert any(WIDE in line for line in lines)
    assert not any(TEXT in line for line in lines)


def test_columns_are_aligned_by_cells():
    assert padded("質問", 6) == "質問  "
    assert padded("long enough", 3) == "long enough"
    assert describe_nearest([]).startswith("nothing")
    assert describe_matches([]).startswith("no duplicate")
