"""Numbers beyond what anybody means: each option works in little memory, or names its range."""

import collections
import dataclasses
import importlib
import inspect
import io
import resource
import shutil
import typing
from pathlib import Path

import pytest

from gemel import api, service
from gemel.cli.application import app
from gemel.cli.console import begin_notes
from gemel.cli.failures import ExitCode
from gemel.config import Config
from gemel.errors import ConfigError
from gemel.folder import save_model
from gemel.inference import Engine

WHOLE = ("2147483648", "18446744073709551616", "-1", "-0")
BROKEN = ("1e308", "nan", "inf")
PAIRS = "question1,question2,is_duplicate\n" + "".join(
    f"how old is {name}?,what is the age of {name}?,1\nwhere is {name}?,who sold {name}?,0\n"
    for name in ("ann", "bob", "cid", "dan", "eve", "fay")
)
COMMANDS = {
    "audit": "audit pairs.csv",
    "check": "check word --db site.db --model model",
    "compare": "compare pairs.csv --model model",
    "dedupe": "dedupe q.txt --model model",
    "duplicates": "duplicates --db site.db --model model",
    "encode": "encode q.txt --out new.npy --overwrite --model model",
    "evaluate": "evaluate pairs.csv --model model --seen",
    "export": "export --to sentence-transformers --out exported --overwrite --model model",
    "fit": "fit pairs.csv --model model --out fitted --overwrite --seen",
    "import": "import model.pkl.gz --vocabulary v.txt --out imported",
    "index": "index q.txt --db site.db --model model",
    "mine": "mine pairs.csv --out mined.csv --overwrite --model model",
    "reindex": "reindex --db site.db --model model",
    "review": "review --db site.db --model model",
    "search": "search word --db site.db --model model",
    "serve": "serve --db site.db --model model",
    "split": "split pairs.csv --out parts",
    "train": "train pairs.csv --out trained --overwrite --config tiny.toml",
}
"""Each verb that takes a number, on a tiny input."""
FRESH = ("exported", "fitted", "imported", "parts", "trained", "trained.checkpoint", "work")
"""Folders that a command makes."""
BESIDE = {
    ("dedupe", "--processes"): ["--work", "work"],
    ("dedupe", "--shard-size"): ["--work", "work"],
}
"""What an option needs next to it."""
TEXTS = {
    "fit --costs": ("{},1,1", "cost"),
    "serve --limit": ("rate={}", "rate"),
    "split --part": ("test={}", "test"),
}
"""Options that hold a number in a text, the text, and what an error names."""


def numeric_options():
    """Every verb's options that are numbers, as the functions behind the verbs declare them.

    What several verbs share is given with the first one.
    """
    known = set()
    for command in app.registered_commands:
        name = command.name or command.callback.__name__
        for each in inspect.signature(command.callback).parameters.values():
            kind, info = typing.get_args(each.annotation)[:2]
            if (each.name, info.help) in known:
                continue
            known.add((each.name, info.help))
            if {*typing.get_args(kind), kind} & {int, float}:
                spelled = map(str, (info.default, *(info.param_decls or ())))
                flags = [word for word in spelled if word.startswith("-")]
                yield name, flags[0] if flags else f"--{each.name.replace('_', '-')}"


def numeric_settings():
    """Every setting that is a number."""
    for section in dataclasses.fields(Config):
        for field in dataclasses.fields(section.type):
            if field.type in (int, float):
                yield f"{section.name}.{field.name}"


@pytest.fixture(scope="module")
def there(tmp_path_factory, tiny_model):
    place = tmp_path_factory.mktemp("numbers")
    (place / "pairs.csv").write_text(PAIRS)
    (place / "q.txt").write_text("How old are you?\nWhat is your age?\nWhy is the sky blue?\n")
    (place / "tiny.toml").write_text(
        "[text]\nngram_buckets = 16\n[network]\nd_model = 4\n[training]\nepochs = 1\n"
        "validation_fraction = 0.5\n"
    )
    save_model(tiny_model, place / "model")
    return place


@pytest.fixture
def bounded(there, monkeypatch):
    """The place of the files, in a process that may take a gigabyte more."""
    monkeypatch.chdir(there)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr(service, "serve", lambda *arguments: None)
    importlib.import_module("gemel.training")  # the libraries of torch are no cost of a number
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (taken + 2**30, hard))
    yield there
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    begin_notes()  # the commands are quiet


@pytest.fixture
def try_number(run, bounded):
    """Return a command a number: it is done, or refused in words that name what was given."""

    def call(command, named):
        for name in FRESH:
            shutil.rmtree(bounded / name, ignore_errors=True)
        code, _, err = run(*command, "--quiet")
        told = err.replace("_", "-").partition("\nUsage")[0]
        if code not in (ExitCode.DONE, ExitCode.NO):
            assert code == ExitCode.WRONG, (command, err)
            assert err.startswith("gemel: "), (command, err)
            assert "internal error" not in err, (command, err)
            assert named.strip("-").replace("_", "-") in told, (command, err)
        return code

    return call


def test_every_number_of_every_verb(try_number, run):
    assert run("index", "q.txt", "--db", "site.db", "--model", "model")[0] == ExitCode.DONE
    done = collections.Counter()
    for verb, flag in numeric_options():
        for value in (*WHOLE, *BROKEN):
            command = [*COMMANDS[verb].split(), *BESIDE.get((verb, flag), ())]
            command += [f"{flag}={value}"] if flag.startswith("--") else [flag, value]
            done[verb, flag] += try_number(command, flag) != ExitCode.WRONG
    assert done["search", "-k"] == 2  # of more than there are come all
    assert done["audit", "--skip-bad"] == 3
    assert done["split", "--folds"] == 0


def test_numbers_in_texts(try_number):
    for option, (text, named) in TEXTS.items():
        verb, flag = option.split()
        for value in WHOLE:
            try_number([*COMMANDS[verb].split(), flag, text.format(value)], named)
    for value in BROKEN:
        try_number([*COMMANDS["fit"].split(), "--costs", f"1,{value},1"], "cost")


def test_every_setting():
    for name in numeric_settings():
        for value in (*WHOLE, *BROKEN):
            try:
                Config().replace([f"{name}={value}"])
            except ConfigError as error:
                told = str(error)
            else:
                # What is taken is bounded: no count of anything is beyond 2**31, but a seed.
                assert abs(float(value)) < 2**31 or name == "training.seed", (name, value)
                continue
            assert name.split(".")[1] in told


def test_k_in_python(bounded, tiny_model):
    with api.open_index("python.db", Engine(tiny_model)) as index:
        index.add("How old are you?", id="a")
        for k in (0, -1, -(2**64)):
            with pytest.raises(ConfigError, match="k must be a whole number of 1 at least, not"):
                index.search("age", k)
        assert len(index.search("age", 2**62)) == 1
        assert len(index.check("age", 2**64)) == 1
        index.remove("a")
        assert index.search("age", 2**64) == []
