"""Pages are right: commands parse, settings and files exist, figures are current."""

import ast
import dataclasses
import itertools
import json
import re
import shlex
import tomllib

import pytest
import typer
from rendering import GENERATED, command_of
from rendering.pages import DOCS

import gemel
from gemel.cli.failures import ExitCode
from gemel.config import BACKENDS, Config
from gemel.corpus.reviews import REVIEW_KINDS
from gemel.data.sources import KINDS
from gemel.duplicates.group_files import GROUP_KINDS
from gemel.folder import model_folder as folder
from gemel.inference import vector_files
from gemel.siamese_networks import __all__ as NOTEBOOK_NAMES
from gemel.training.reporters import LOG

ROOT = DOCS.parent
UsageError = typer.BadParameter.__base__
TEXTS = {
    path.relative_to(DOCS).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(DOCS.rglob("*.md"))
}
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language):
    for page, text in TEXTS.items():
        for kind, content in _FENCE.findall(text):
            if kind in language:
                yield page, content


def command_lines():
    """Yield the lines of the pages that call gemel, as a shell would cut them."""
    for page, content in blocks({"", "sh", "console"}):
        if page in GENERATED and page != "settings.md":
            continue
        for line in content.replace("\\\n", " ").splitlines():
            line = line.removeprefix("$ ").partition("-m -- ")[2] or line.removeprefix("$ ")
            line = re.sub(r"^if | \d(?=>)", "", line)
            if line.startswith("gemel "):
                cut = shlex.shlex(line, posix=True, punctuation_chars=";&|<>")
                cut.whitespace_split, cut.commenters = True, "#"
                words = itertools.takewhile(lambda word: not set(word) <= set(";&|<>"), cut)
                yield pytest.param(list(words)[1:], id=f"{page}: {line[:60]}")


LINES = list(command_lines())


def test_there_are_commands_to_look_at():
    assert len(LINES) > 80


@pytest.mark.parametrize("words", LINES)
def test_every_command_in_the_pages_can_be_typed(words):
    context, rest = command_of(words)
    try:
        context.command.make_context(context.info_name, rest, parent=context.parent)
    except UsageError as error:
        pytest.fail(f"gemel {shlex.join(words)}: {error.format_message()}")


@pytest.mark.parametrize("words", [["train", "pairs.csv"], ["compare", "a", "b", "--modle", "m"]])
def test_a_command_that_cannot_be_typed_is_noticed(words):
    context, rest = command_of(words)
    with pytest.raises(UsageError):
        context.command.make_context(context.info_name, rest, parent=context.parent)


def test_every_verb_and_option_named_in_a_sentence_is_one():
    known = set(command_of([])[0].command.commands)
    seen = set()
    for page, text in TEXTS.items():
        for words in re.findall(r"`gemel ([a-z][^`]*)`", _FENCE.sub("", text)):
            context, rest = command_of(words.split())
            options = {name for each in context.command.params for name in each.opts}
            options |= {name for each in context.command.params for name in each.secondary_opts}
            options |= set(context.help_option_names)
            wanted = {word for word in rest if word.startswith("--")}
            assert wanted <= options, f"{page}: gemel {words}"
            seen.add(words.split()[0])
    assert len(seen & known) > 10


@pytest.mark.parametrize("name", GENERATED)
def test_what_is_made_from_the_code_is_current(name):
    assert TEXTS[name] == GENERATED[name](), "make docs-pages writes it anew"


def test_the_manual_shows_the_precision_of_each_backend():
    rows = [f"| `{name}` | {precision} |" for name, precision in BACKENDS.items()]
    assert "\n".join(rows) in TEXTS["speed.md"]


def test_every_verb_has_its_help():
    page = TEXTS["commands.md"]
    for name, command in command_of([])[0].command.commands.items():
        assert f"\n## gemel {name}\n" in page
        summary = command.help.partition("\n\n")[0]
        assert " ".join(summary.split()) in " ".join(page.split())
        for option in command.params:
            assert all(f" {each}" in page for each in option.opts if each.startswith("-"))
    assert max(len(line) for line in page.splitlines()) <= 100
    assert "\x1b" not in page


