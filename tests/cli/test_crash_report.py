"""An unforeseen exception, wherever it comes from: exit code 2, one line, a private traceback."""

import functools
import operator
import os
import re
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gemel import api
from gemel.cli.failures import ExitCode
from gemel.scale.executor import LocalWorkers

COMMAND = ("check", "how old are you", "--db", "site.db")


class Panic(BaseException):
    """As the panics of extensions in Rust: no Exception."""


class Mute(Exception):  # noqa: N818 - an exception of others
    def __str__(self):
        raise ValueError("nothing to report")


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """Where the temporary files of a command go."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return folder


@pytest.fixture
def crash(monkeypatch):
    """Have a verb raise something that no one expects."""

    def arrange(error):
        def fail(*arguments, **settings):
            raise error

        monkeypatch.setattr(api, "open_index", fail)

    return arrange


@pytest.mark.parametrize(
    ("error", "summary"),
    [
        (KeyError("x"), "KeyError: 'x'"),
        (RuntimeError("first\nsecond\x1b[2J"), "RuntimeError: first second\ufffd[2J"),
        (MemoryError(), "MemoryError"),
        (RecursionError("too deep"), "RecursionError: too deep"),
        (AssertionError(), "AssertionError"),
        (Panic("pyo3"), "Panic: pyo3"),
        (Mute(), "Mute"),
        (
            ExceptionGroup("two", [KeyError(1), OSError(2)]),
            "ExceptionGroup: two (2 sub-exceptions)",
        ),
    ],
)
def test_a_crash_is_one_line_and_a_private_file(run, place, crash, error, summary):
    crash(error)
    code, out, err = run(*COMMAND, "--model", place)
    assert (code, out) == (ExitCode.WRONG, "")
    found = re.fullmatch(r"gemel: internal error: (.*); details: (\S+); report it .*\n", err)
    assert found[1] == summary
    path = Path(found[2])
    assert path.parent == place
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text()
    assert "Traceback (most recent call last)" in text
    assert type(error).__name__ in text


@pytest.mark.parametrize("before", [True, False])
def test_debug_prints_the_traceback_instead(run, place, crash, before):
    crash(KeyError("x"))
    arguments = ("--debug", *COMMAND) if before else (*COMMAND, "--debug")
    code, out, err = run(*arguments, "--model", place)
    assert (code, out) == (ExitCode.WRONG, "")
    assert "Traceback (most recent call last)" in err
    assert err.endswith("KeyError: 'x'\n")
    assert not list(place.iterdir())


def test_a_question_may_read_debug(run, place, crash):
    crash(KeyError("x"))
    _, _, err = run("check", "--db", "site.db", "--model", place, "--", "--debug")
    assert "details: " in err


def test_a_file_that_cannot_be_written(run, place, crash, monkeypatch):
    crash(KeyError("x"))

    def refuse(*arguments, **settings):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    code, _, err = run(*COMMAND, "--model", place)
    assert code == ExitCode.WRONG
    assert err == (
        "gemel: internal error: KeyError: 'x'; details could not be written (No space left on "
        "device); --debug prints them\n"
    )


@pytest.mark.parametrize(
    ("raised", "expected", "told"),
    [(1, ExitCode.WRONG, ""), ("no more", ExitCode.WRONG, "gemel: no more\n"), (3, 3, "")],
)
def test_a_library_that_exits_gives_no_answer(run, place, crash, raised, expected, told):
    crash(SystemExit(raised))
    code, _, err = run(*COMMAND, "--model", place, "--quiet")
    assert (code, err) == (expected, told)


def test_a_crash_while_it_imports(place):
    program = (
        "import sys\n"
        "class Broken:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer': raise ValueError('bad metadata')\n"
        "import gemel.__main__\n"
        "sys.meta_path.insert(0, Broken())\n"
        "sys.argv = ['gemel', 'check', 'x', '--db', 'y']\n"
        "gemel.__main__.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=False, text=True, env=os.environ
    )
    assert done.returncode == ExitCode.WRONG
    assert done.stderr.startswith("gemel: internal error: ValueError: bad metadata; details: ")
    assert done.stderr.count("\n") == 1
    assert len(list(place.iterdir())) == 1


def test_a_crash_in_another_process(run, place, monkeypatch):
    def divide(*arguments, **settings):
        with LocalWorkers(1) as workers:
            list(workers.run(functools.partial(operator.truediv, 1), [0]))

    monkeypatch.setattr(api, "dedupe_in_shards", divide)
    code, _, err = run("dedupe", "q.txt", "--work", "w", "--model", place, "--quiet")
    assert code == ExitCode.WRONG
    assert err.startswith("gemel: internal error: ZeroDivisionError: ")
    (path,) = place.glob("gemel-error-*.txt")
    assert "In the process of task 0" in path.read_text()
