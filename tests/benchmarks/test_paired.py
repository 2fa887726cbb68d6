import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paired import HALVES, Sampled, by_halves, mean_of, resample

from gemel.data import PairGraph, Pairs
from gemel.evaluation import evaluate, judge_by_halves


def some_pairs(count=60, seed=0):
    """Pairs of two new questions each, and scores that know something."""
    random = np.random.default_rng(seed)
    labels = random.random(count) < 0.4
    pairs = Pairs.of([f"left {n}" for n in range(count)], [f"r {n}" for n in range(count)], labels)
    return pairs, np.clip(labels * 0.4 + random.normal(0, 0.3, count), -1, 1)


def test_figures_are_those_of_an_evaluation():
    pairs, scores = some_pairs()
    sampled = resample(*by_halves(pairs, scores), rounds=50)
    report = evaluate(judge_by_halves(pairs, lambda *_: scores), rounds=50)
    assert tuple(sampled) == HALVES
    for name in ("accuracy", "f1", "average_precision", "ece"):
        assert sampled[name].figure == report.figures[name]


def test_possible_f1_is_the_best_of_all_thresholds():
    pairs, scores = some_pairs()
    f1 = [
        2 * np.sum((scores >= cut) & pairs.labels) / (np.sum(scores >= cut) + pairs.labels.sum())
        for cut in scores
    ]
    sampled = resample(*by_halves(pairs, scores), rounds=20)
    assert sampled["f1_possible"].value == pytest.approx(max(f1))
    assert (sampled["f1_possible"].drawn >= sampled["f1_fitted"].drawn - 1e-12).all()


def test_a_scorer_gains_nothing_over_itself_and_a_better_one_always_does():
    pairs, scores = some_pairs()
    same = [resample(*by_halves(pairs, scores), rounds=30)["accuracy"] for _ in range(2)]
    assert not (same[0] - same[1]).drawn.any()
    perfect = resample(*by_halves(pairs, np.where(pairs.labels, 0.9, 0.1)), rounds=30)["accuracy"]
    gain = (perfect - same[0]).figure
    # Paired: each resample is easy or hard for both, and 1 - accuracy is all there is to gain.
    assert gain.value == 1 - same[0].value
    assert gain.low == pytest.approx(1 - same[0].figure.high)


def test_resamples_are_of_components():
    left = ["a"] * 3 + [f"q{n}" for n in range(117)]
    right = [f"b{n}" for n in range(120)]
    graph = PairGraph.of(Pairs.of(left, right, [True] * 120))
    drawn = []
    resample(graph, lambda weights: drawn.append(weights) or {}, rounds=40)
    assert all(len(set(weights[:3])) == 1 for weights in drawn)


values = st.lists(st.floats(0, 1), min_size=3, max_size=3)


@given(st.lists(values, min_size=1, max_size=4))
def test_mean_over_models_resample_by_resample(rows):
    mean = mean_of([Sampled(row[0], np.array(row)) for row in rows])
    assert mean.value == pytest.approx(sum(row[0] for row in rows) / len(rows))
    assert mean.drawn == pytest.approx(
        [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    )
