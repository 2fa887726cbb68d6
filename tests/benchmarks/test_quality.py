import dataclasses

import numpy as np
import pytest
from climb import Row
from paired import HALVES, Sampled
from quality import gains, summary
from quality_table import Table
from train_once import provenance, train_once

import gemel
from gemel.config import Config
from gemel.data import Pairs


def figures(value):
    return {name: Sampled(value, np.array([value - 0.01, value, value + 0.01])) for name in HALVES}


def test_a_gain_is_over_the_seeds_that_both_have():
    now = {"cosine": {0: figures(0.75), 1: figures(0.25)}}
    before = {"cosine": {0: figures(0.5)}}
    gain = gains(now, before)["cosine"]
    assert (gain["seeds"], gain["by"]) == ([0], "cosine")
    assert gain["accuracy"].value == pytest.approx(0.25)
    assert gains(now, {"cosine": {2: figures(0.5)}}) == {}
    assert gains(now, {}) == {}


def test_a_first_head_is_compared_with_the_cosine_before_it():
    now = {"cosine": {0: figures(0.5)}, "head": {0: figures(0.75)}}
    before = {"cosine": {0: figures(0.25)}}
    assert gains(now, before)["head"]["by"] == "cosine"
    assert gains(now, now)["head"]["by"] == "head"


def test_several_seeds_have_a_mean_and_a_range():
    one = summary({4: figures(0.5)})["ece"]
    assert one["value"] == 0.5
    assert "least" not in one
    several = summary({4: figures(0.5), 5: figures(0.75)})["ece"]
    assert (several["value"], several["least"], several["most"]) == (0.625, 0.5, 0.75)


def test_the_table_fits_a_terminal():
    table = Table(Pairs.of(["a", "b"], ["c", "d"], [True, False]))
    before, now = (
        {"cosine": {0: figures(0.5)}},
        {"cosine": {0: figures(0.9)}, "head": {0: figures(0.9)}},
    )
    table.add("00-notebook", before, 80.0, {})
    table.add("17-mined-hard-negatives", now, 2400.0, gains(now, before))
    lines = table.text.splitlines()
    assert max(map(len, lines)) <= 100
    assert "pairs: 2 pairs, 50.0 % ask the same" in lines
    assert sum("+40.0 (" in line for line in lines) == 2
    assert sum(" by cosine " in line for line in lines) == 2
    assert sum(line.endswith("  40.0") for line in lines) == 2


def test_what_is_trained_is_not_trained_again_and_stands_for_nothing_else(tmp_path):
    pairs = gemel.read_pairs(_few_pairs(tmp_path))
    config = Config().replace(
        ["network.d_model=4", "training.epochs=1", "training.validation_fraction=0.3"]
    )
    row = Row("01-a", "", config)
    folder = row.folder(tmp_path / "work", 0)
    model = train_once(pairs, folder, config)
    written = folder.stat().st_mtime_ns
    again = train_once(pairs, folder, config)
    assert folder.stat().st_mtime_ns == written
    assert again.training == model.training
    assert provenance(folder)["commit"]
    with pytest.raises(SystemExit, match=r"training\.epochs was 1, is 2"):
        train_once(pairs, folder, config.replace(["training.epochs=2"]))
    with pytest.raises(SystemExit, match="other pairs"):
        train_once(pairs.select(np.arange(len(pairs)) > 0), folder, config)
    with pytest.raises(SystemExit, match="other pairs"):
        train_once(pairs, folder, config, start=dataclasses.replace(model))


def _few_pairs(folder):
    path = folder / "pairs.csv"
    rows = [f"how is number {n},what about {n},{n % 2}" for n in range(40)]
    path.write_text("\n".join(["question1,question2,is_duplicate", *rows]))
    return path
