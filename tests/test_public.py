"""What is promised is there: names, settings, examples."""

import ast
import importlib
import json
import pkgutil
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gemel
from gemel.config import Config
from gemel.samples import HELPDESK_SETTINGS

ROOT = Path(__file__).parents[1]
MODULES = [module.name for module in pkgutil.walk_packages(gemel.__path__, "gemel.")]


@pytest.mark.parametrize("module", [name for name in MODULES if "__main__" not in name])
def test_every_public_name_exists(module):
    loaded = importlib.import_module(module)
    for name in getattr(loaded, "__all__", []):
        assert getattr(loaded, name) is not None


def test_the_package_names_are_sorted_complete_and_there():
    assert gemel.__all__ == sorted(gemel.__all__)
    stub = Path(gemel.__file__).with_name("__init__.pyi").read_text(encoding="utf-8")
    promised = {
        each.asname
        for line in ast.parse(stub).body
        if isinstance(line, ast.ImportFrom)
        for each in line.names
    }
    assert promised == set(gemel.__all__) == set(dir(gemel))
    for name in gemel.__all__:
        assert getattr(gemel, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        gemel.nothing  # noqa: B018


def test_importing_gemel_or_its_commands_brings_nothing_heavy():
    heavy = "{'torch', 'pyarrow', 'charset_normalizer'}"
    code = f"import sys, gemel.cli, gemel.api; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "path", [*(ROOT / "gemel" / "configs").glob("*.toml"), HELPDESK_SETTINGS], ids=lambda p: p.name
)
def test_every_config_loads(path):
    Config.from_toml(path)


def test_the_notebook_config_is_the_default_and_states_all_of_it():
    import tomllib

    written = tomllib.loads((ROOT / "configs" / "notebook.toml").read_text())
    assert written == Config().to_mapping()


@pytest.mark.parametrize(
    ("example", "succeeds"),
    [("classifier", lambda share: share > 0.8), ("notebook", lambda loss: loss < 0.25)],
)
def test_examples_run(example, succeeds, capsys):
    run = runpy.run_path(str(ROOT / "examples" / f"{example}.py"))["main"]
    assert succeeds(run())
    assert "loss" in capsys.readouterr().out


def test_every_example_is_run():
    assert {path.stem for path in (ROOT / "examples").glob("*.py")} == {"classifier", "notebook"}


def page(name):
    return (ROOT / name).read_text(encoding="utf-8")


def results(name):
    return json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())


def interval(figure):
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


RANKED = ("accuracy", "f1", "average_precision")


def test_the_figures_of_the_notebook_are_those_measured():
    result, quality = results("main_job"), " ".join(page("docs/quality.md").split())
    for report in result["reports"]:
        cells = [interval(report["figures"][name]) for name in RANKED]
        assert f"| {report['model']} | {' | '.join(cells)} |" in quality
    assert f"in {result['seconds_from_file_to_folder']:.0f} s on 2 cores" in quality
    plain, ours = result["training_seconds_plain_loop"], result["training_seconds"]
    assert f"{plain:.0f} s of training, gemel {ours:.0f} s" in quality


def test_the_figures_of_the_shipped_model_are_those_measured():
    card = page("gemel/pretrained/quora-en/README.md")
    judges = {"threshold of the other half": "head and cosine"}
    judges["cosine, threshold of the other half"] = "cosine alone"
    for report in results("ship")["reports"]:
        cells = " | ".join(interval(report["figures"][name]) for name in RANKED)
        assert cells in card
        if report["how"] in judges:
            ece = f"{report['figures']['ece']['value']:.3f}"
            row = f"| {judges[report['how']]} | {cells} | {ece} |"
            assert row in page("docs/quality.md")
            if judges[report["how"]] == "head and cosine":
                assert f"| {cells} | {ece} |" in page("README.md")


def test_the_leakage_in_the_manual_is_that_measured():
    result = results("leakage")
    for split in ("by_component", "by_row"):
        cells = [
            f"{result[split][name]['mean']:.3f} ± {result[split][name]['plus_minus']:.3f}"
            for name in RANKED
        ]
        known = result[split]["questions_seen_in_training"]["mean"]
        row = f"| {split.replace('_', ' ')} | {' | '.join(cells)} | {known:.0%} |"
        assert row.replace("%", " %") in page("docs/quality.md")


def test_the_memory_in_the_manual_is_that_measured():
    result, speed = results("memory"), " ".join(page("docs/speed.md").split())
    first, last = result["runs"][0], result["runs"][-1]
    assert last["pairs"] > 10_000_000
    assert (
        f"takes {last['peak_mb_while_training']:,} MB where its {first['pairs']:,} pairs take "
        f"{first['peak_mb_while_training']:,} MB"
    ) in speed


def test_the_speed_of_the_service_is_that_measured():
    result, readme = results("service"), " ".join(page("README.md").split())
    one, _ = result["checks"]
    assert (
        f"One check among {result['questions']:,} stored questions takes {one['p50_ms']:g} ms"
    ) in readme
    table = (ROOT / "benchmarks" / "results" / "service.md").read_text()
    assert table in page("docs/service.md")


def test_every_command_in_the_readme_is_one():
    readme = page("README.md")
    named = set(re.findall(r"gemel ([a-z]+)\b(?! ships| trains)", readme))
    assert {"compare", "check", "index", "dedupe", "serve", "train", "evaluate", "fit"} <= named
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"make (\w[\w-]*)(?=\s+#)", readme))
    assert targets == {"demo", "help", "test"}
    assert all(f"\n{target}:" in makefile for target in targets)


