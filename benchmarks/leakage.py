"""What a split that tears related questions apart flatters: five folds by component, and by row.

python benchmarks/leakage.py pairs.csv

Each fold is tested by a model that was trained, with the settings of configs/notebook.toml, on the
other four, and by the threshold stored in it. The folds by component share no question; those by
row are drawn at random, as most people do.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from record import write_result

import gemel
from gemel.data import PairGraph, measure_overlap, split_by_component
from gemel.training import learn

HERE = Path(__file__).parent
FOLDS = 5
T_95 = 2.776
"""Student's t for 95 % and four degrees of freedom."""


def parts_by_component(pairs: gemel.Pairs, seed: int) -> Any:
    """Give the fold of each pair; no question is in two."""
    return split_by_component(PairGraph.of(pairs), [1 / FOLDS] * FOLDS, seed).parts


def parts_by_row(pairs: gemel.Pairs, seed: int) -> Any:
    """Give the fold of each pair, at random."""
    return np.random.default_rng(seed).permutation(np.arange(len(pairs)) % FOLDS)


def run_fold(pairs: gemel.Pairs, held_out: Any, config: gemel.Config) -> dict[str, Any]:
    """Train on the rest and test on the fold."""
    training, test = pairs.select(~held_out), pairs.select(held_out)
    started = time.perf_counter()
    model = learn(training, config)
    report = gemel.evaluate(test, model, rounds=100)
    overlap = measure_overlap(PairGraph.of(training), PairGraph.of(test))
    return {
        "test_pairs": len(test),
        "duplicates": round(test.prevalence, 4),
        "questions_seen_in_training": round(overlap.shared_questions / overlap.questions, 4),
        "seconds": round(time.perf_counter() - started, 1),
        **{name: figure.value for name, figure in report.figures.items()},
    }


def mean(folds: list[dict[str, Any]], name: str) -> dict[str, float]:
    """Give the mean over the folds and half the width of its 95 % interval."""
    values = np.array([fold[name] for fold in folds])
    half = T_95 * values.std(ddof=1) / np.sqrt(len(values))
    return {"mean": round(float(values.mean()), 4), "plus_minus": round(float(half), 4)}


def main() -> None:
    """Run all folds and write `benchmarks/results/leakage.json`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("pairs", type=Path, help="a file of labelled pairs")
    options = parser.parse_args()
    config = gemel.Config.from_toml(HERE.parent / "configs" / "notebook.toml")
    pairs = gemel.read_pairs(options.pairs)
    result: dict[str, Any] = {"data": options.pairs.name, "pairs": len(pairs)}
    for name, split in (("by_component", parts_by_component), ("by_row", parts_by_row)):
        parts = split(pairs, config.training.seed)
        folds = []
        for number in range(FOLDS):
            folds.append(run_fold(pairs, parts == number, config))
            print(name, number, folds[-1], flush=True)
        figures = ("accuracy", "f1", "average_precision", "questions_seen_in_training")
        result[name] = {figure: mean(folds, figure) for figure in figures} | {"folds": folds}
    write_result(
        "leakage", "five-fold, configs/notebook.toml, threshold stored in each model", result
    )


if __name__ == "__main__":
    main()
