"""What 200 reviewed pairs gain, chosen by `choose_for_review` or drawn by chance.

    gemel split quora/train.csv --out parts --parts train=0.85,test=0.15   # see groups.py
    python benchmarks/banking_pairs.py banking77/train.csv banking77/test.csv --out banking-pairs
    python benchmarks/review.py --held-out parts/test.csv --model held-out-model \
        --banking banking-pairs

The reviewer is the true label. Quora: pairs that the model has not seen are cut by connected
component into a pool to review, 0.6, and pairs to test on, 0.4. Banking77: the model that comes
with gemel has never seen such questions; pool and test share neither a question nor an intent. Then
the model stays as it is, or its threshold is fitted anew (`gemel fit`), or it learns (`gemel train
--from --add`). Intervals: components of the test pairs and seeds drawn with replacement, 1,000
times.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from layout import markdown
from numpy.typing import NDArray
from paired import Sampled, resample
from record import write_result, write_table
from sklearn.linear_model import LogisticRegression

import gemel
from gemel.config import DecisionConfig
from gemel.corpus import choose_for_review
from gemel.data import PairGraph, split_by_component
from gemel.decision import Decision
from gemel.duplicates import Duplicates, ScoredPairs
from gemel.evaluation import (
    Probabilities,
    Ranking,
    count_confusion,
    fit_calibration,
    fit_cuts,
    fit_decision,
)
from gemel.inference import Engine
from gemel.training import refine

REVIEWED = 200
SEEDS = 5
POOL = 0.6
MEASURES = (
    "accuracy",
    "f1",
    "accuracy_by_best_cut",
    "f1_by_best_cut",
    "average_precision",
    "log_loss",
)
"""Of them `…_by_best_cut` go by the cut with the most right verdicts on the reviewed pairs."""


def as_found(engine: Engine, pairs: gemel.Pairs) -> tuple[Duplicates, dict[tuple[int, int], int]]:
    """Make of labelled pairs what a corpus with these close pairs would give.

    Returns:
        It, and the row of each pair of different questions.
    """
    graph = PairGraph.of(pairs, engine.model.tokenizer.clean)
    low, high = np.minimum(graph.left, graph.right), np.maximum(graph.left, graph.right)
    order = np.lexsort((high, low))
    rows = {
        (int(low[row]), int(high[row])): int(row) for row in order.tolist() if low[row] < high[row]
    }
    left, right = (np.array(side, np.int32) for side in zip(*rows, strict=True))
    texts = list(graph.questions)
    similarity = engine.similarity([texts[at] for at in left], [texts[at] for at in right])
    likely = engine.model.decision.probability(similarity).astype(np.float32)
    scored = ScoredPairs(left, right, similarity, similarity, likely)
    ids, copies = (
        [str(number) for number in range(len(texts))],
        np.arange(len(texts), dtype=np.int32),
    )
    return Duplicates(ids, texts, copies, 0, scored, -1.0, 0.7), rows


def reviewed(
    found: Duplicates, rows: Mapping[tuple[int, int], int], seed: int
) -> Iterator[tuple[str, list[int]]]:
    """Give the rows that are reviewed, by chance and chosen."""
    places = sorted(rows.values())
    drawn = np.random.default_rng(seed).permutation(len(places))[:REVIEWED]
    yield "random", [places[at] for at in drawn.tolist()]
    chosen = choose_for_review(found, [], REVIEWED, seed=seed).pairs
    yield "chosen", [rows[int(pair.left_id), int(pair.right_id)] for pair in chosen]


def measured(
    graph: PairGraph,
    labels: NDArray[np.bool_],
    similarity: Any,
    decision: Decision,
    best_cut: float,
) -> dict[str, Sampled]:
    """Measure a model's scores under a decision, and under another cut."""
    ranking = Ranking(similarity, labels)
    likely = decision.probability(similarity)
    probabilities = Probabilities(likely, labels)
    verdicts, others = decision.is_duplicate(similarity), similarity >= best_cut

    def measure(weights: NDArray[np.float64]) -> dict[str, float]:
        fitted, best = (count_confusion(each, labels, weights) for each in (verdicts, others))
        return {
            "accuracy": fitted.accuracy,
            "f1": fitted.f1,
            "accuracy_by_best_cut": best.accuracy,
            "f1_by_best_cut": best.f1,
            "average_precision": ranking.average_precision(weights),
            "log_loss": probabilities.log_loss(weights),
        }

    return resample(graph, measure)


