"""The wheel by itself, in clean environments of each Python: what answers works without torch."""

import json
import os
import subprocess

import numpy as np
import pytest

pytestmark = pytest.mark.slow


def call(binaries, *command, cwd):
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [binaries / command[0], *command[1:]],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=plain,
    )


def run(binaries, *command, cwd):
    done = call(binaries, *command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_states_where_it_is_and_that_torch_is_not(binaries, tmp_path):
    first, *lines = run(binaries, "gemel", "--version", cwd=tmp_path).splitlines()
    told = dict(line.split(" ", 1) for line in lines)
    assert first.startswith("gemel ")
    assert str(binaries) in told["python"]
    assert (told["torch"], told["extras"]) == ("not installed", "none")
    program = "import importlib.util as u; print(u.find_spec('torch'))"
    assert run(binaries, "python", "-c", program, cwd=tmp_path).strip() == "None"


def test_the_doctor_finds_all_well(binaries, tmp_path):
    report = json.loads(run(binaries, "gemel", "doctor", "--deep", "--json", cwd=tmp_path))
    found = {each["name"]: each for each in report["findings"]}
    assert report["well"]
    assert found["backend compiled"]["state"] == "ok"
    assert found["[train]"]["advice"] == "pip install 'gemel[train]'"


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


def test_training_states_what_is_missing(binaries, tmp_path):
    run(binaries, "gemel", "sample", "--out", "sample", cwd=tmp_path)
    done = call(
        binaries, "gemel", "train", "sample/train.tsv", "--out", "model", "-q", cwd=tmp_path
    )
    assert done.returncode == 2
    assert done.stderr.endswith("pip install 'gemel[train]'\n")
    assert "Traceback" not in done.stderr


def test_a_type_checker_is_told_that_there_are_types(binaries, tmp_path):
    program = (
        "import importlib.resources as r; print(r.files('gemel').joinpath('py.typed').is_file())"
    )
    assert run(binaries, "python", "-c", program, cwd=tmp_path).strip() == "True"
