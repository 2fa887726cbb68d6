"""The model that ships with gemel."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gemel
from gemel.folder import load_model
from gemel.pretrained import DEFAULT_MODEL, came_with_gemel
from gemel.samples import HELPDESK

ROOT = Path(__file__).parents[1]
FOLDER = came_with_gemel(DEFAULT_MODEL)


def run(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", "gemel", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_is_small_and_states_under_which_terms_it_comes():
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 10_000_000
    assert "non-commercial" in (FOLDER / "TERMS").read_text()
    card = (FOLDER / "README.md").read_text()
    for said in ("## Figures", "Wang et al. dev", "## Known failures", "seed 0", "TERMS"):
        assert said in card


def test_it_is_what_the_config_makes():
    assert load_model(DEFAULT_MODEL).config == gemel.Config.from_toml(
        ROOT / "configs" / "quora.toml"
    )


def test_it_knows_the_commonest_questions_again():
    engine = gemel.load()
    assert engine.predict("How do I cook rice?", "What is the best way to cook rice?").is_duplicate
    assert not engine.predict("How old are you?", "How do I cook rice?").is_duplicate
    left = ["How can I lose weight quickly?", "What is the capital of France?"]
    right = ["What is the fastest way to lose weight?", "What is the capital of Italy?"]
    one, other = engine.similarity(left, right), engine.similarity(right, left)
    np.testing.assert_array_equal(one, other)
    assert one[0] > one[1]


def test_it_answers_when_none_is_named(tmp_path):
    two = ("How do I lose weight?", "What is the best way to lose weight?")
    found = run("compare", *two, cwd=tmp_path)
    assert found.returncode == 0
    assert found.stdout.startswith("the same")
    assert found.stderr.startswith("model: quora-en, ships with gemel")
    named = run("compare", *two, "--model", "quora-en", cwd=tmp_path)
    assert (named.stdout, named.stderr) == (found.stdout, "")


def test_a_folder_of_the_same_name_goes_first(tmp_path, monkeypatch, tiny_model):
    gemel.folder.save_model(tiny_model, tmp_path / DEFAULT_MODEL)
    monkeypatch.chdir(tmp_path)
    assert came_with_gemel(DEFAULT_MODEL) is None
    assert gemel.load().model.config == tiny_model.config


@pytest.mark.parametrize("name", ["nothing", "", ".", "..", "../quora-en", "a/quora-en"])
def test_other_names_are_no_model(name):
    assert came_with_gemel(name) is None


def test_its_threshold_is_fitted_in_a_copy(tmp_path):
    refused = run("fit", HELPDESK, cwd=tmp_path)
    assert refused.returncode == 2
    assert "quora-en: ships with gemel and cannot be changed" in refused.stderr
    assert "--out" in refused.stderr
    before = {file.name: file.read_bytes() for file in FOLDER.iterdir()}
    fitted = run("fit", HELPDESK, "--out", "mine", cwd=tmp_path)
    assert fitted.returncode == 0, fitted.stderr
    assert "gemel evaluate other-pairs.csv --model mine" in fitted.stdout
    assert {file.name: file.read_bytes() for file in FOLDER.iterdir()} == before
    mine, given = load_model(tmp_path / "mine"), load_model(DEFAULT_MODEL)
    assert mine.decision != given.decision
    for name, array in given.weights.items():
        np.testing.assert_array_equal(mine.weights[name], array)
    again = run("fit", HELPDESK, "--out", "mine", cwd=tmp_path)
    assert again.returncode == 2
    assert "holds a model already; add --overwrite" in again.stderr
    assert run("fit", HELPDESK, "--out", "mine", "--overwrite", cwd=tmp_path).returncode == 0


def test_an_evaluation_needs_no_model_of_ones_own(tmp_path):
    found = run("evaluate", HELPDESK, "--json", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["pairs"] > 2000