def over_seeds(figures: Sequence[Sampled]) -> Sampled:
    """Give the mean over seeds, which are drawn with replacement too, always the same ones."""
    drawn = np.array([figure.drawn for figure in figures])
    seeds = np.random.default_rng(0).integers(len(figures), size=drawn.shape)
    mean = np.take_along_axis(drawn, seeds, axis=0).mean(axis=0)
    return Sampled(float(np.mean([figure.value for figure in figures])), mean)


def compare(
    engine: Engine, pool: gemel.Pairs, test: gemel.Pairs, other: gemel.Pairs | None
) -> dict[str, Any]:
    """Review, fit, learn and measure, with every seed.

    Args:
        engine: the model as it is.
        pool: what can be reviewed.
        test: what is measured on.
        other: pairs of another kind, to see what is forgotten; by their average precision.
    """
    found, rows = as_found(engine, pool)
    graph = PairGraph.of(test)
    sides = test.left_texts, test.right_texts
    before = engine.similarity(*sides)
    stored = engine.model.decision
    base = measured(graph, test.labels, before, stored, stored.threshold)
    runs: dict[str, list[dict[str, Sampled]]] = {"no review": [base] * SEEDS}
    shares: dict[str, list[float]] = {}
    known = {"no review": [ranked(engine, other)] * SEEDS} if other else {}
    for seed in range(SEEDS):
        for how, places in reviewed(found, rows, seed):
            chosen = np.zeros(len(pool), bool)
            chosen[places] = True
            pairs = pool.select(chosen)
            shares.setdefault(how, []).append(pairs.prevalence)
            scores = engine.similarity(pairs.left_texts, pairs.right_texts)
            fitted = fit_decision(scores, pairs, steady=True)
            cut = fit_cuts(scores, pairs.labels, DecisionConfig()).threshold
            runs.setdefault(f"{how}, fit", []).append(
                measured(graph, test.labels, before, fitted, cut)
            )
            refined = refine(engine.model, pairs)
            learned, unseen = Engine(refined.model), refined.added.after
            cut = fit_cuts(unseen.similarity, unseen.pairs.labels, DecisionConfig()).threshold
            similarity = learned.similarity(*sides)
            runs.setdefault(f"{how}, train", []).append(
                measured(graph, test.labels, similarity, learned.model.decision, cut)
            )
            if other:
                known.setdefault(f"{how}, train", []).append(ranked(learned, other))
            print(seed, how, {k: round(v.value, 4) for k, v in runs[f"{how}, train"][-1].items()})
    means = {
        name: {measure: over_seeds([run[measure] for run in each]) for measure in MEASURES}
        for name, each in runs.items()
    }
    against = {
        f"{how}: chosen less random": (f"chosen, {how}", f"random, {how}")
        for how in ("fit", "train")
    }
    against |= {f"{name} less no review": (name, "no review") for name in means if "," in name}
    return {
        "pool": {"pairs": len(pool), "prevalence": pool.prevalence},
        "test": {"pairs": len(test), "prevalence": test.prevalence},
        "share_of_same_among_reviewed": {how: float(np.mean(each)) for how, each in shares.items()},
        "figures": {name: plain(each) for name, each in means.items()},
        "gains": {
            name: plain({each: means[one][each] - means[two][each] for each in MEASURES})
            for name, (one, two) in against.items()
        },
        "log_loss_by_calibration": calibrations(engine, pool, test),
        "average_precision_on_natural_quora": {
            name: float(np.mean(each)) for name, each in known.items()
        },
    }


