"""gemel beside TF-IDF and logistic regression, fold by fold, in whatever language the pairs are.

    python benchmarks/korean.py kor_pair_train.csv --same 0 --config configs/notebook.toml \
        --work korean-work

The folds are cut by component: no question is in two, unless a component had to be cut (such pairs
are counted). Every fold is judged by a model and by rivals that were trained on the other folds,
gemel by the threshold stored in the model. Figures are pooled over the folds.
"""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from layout import markdown, signed, spread
from numpy.typing import NDArray
from paired import Measure, Sampled, resample
from reading import add_column_options, columns_of
from record import write_result, write_table
from rivals import LENGTHS, RIVALS, rival_scores
from train_once import train_once

import gemel
from gemel.data import PairGraph, split_by_component
from gemel.evaluation import Ranking, count_confusion

FIGURES = ("average_precision", "fold_average_precision", "accuracy")
"""`average_precision` ranks the pairs of all folds by probability; `fold_average_precision` is the
mean of the folds' own, where it does not matter how well the probabilities of two models agree."""


class Pooled:
    """What one method said of every pair, each time trained without the pair's fold.

    Args:
        pairs: how many there are.
    """

    def __init__(self, pairs: int):
        self.probability = np.zeros(pairs)
        self.verdicts = np.zeros(pairs, bool)

    def put(self, fold: NDArray[np.bool_], probability: Any, verdicts: Any) -> None:
        """Fill in a fold."""
        self.probability[fold] = probability
        self.verdicts[fold] = verdicts

    def measure(self, labels: NDArray[np.bool_], parts: NDArray[np.int32]) -> Measure:
        """Prepare to measure it, weighted."""
        pooled = Ranking(self.probability, labels)
        folds = [parts == number for number in range(int(parts.max()) + 1)]
        rankings = [Ranking(self.probability[fold], labels[fold]) for fold in folds]

        def figures(weights: NDArray[np.float64]) -> dict[str, float]:
            each = [
                ranking.average_precision(weights[fold])
                for ranking, fold in zip(rankings, folds, strict=True)
            ]
            return {
                "average_precision": pooled.average_precision(weights),
                "fold_average_precision": float(np.mean(each)),
                "accuracy": count_confusion(self.verdicts, labels, weights).accuracy,
            }

        return figures


def run_folds(
    pairs: gemel.Pairs, parts: NDArray[np.int32], config: gemel.Config, work: Path
) -> dict[str, Pooled]:
    """Train everything on the rest of each fold, and let it judge the fold."""
    pooled = {name: Pooled(len(pairs)) for name in ("gemel", *RIVALS, LENGTHS)}
    for number in range(int(parts.max()) + 1):
        fold = parts == number
        training, test = pairs.select(~fold), pairs.select(fold)
        model = train_once(training, work / f"fold-{number + 1}", config)
        similarity = gemel.Engine(model).similarity(test.left_texts, test.right_texts)
        decision = model.decision
        pooled["gemel"].put(
            fold, decision.probability(similarity), decision.is_duplicate(similarity)
        )
        for name, probability in rival_scores(training, test).items():
            pooled[name].put(fold, probability, probability >= 0.5)
        print(f"fold {number + 1}: {len(training):,} pairs, tested on {len(test):,}", flush=True)
    return pooled


def main() -> None:
    """Run all folds and write `benchmarks/results/korean.json` and `korean.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pairs", type=Path, help="a file of labelled pairs")
    parser.add_argument("--config", required=True, help="settings to train with")
    parser.add_argument("--work", required=True, type=Path, help="a folder for the models")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0, help="of the folds")
    parser.add_argument("--rounds", type=int, default=1000, help="bootstrap resamples")
    parser.add_argument("--name", default="korean", help="of the result")
    add_column_options(parser)
    options = parser.parse_args()
    config = gemel.Config.from_toml(options.config)
    pairs = gemel.read_pairs(options.pairs, columns_of(options))
    graph = PairGraph.of(pairs)
    split = split_by_component(graph, [1 / options.folds] * options.folds, options.seed)
    pooled = run_folds(pairs, split.parts, config, options.work)
    measured: dict[str, dict[str, Sampled]] = {
        name: resample(graph, each.measure(pairs.labels, split.parts), rounds=options.rounds)
        for name, each in pooled.items()
    }
    best = max(RIVALS, key=lambda name: measured[name]["average_precision"].value)
    gains = {name: measured["gemel"][name] - measured[best][name] for name in FIGURES}
    result: dict[str, Any] = {
        "data": options.pairs.name,
        "same": options.same,
        "pairs": len(pairs),
        "prevalence": pairs.prevalence,
        "folds": options.folds,
        "seed": options.seed,
        "cut_components": split.cut_components,
        "crossing_pairs": split.crossing_pairs,
        "rounds": options.rounds,
        "config": config.to_mapping(),
        "best_rival": best,
        "figures": {
            name: {key: dataclasses.asdict(value.figure) for key, value in figures.items()}
            for name, figures in measured.items()
        },
        "gains": {name: dataclasses.asdict(gain.figure) for name, gain in gains.items()},
    }
    rows = [
        [
            name if name == "gemel" else f"TF-IDF, {name}",
            *(spread(figures[f].figure) for f in FIGURES),
        ]
        for name, figures in measured.items()
    ]
    rows.append([f"gemel over {best}", *(signed(gains[name].figure) for name in FIGURES)])
    head = ("trained on the other folds", "AP, pooled", "AP, mean of folds", "accuracy")
    table = markdown(head, rows)
    print(table)
    what = "folds by component; gemel beside TF-IDF and logistic regression, pooled over the folds"
    write_result(options.name, what, result, "scikit-learn")
    write_table(options.name, table)


if __name__ == "__main__":
    main()
