"""Notes, progress and colours: there on a real terminal, gone when no one wants them."""

import ast
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from gemel import cli
from gemel.cli.console import begin_notes, notes_console

ESCAPE = b"\x1b"
PROGRAM = """
import json, os, sys
from gemel.cli import main
from gemel.cli.application import app
from gemel.cli.console import note, notes_console
from gemel.cli.progress import TrainingProgress, WorkProgress

@app.command("work")
def work() -> None:
    note("a note")
    with TrainingProgress(notes_console(), 1) as progress:
        progress.warn("it leans")
    with WorkProgress(notes_console()) as progress:
        progress("working", 3, 4)
        progress.bar.refresh()
    print("the result")

plain = dict(os.environ)
for arguments, environment in json.loads(sys.argv[1]):
    os.environ.clear()
    os.environ.update(plain | environment)
    sys.argv = ["gemel", *arguments]
    try:
        main()
    except SystemExit as stop:
        print(stop.code)
    sys.stderr.write("END")
    sys.stderr.flush()
"""
PLAIN = [
    (["work", "--no-color"], {"FORCE_COLOR": "1"}),
    (["--no-color", "work"], {}),
    (["work"], {"NO_COLOR": "1"}),
    (["work"], {"NO_COLOR": "1", "FORCE_COLOR": "1"}),
    (["work"], {"TERM": "dumb"}),
]
LIVE = (["work"], {})
QUIET = (["work", "--quiet"], {})


@pytest.fixture
def console_of(monkeypatch):
    """The console for notes in an environment, with nothing asked for."""

    def give(**environment):
        for name in ("NO_COLOR", "FORCE_COLOR"):
            monkeypatch.delenv(name, raising=False)
        for name, value in ({"TERM": "xterm"} | environment).items():
            monkeypatch.setenv(name, value)
        begin_notes()
        return notes_console()

    return give


def test_what_the_environment_asks_for(console_of):
    assert console_of(FORCE_COLOR="1").is_terminal
    for plain in ({"NO_COLOR": "1"}, {"TERM": "dumb"}, {"TERM": "unknown"}):
        console = console_of(FORCE_COLOR="1", **plain)
        assert (console.is_terminal, console.color_system) == (False, None)
    assert console_of(FORCE_COLOR="1", NO_COLOR="").is_terminal  # empty is unset, by no-color.org


@pytest.fixture
def questions(tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text("How old are you?\nWhat is your age?\n")
    return path


@pytest.fixture(scope="module")
def shown():
    """What a verb that works for a while shows on a terminal, called in several ways."""
    ours, theirs = pty.openpty()
    asked = ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
    inherited = {name: value for name, value in os.environ.items() if name not in asked}
    calls = [LIVE, QUIET, *PLAIN]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, json.dumps(calls)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=inherited | {"TERM": "xterm-256color"},
    )
    os.close(theirs)
    written = b""
    try:
        while part := os.read(ours, 4096):
            written += part
    except OSError:  # the other end is closed
        pass
    os.close(ours)
    out, _ = process.communicate(timeout=600)
    assert out == b"the result\n0\n" * len(calls), written
    *parts, rest = written.split(b"END")
    assert (process.returncode, rest) == (0, b"")
    return {repr(call): part for call, part in zip(calls, parts, strict=True)}


def test_a_terminal_shows_a_bar_and_colours(shown):
    assert b"a note" in shown[repr(LIVE)]
    assert b"75%" in shown[repr(LIVE)]
    assert ESCAPE + b"[1;33m" in shown[repr(LIVE)]


@pytest.mark.parametrize("call", PLAIN, ids=repr)
def test_no_escape_codes_where_they_are_forbidden(shown, call):
    assert ESCAPE not in shown[repr(call)]
    assert b"a note" in shown[repr(call)]
    assert b"warning: it leans" in shown[repr(call)]


def test_warnings_stay_however_quiet(shown):
    assert b"it leans" in shown[repr(QUIET)]
    assert b"a note" not in shown[repr(QUIET)]
    assert b"75%" not in shown[repr(QUIET)]


def test_quiet_silences_notes_before_the_verb_and_after_it(run, questions, tmp_path):
    loud = run("dedupe", questions)
    assert "model: quora-en, ships with gemel" in loud[2]
    for arguments in (["-q", "dedupe", questions], ["dedupe", "--quiet", questions]):
        assert run(*arguments) == (0, loud[1], "")
    code, _, err = run("encode", "-q", questions, "--out", tmp_path / "v.npy")
    assert (code, err) == (0, "")


def test_the_next_command_is_loud_again(run, questions):
    assert run("dedupe", questions, "-q")[2] == ""
    assert run("dedupe", questions)[2] != ""


def test_key_verbs_heed_it_too(run, questions, tmp_path):
    db = tmp_path / "site.db"
    assert run("index", questions, "--db", db, "-q")[2] == ""
    for arguments in (["key", "-q", "list"], ["key", "list", "-q"], ["-q", "key", "list"]):
        assert run(*arguments, "--db", db) == (0, "", "")
    code, key, err = run("key", "add", "ann", "--db", db, "-q")
    assert (code, key[:6], err) == (0, "gemel_", "")


def test_errors_and_warnings_are_printed_however_quiet(run, tmp_path):
    code, _, err = run("-q", "dedupe", tmp_path / "nowhere.txt")
    assert (code, "no such file" in err) == (2, True)
    rows = tmp_path / "rows.csv"
    rows.write_text("id,question\n1,How old are you?\n2\n")
    code, _, err = run("dedupe", rows, "-q", "--skip-bad", 1, "--bad-rows", tmp_path / "bad")
    assert (code, err.startswith("warning: 1 bad row was skipped")) == (0, True)


def test_a_value_that_looks_like_it_is_a_value(run):
    code, out, err = run("compare", "--", "-q", "--quiet")
    assert (code, "same" in out) == (0, True)
    assert "model: quora-en" in err


def test_what_is_written_to_standard_error_has_one_place():
    """Whoever writes there elsewhere gives an error or a warning, which is never silenced."""
    said = {"gemel: ", "warning: "}
    for path in sorted(Path(cli.__file__).parent.glob("*.py")):
        if path.name in ("console.py", "application.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            where = f"{path.name}:{node.lineno}"
            assert getattr(node.func, "id", "") != "Console", f"{where}: take notes_console()"
            if any(keyword.arg == "err" for keyword in node.keywords):
                text = ast.unparse(node.args[0])[2:]
                assert any(map(text.startswith, said)), f"{where}: take note()"
