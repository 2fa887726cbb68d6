"""The base install by itself, in an environment of its own: what answers works without torch."""

import json
import os
import subprocess
import venv
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parent.parent

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def binaries(tmp_path_factory):
    """An environment with gemel and nothing that was not asked for."""
    place = tmp_path_factory.mktemp("base") / "venv"
    venv.create(place, with_pip=True)
    pip = [place / "bin" / "pip", "install", "--quiet", "--constraint", ROOT / "constraints.txt"]
    subprocess.run([*pip, str(ROOT)], check=True)
    return place / "bin"


def run(binaries, *command, cwd):
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [binaries / command[0], *command[1:]],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=plain,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_torch_is_not_there(binaries, tmp_path):
    program = "import importlib.util as u; print(u.find_spec('torch'))"
    assert run(binaries, "python", "-c", program, cwd=tmp_path).strip() == "None"


def test_two_questions_are_compared(binaries, tmp_path):
    command = ("gemel", "compare", "How old are you?", "What is your age?", "--json")
    assert 0 <= json.loads(run(binaries, *command, cwd=tmp_path))["probability"] <= 1


def test_a_file_is_encoded_as_it_is_here(binaries, tmp_path):
    import gemel

    texts = ["How old are you?", "Where is the ticket office?", "How old are you?"]
    (tmp_path / "questions.txt").write_text("\n".join(texts) + "\n")
    run(binaries, "gemel", "encode", "questions.txt", "--out", "vectors.npy", cwd=tmp_path)
    here = gemel.load("quora-en").encode(texts)
    cosines = (np.load(tmp_path / "vectors.npy") * here).sum(axis=1)
    assert cosines.min() > 0.9999


def test_the_sample_is_measured(binaries, tmp_path):
    run(binaries, "gemel", "sample", "--out", "sample", cwd=tmp_path)
    found = run(binaries, "gemel", "evaluate", "sample/held-out.tsv", "--json", cwd=tmp_path)
    assert "accuracy" in found


def test_training_says_what_is_missing(binaries, tmp_path):
    run(binaries, "gemel", "sample", "--out", "sample", cwd=tmp_path)
    done = subprocess.run(
        [binaries / "gemel", "train", "sample/train.tsv", "--out", "model"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode != 0
    assert "gemel[train]" in done.stderr
    assert "Traceback" not in done.stderr
