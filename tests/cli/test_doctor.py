"""`gemel doctor` and `gemel --version`: what works here, and what does not."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from gemel.cli import doctor as extras
from gemel.cli import doctor as health
from gemel.cli.doctor import Extra, Need, cgroup_cores, cgroup_memory
from gemel.pretrained import DEFAULT_MODEL, came_with_gemel
from gemel.version import __version__


def test_the_first_line_states_which_gemel_and_the_rest_where(run):
    code, out, err = run("--version")
    lines = out.splitlines()
    assert (code, err, lines[0]) == (0, "", f"gemel {__version__}")
    told = dict(line.split(" ", 1) for line in lines[1:])
    assert list(told) == [*("python", "platform", "numpy", "torch", "backend", "threads", "extras")]
    assert told["numpy"] == np.__version__
    assert told["torch"] == importlib.metadata.version("torch")
    assert "plots" in told["extras"]


def test_all_is_well_here(run):
    code, out, _ = run("doctor", "--json")
    report = json.loads(out)
    assert [each for each in report["findings"] if each["state"] == "bad"] == []
    assert (code, report["well"]) == (0, True)
    found = {each["name"]: each["found"] for each in report["findings"]}
    assert found["model, by numpy"] == "quora-en answers as it should"
    assert found["corpus"] == "a question was stored, and found again"
    assert "torch" in found["[train]"]


def test_what_is_wrong_is_reported_and_the_exit_code_is_1(run, monkeypatch):
    left, right, similarity, same = health._PAIRS[0]
    monkeypatch.setattr(health, "_PAIRS", ((left, right, similarity + 0.1, same),))
    monkeypatch.setattr(health, "_LOOKS", {"model": health._model})
    code, out, _ = run("doctor")
    assert code == 1
    assert "BAD  model, by numpy" in out
    assert "expected 0.633" in out
    assert "not work: see BAD above" in out


def test_a_look_that_fails_is_a_finding(run, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    code, out, _ = run("doctor", "--json")
    bad = {each["name"]: each for each in json.loads(out)["findings"] if each["state"] == "bad"}
    assert code == 1
    assert set(bad) == {"corpus", "temporary files"}
    for each in bad.values():
        assert "FileNotFoundError" in each["found"]
        assert each["advice"].endswith("TMPDIR=DIR")


def test_a_damaged_model_is_to_be_installed_again(run, monkeypatch, tmp_path):
    # A folder of that name goes before the one that came with gemel.
    model = shutil.copytree(came_with_gemel(DEFAULT_MODEL), tmp_path / DEFAULT_MODEL)
    os.truncate(model / "model.safetensors", 1000)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(health, "_LOOKS", {"model": health._model})
    code, out, _ = run("doctor", "--json")
    (bad,) = (each for each in json.loads(out)["findings"] if each["state"] == "bad")
    assert (code, bad["name"]) == (1, "model")
    assert "model.safetensors: not the file that config.json names" in bad["found"]
    assert bad["advice"] == f"try: {health._NEW_GEMEL}"


def test_it_imports_no_torch():
    program = "import sys; sys.modules['torch'] = None; from gemel.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "doctor"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
def test_learning_is_tried_when_asked(run):
    code, out, _ = run("doctor", "--deep", "--json")
    found = {each["name"]: each["found"] for each in json.loads(out)["findings"]}
    assert code == 0
    assert found["training"].startswith("trained on 64 pairs")
    assert "graphics card" in found


@pytest.mark.parametrize(
    ("installed", "wanted", "met"),
    [
        (None, ">=2", False),
        ("2.5.1+cpu", "<3,>=2.5", True),
        ("2.10", "<3,>=2.5", True),
        ("2.4.9", "<3,>=2.5", False),
        ("3.0.0rc1", "<3,>=2.5", False),
        ("3.0", ">=3.0.0", True),
        ("1.0", "", True),
    ],
)
def test_a_package_counts_if_its_version_fits(installed, wanted, met):
    assert Need("torch", wanted, installed).is_met == met


def test_an_extra_that_is_not_there_states_what_to_type(run, monkeypatch):
    monkeypatch.setattr(
        health, "find_extras", lambda: [Extra("ann", (Need("usearch", ">=2.21,<3", None),))]
    )
    monkeypatch.setattr(health, "_LOOKS", {})
    code, out, _ = run("doctor")
    assert code == 0
    assert "-    [ann]" in out
    assert "lacks usearch >=2.21,<3" in out
    assert "pip install 'gemel[ann]'" in out


def test_extras_are_those_of_the_installed_package():
    named = importlib.metadata.metadata("gemel").get_all("Provides-Extra")
    assert [extra.name for extra in extras.find_extras()] == sorted(named)


@pytest.mark.parametrize(
    ("files", "cores", "memory"),
    [
        ({}, None, None),
        ({"cpu.max": "150000 100000", "memory.max": "2000000"}, 1.5, 2_000_000),
        ({"cpu.max": "max 100000", "memory.max": "max"}, None, None),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 0.5, None),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, None, None),
        ({"memory/memory.limit_in_bytes": "9223372036854771712"}, None, None),
        ({"memory/memory.limit_in_bytes": "1000"}, None, 1000),
    ],
)
def test_limits_of_a_container_are_read(files, cores, memory, tmp_path):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert (cgroup_cores(tmp_path), cgroup_memory(tmp_path)) == (cores, memory)