def calibrations(
    engine: Engine, pool: gemel.Pairs, test: gemel.Pairs
) -> dict[str, dict[str, float]]:
    """Fit probabilities to reviewed pairs as they are, and corrected for their being chosen.

    Returns:
        Mean log-loss on the test pairs, and its standard deviation over seeds.
    """
    found, rows = as_found(engine, pool)
    similarity = engine.similarity(test.left_texts, test.right_texts)
    everywhere = np.bincount(part_of(engine, found.pairs.similarity), minlength=10)
    losses: dict[str, list[float]] = {}

    def add(name: str, slope: float, intercept: float) -> None:
        odds = (slope * similarity + intercept).astype(np.float64)
        loss = np.logaddexp(0, odds) - test.labels * odds
        losses.setdefault(name, []).append(float(loss.mean()))

    for seed in range(2 * SEEDS):
        for how, places in reviewed(found, rows, seed):
            chosen = np.zeros(len(pool), bool)
            chosen[places] = True
            pairs = pool.select(chosen)
            scores = engine.similarity(pairs.left_texts, pairs.right_texts)
            add(how, *fit_calibration(scores, pairs.labels))
            if how == "chosen":
                add(
                    "chosen, with the share of the pool (--prevalence)",
                    *fit_calibration(scores, pairs.labels, pool.prevalence),
                )
                parts = part_of(engine, scores)
                weights = (everywhere / np.bincount(parts, minlength=10).clip(min=1))[parts]
                line = LogisticRegression(C=100).fit(
                    scores[:, None], pairs.labels, sample_weight=weights / weights.mean()
                )
                add(
                    "chosen, each weighed by the pairs it stands for",
                    float(line.coef_[0, 0]),
                    float(line.intercept_[0]),
                )
    return {
        name: {"mean": float(np.mean(each)), "deviation": float(np.std(each))}
        for name, each in losses.items()
    }


def part_of(engine: Engine, similarity: Any) -> NDArray[np.int64]:
    """Say in which tenth of the range of probability each similarity lies."""
    likely = engine.model.decision.probability(similarity)
    tenths: NDArray[np.int64] = (likely * 10).astype(np.int64).clip(max=9)
    return tenths


def ranked(engine: Engine, pairs: gemel.Pairs) -> float:
    """Give the average precision on pairs."""
    similarity = engine.similarity(pairs.left_texts, pairs.right_texts)
    return float(Ranking(similarity, pairs.labels).average_precision())


def plain(figures: Mapping[str, Sampled]) -> dict[str, dict[str, float]]:
    """Give figures as JSON has them."""
    return {name: vars(each.figure) for name, each in figures.items()}


def table(results: Mapping[str, Any]) -> str:
    """Lay the figures out, and below them what is gained."""
    rows = []
    for data, result in results.items():
        for name, figures in (result["figures"] | result["gains"]).items():
            sign = "+" if " less " in name else ""
            cells = [
                f"{100 * each['value']:{sign}.1f} ({100 * each['low']:{sign}.1f} to "
                f"{100 * each['high']:{sign}.1f})"
                for each in (figures[measure] for measure in MEASURES)
            ]
            rows.append([data, name, *cells])
    return markdown(["pairs", "reviewed", *MEASURES], rows)


def main() -> None:
    """Run it and write `results/review.json` and `.md`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--held-out", type=Path, required=True, help="pairs the model has not seen")
    parser.add_argument("--model", required=True, help="trained on the other part of the split")
    parser.add_argument("--banking", type=Path, required=True, help="what banking_pairs.py wrote")
    parser.add_argument("--natural", type=Path, help="Quora pairs, to see what is forgotten")
    options = parser.parse_args()
    held_out = gemel.read_pairs(options.held_out)
    parts = split_by_component(PairGraph.of(held_out), [POOL, 1 - POOL], 0).parts
    natural = gemel.read_pairs(options.natural) if options.natural else None
    results = {
        "Banking77": compare(
            gemel.load("quora-en"),
            gemel.read_pairs(options.banking / "train.csv"),
            gemel.read_pairs(options.banking / "test.csv"),
            natural,
        ),
        "held-out Quora": compare(
            gemel.load(options.model),
            held_out.select(parts == 0),
            held_out.select(parts == 1),
            natural,
        ),
    }
    settings = {"reviewed": REVIEWED, "seeds": SEEDS}
    write_result("review", "what 200 reviewed pairs gain", settings | {"results": results})
    write_table("review", table(results))


if __name__ == "__main__":
    main()