def test_the_readme_is_short_and_its_examples_print_what_it_shows(tmp_path):
    readme = page("README.md")
    assert len(readme.splitlines()) <= 250
    assert len(readme.split()) <= 1500
    (tmp_path / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "questions.txt", tmp_path / "examples")
    shown = readme.partition("```console\n")[2].partition("```")[0]
    commands = [line[2:] for line in shown.splitlines() if line.startswith("$ ")]
    printed = []
    for command in commands:
        words = [sys.executable, "-m", *shlex.split(command)]
        done = subprocess.run(
            words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr
        printed += [f"$ {command}", *done.stdout.splitlines()]
    assert [line for line in shown.splitlines() if line] == [line for line in printed if line]


RESULTS = ROOT / "benchmarks" / "results"


@pytest.mark.parametrize("name", ["speed", "speed_amx"])
def test_the_speeds_in_the_manual_are_those_measured(name):
    result, text = results(name), page("docs/speed.md")
    speeds = {name: each["questions_per_second"] for name, each in result["encoding"].items()}
    for speed in speeds.values():
        assert f"| {speed:,} |" in text
    for name in ("gemel, notebook", "gemel, quora-en"):
        for rival in ("all-MiniLM-L6-v2", "model2vec"):
            assert f"| {speeds[name] / speeds[rival]:.1f} |" in text
    for each in result["one_question"].values():
        assert f"{each['p50_ms']:.2f}" in text
        assert f"{each['p99_ms']:.2f}" in text
    for each in result["exactness"].values():
        assert each["lowest_cosine"] >= 0.9999
        assert abs(each["accuracy"] - each["accuracy_numpy"]) <= 0.00031


def test_the_speeds_in_the_readme_are_those_measured():
    readme = page("README.md")
    encoding = results("speed")["encoding"]
    slowest = encoding["all-MiniLM-L6-v2"]["questions_per_second"]
    for name in ("all-MiniLM-L6-v2", "model2vec", "gemel, quora-en", "gemel, notebook"):
        speed = encoding[name]["questions_per_second"]
        assert f"| {speed:,} | {speed / slowest:.1f} |" in readme


def test_the_other_times_in_the_manual_are_those_measured():
    text = " ".join(page("docs/speed.md").split())
    first = results("first_answer")
    assert f"`gemel compare` {first['seconds']:.2f} s and {first['resident_mb']} MB" in text


@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("speed", "training"),
        ("speed", "growth"),
        ("search", "groups"),
        ("search", "retrieval"),
        ("search", "corpus"),
        ("review", "review"),
        ("how-to/support-desk", "support_desk"),
    ],
)
def test_the_tables_of_the_docs_are_those_measured(page, name):
    written = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    rows = (RESULTS / f"{name}.md").read_text(encoding="utf-8").splitlines()[2:]
    assert rows
    assert all(row in written for row in rows)


def test_the_support_desk_tells_what_was_measured():
    found = json.loads((RESULTS / "support_desk.json").read_text())["rows"]
    rows = {(row["negatives"], row["precision"]): row for row in found}
    page = (ROOT / "docs" / "how-to" / "support-desk.md").read_text(encoding="utf-8")
    said = " ".join(page.partition("What that means:")[2].split())
    random, mined = (rows[f"{kind} negatives", 0.95] for kind in ("random", "mined"))
    assert f"calls {random['new_answered']} of {random['new_asked']} new tickets" in said
    assert f"not enough either: {mined['new_answered']} of" in said
    fitted = [rows["matches of check", precision] for precision in (0.8, 0.9, 0.95)]
    new, answered, right = (
        [row[name] for row in fitted]
        for name in ("new_answered", "twin_answered", "twin_answered_right")
    )
    assert f"{new[0]} of 600 new tickets at 0.8, {new[1]} at 0.9, {new[2]} at 0.95" in said
    assert f"{answered[0]}, {answered[1]} and {answered[2]} of 600" in said
    assert f"{right[0]}, {right[1]} and {right[2]} right" in said
    assert f"{right[0]} of {new[0] + answered[0]} answers" in said
    assert f"in {fitted[0]['twin_right_on_top']} of 600 tickets with a duplicate" in said
    assert "easy-negatives" in random["findings"]


def test_the_calibrations_of_reviewed_pairs_in_the_docs_are_those_measured():
    results = json.loads((RESULTS / "review.json").read_text())["results"]
    page = " ".join((ROOT / "docs" / "review.md").read_text(encoding="utf-8").split())
    for name in ("Banking77", "held-out Quora"):
        losses = [each["mean"] for each in results[name]["log_loss_by_calibration"].values()]
        assert all(f"{loss:.3f}" in page for loss in losses)
        for loss in results[name]["average_precision_on_natural_quora"].values():
            assert f"{100 * loss:.1f}" in page


def test_what_an_export_loses_is_reported_as_measured():
    page = (ROOT / "docs" / "how-to" / "other-tools.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in (RESULTS / "onnx_export.md").read_text().splitlines()]
    natural = {row[0].removeprefix("| "): row for row in reversed(rows) if len(row) > 1}
    for name, told in [
        ("float32", "float32, with the pairs' own words"),
        ("int8", "int8, with the pairs' own words"),
        ("float32, known words only", "float32, known words only"),
    ]:
        _, size, _, _, _, precision, _ = natural[name]
        assert f"| {told} | {size} | {precision} |" in page
    speed = json.loads((RESULTS / "onnx_export.json").read_text())["speed"]
    quicker = speed["gemel_is_quicker_by"]["model.onnx"]
    assert f"encodes {quicker:.1f} times as many questions a second as ONNX Runtime" in page