def test_every_setting_is_there_with_its_default():
    page = TEXTS["settings.md"]
    for section, values in Config().to_mapping().items():
        for name, value in values.items():
            (row,) = [line for line in page.splitlines() if f"| `{section}.{name}` |" in line]
            assert f"| `{json.dumps(value)}` |" in row
            assert len(row.split("|")[4].strip()) > 15


def test_every_public_name_is_on_its_page():
    for name in gemel.__all__:
        assert name == "__version__" or f"| `{name}` |" in TEXTS["python.md"]


def test_every_kind_of_file_is_named():
    page = TEXTS["file-formats.md"]
    written = {*KINDS, *GROUP_KINDS, *REVIEW_KINDS, *vector_files._KINDS, ".txt", ".gz"}
    files = {*folder._FILES, LOG, "manifest.json", "report.json", ".checkpoint", ".partial"}
    corpus = {".ids.jsonl", "-wal", "-shm", ".neighbours", ".bad-rows.jsonl"}
    for name in written | files | corpus:
        assert name in page
    assert f"Version {folder.FORMAT_VERSION} is written" in page


def test_every_exit_code_is_explained():
    rows = re.findall(r"^\| (\d+) \|", TEXTS["exit-codes.md"], flags=re.MULTILINE)
    assert {code.value for code in ExitCode} <= set(map(int, rows))


def test_every_name_of_the_notebook_is_told_of():
    page = TEXTS["coming-from/trax-notebook.md"]
    own = {"Axis", "Constants", "Data", "Question", "Tokens", "normalize"}  # parts of those named
    assert all(name in page for name in set(NOTEBOOK_NAMES) - own)


def test_every_test_that_a_page_names_is_one():
    page = TEXTS["coming-from/trax-notebook.md"]
    for path in re.findall(r"`(tests/[\w/.]+)`", page):
        assert (ROOT / path).is_file(), path
    files = ["test_siamese_networks", "layers/test_core", "models/test_siamese"]
    tests = "".join((ROOT / "tests" / f"{name}.py").read_text() for name in files)
    names = re.findall(r"`(test_\w+)`", page)
    assert names
    assert all(f"def {name}(" in tests for name in names)


@pytest.mark.parametrize(("page", "code"), list(blocks({"python"})))
def test_python_in_the_pages_is_python_of_gemel(page, code):
    if page == "python.md" and code.startswith("gemel."):
        code = code.partition(")")[0]  # a signature
        assert code.partition("(")[0].removeprefix("gemel.") in gemel.__all__
        return
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Attribute(value=ast.Name(id="gemel"), attr=name):
                assert hasattr(gemel, name), f"{page}: gemel.{name}"


@pytest.mark.parametrize(("page", "code"), list(blocks({"toml"})))
def test_settings_in_the_pages_load(page, code):
    Config.from_mapping(tomllib.loads(code), source=page)


def test_the_figures_of_the_limits_are_those_measured():
    result = json.loads((ROOT / "benchmarks" / "results" / "ship.json").read_text())
    page = " ".join(TEXTS["limits.md"].split())
    for found in result["probes"].values():
        for share in found.values():
            assert f"{share:.0%}".replace("%", " %") in page
    typed = result["one_edit"]
    assert f"from {typed['accuracy_before']:.3f} to {typed['accuracy_after']:.3f}" in page
    retrieval = (ROOT / "benchmarks" / "results" / "retrieval.md").read_text()
    for cell in ("0.746", "0.760"):
        assert cell in page
        assert cell in retrieval


def test_the_course_prints_what_its_text_states(capsys):
    (code,) = [code for page, code in blocks({"python"}) if page == "how-to/course.md"]
    exec(compile(code, "course", "exec"), {})
    printed = capsys.readouterr().out
    assert printed in [text for page, text in blocks({"text"}) if page == "how-to/course.md"]


def test_every_section_of_settings_is_a_heading():
    for section in dataclasses.fields(Config):
        assert f"\n## [{section.name}]\n" in TEXTS["settings.md"]
