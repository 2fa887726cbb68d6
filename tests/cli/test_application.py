"""The command as a whole: exit codes, and mistakes at the keyboard that end with what to type."""

import os
import signal
import subprocess
import sys

import pytest

from gemel.cli.failures import EXIT_CODES_HELP, ExitCode

PAIRS = "question1,question2,is_duplicate\nhow old?,what age?,1\nwhere is it?,who is it?,0\n"
USAGE = "all options: gemel {} --help"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to make mistakes in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.csv").write_text(PAIRS)
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "columns.csv").write_text("a,b,c\nx,y,1\n")
    (tmp_path / "q.txt").write_text("How old are you?\n")
    (tmp_path / "there.npy").write_text("numbers")
    (tmp_path / "prose.db").write_text("once upon a time " * 40)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "thesis.txt").write_text("years of work")
    return tmp_path


def gemel(*arguments, **settings):
    return subprocess.Popen(
        [sys.executable, "-m", "gemel", *map(os.fspath, arguments)],
        stderr=subprocess.PIPE,
        **settings,
    )


@pytest.mark.parametrize(
    ("command", "found", "ending"),
    [
        # What is read.
        ("train pears.csv --out m", "pears.csv: no such file", "did you mean pairs.csv?"),
        ("audit nowhere.csv", "nowhere.csv: no such file", "ls . lists what is there"),
        ("audit no/pairs.csv", "no such file", "there is no folder no; look at what was typed"),
        ("audit folder", "folder: is a folder", "expected a file, such as one in it"),
        ("audit empty.csv", "empty.csv: is empty", "expected a header and one pair a line"),
        ("audit columns.csv", "it has: a, b, c", "name them with --left, --right and --label"),
        ("audit q.txt", "is of no known kind", "or --delimiter for a file like CSV"),
        ("audit pairs.csv --left x --right question2", "no column x", "--right and --label"),
        ("dedupe q.txt --question x", "no columns that could be named", "file for that"),
        ("compare question", "is one question", "or - for standard input"),
        # Models and corpora.
        ("compare a b --model nowhere", "no such model folder", "`gemel train` makes one"),
        ("compare a b --model folder", "not a gemel model", "`gemel train` makes one"),
        ("check a --db nowhere.db", "no such store", "`gemel index QUESTIONS --db FILE` makes one"),
        (
            "restore nowhere.db --db x.db",
            "no such backup",
            "`gemel backup FILE --db DB` writes one",
        ),
        ("check a --db prose.db", "`gemel index QUESTIONS --db FILE` makes", None),
        # What is written.
        ("encode q.txt --out there.npy", "exists already", "add --overwrite to replace it"),
        ("encode q.txt --out v.doc", "is of no known kind", "ending in .npy or .parquet"),
        ("encode q.txt --out q.txt/v.npy", "q.txt: Not a directory", "name another place"),
        ("encode q.txt --out /proc/v.npy", "gemel: /proc/v.npy: ", "or name another place"),
        ("train pairs.csv --out folder", "it holds thesis.txt", "choose another place"),
        ("fit pairs.csv", "ships with gemel and cannot be changed", "(--out my-model)"),
        # Settings.
        ("train pairs.csv --out m --set training.epoch=3", "no setting", "did you mean 'epochs'?"),
        ("train pairs.csv --out m --set epochs", "cannot read", "for example training.epochs=2"),
        ("train pairs.csv --out m --set training.epochs=x", "Expected `int`", "by default it is 2"),
        ("train pairs.csv --out m --config no.toml", "No such file", None),
        ("dedupe q.txt --linkage loose", "'loose' is not one of 'average', 'connected'", None),
        # Usage.
        ("trian pairs.csv", "No such command 'trian'. Did you mean 'train'?", "gemel --help"),
        ("train pairs.csv", "Missing option '--out'", USAGE.format("train")),
        ("train pairs.csv --uot m", "No such option: --uot", USAGE.format("train")),
        ("train pairs.csv --overwrit", "(Possible options: --overwrite)", USAGE.format("train")),
        ("search a --db d -k many", "Invalid value for '-k'", USAGE.format("search")),
        ("fit pairs.csv --objective fun", "fun", USAGE.format("fit")),
        ("key list", "Missing option '--db'", USAGE.format("key list")),
        ("key lits", "Did you mean 'list'?", USAGE.format("key")),
        ("compare a b c", "unexpected extra argument", USAGE.format("compare")),
    ],
)
def test_a_mistake_ends_with_what_to_type(run, place, command, found, ending):
    before = sorted(place.rglob("*"))
    code, out, err = run(*command.split(), "--quiet")
    assert (code, out) == (ExitCode.WRONG, "")
    assert err.startswith("gemel: ")
    assert found in err
    assert ending is None or err.endswith(ending + "\n")
    assert "Traceback" not in err
    assert sorted(place.rglob("*")) == before


def test_a_wrong_command_shows_a_right_one(run):
    assert run("train")[2].splitlines() == [
        "gemel: Missing option '--out'.",
        "Usage: gemel train [OPTIONS] [PAIRS]",
        "for example: gemel train pairs.csv --out my-model --set training.epochs=3",
        "all options: gemel train --help",
    ]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may do everything")
def test_a_folder_that_may_not_be_written_to(run, place):
    (place / "folder").chmod(0o500)
    code, _, err = run("sample", "--out", "folder/sample")
    assert code == ExitCode.WRONG
    assert "folder/sample: Permission denied; name another place" in err


def test_nothing_typed_is_the_help(run):
    code, out, err = run()
    assert (code, out) == (ExitCode.WRONG, "")
    assert err.startswith("Usage: gemel ")
    assert "for example" not in err


def test_the_help_lists_the_exit_codes(run):
    code, out, _ = run("--help")
    assert code == ExitCode.DONE
    assert EXIT_CODES_HELP in " ".join(out.split())
    assert all(str(int(each)) in EXIT_CODES_HELP for each in ExitCode)


def test_no_is_1(run, place):
    assert run("index", "q.txt", "--db", "site.db", "-q")[0] == ExitCode.DONE
    assert run("check", "how old are you", "--db", "site.db")[0] == ExitCode.DONE
    code, out, err = run("check", "where is the station", "--db", "site.db", "-q")
    assert (code, out.splitlines()[0], err) == (ExitCode.NO, "no duplicate", "")
    code, _, err = run("remove", "nobody", "--db", "site.db")
    assert (code, "not there: nobody" in err) == (ExitCode.NO, True)


def test_an_answer_that_no_one_reads_is_no_yes(place):
    reader, writer = os.pipe()
    os.close(reader)
    with gemel("compare", "how old?", "what age?", "-q", stdout=writer) as process:
        os.close(writer)
        assert process.stderr.read() == b""
    assert process.returncode == ExitCode.UNHEARD


def test_ctrl_c_while_python_still_imports_is_130_too():
    program = (
        "import signal, sys\n"
        "class Pressed:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer': signal.raise_signal(signal.SIGINT)\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from gemel.cli import main\n"
        "sys.meta_path.insert(0, Pressed())\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == ExitCode.STOPPED
    assert done.stderr == b"gemel: stopped; what was there is as it was\n"


def test_ctrl_c_is_130(place):
    # Tests that run in the background may ignore Ctrl-C, and so would the process they start.
    def heed():
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    with gemel(
        "compare", "-", "-q", stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=heed
    ) as process:
        process.stdin.write(b"how old?\thow new?\n" * 5000)
        process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        last = process.stderr.read().splitlines()[-1]
    assert process.returncode == ExitCode.STOPPED
    assert last == b"gemel: stopped; what was there is as it was"
