import numpy as np
import pytest

from gemel.data import PairGraph, Pairs, QuestionPair, hold_out
from gemel.errors import DataError
from gemel.evaluation import evaluate, evaluate_by_halves, fit_decision

FIGURES = ["accuracy", "precision", "recall", "f1", "average_precision", "roc_auc"]


def pairs_of(count, seed=0):
    """Pairs of unrelated questions, a third duplicates."""
    labels = np.random.default_rng(seed).random(count) < 1 / 3
    return Pairs.collect(
        QuestionPair(f"left {seed} {n}", f"right {seed} {n}", bool(label), n + 2)
        for n, label in enumerate(labels)
    )


def scorer_of(pairs, noise=0.5):
    """Scores that know the labels, more or less."""
    scores = pairs.labels + noise * np.random.default_rng(7).normal(size=len(pairs))
    known = {
        (left, right): score
        for left, right, score in zip(pairs.left_texts, pairs.right_texts, scores, strict=True)
    }
    return lambda left, right: np.array([known[pair] for pair in zip(left, right, strict=True)])


def decision_on(pairs):
    return fit_decision(scorer_of(pairs)(pairs.left_texts, pairs.right_texts), pairs)


PAIRS, OTHERS = pairs_of(300), pairs_of(200, seed=1)


def test_report_of_a_stored_decision():
    decision, score = decision_on(OTHERS), scorer_of(PAIRS)
    report = evaluate(PAIRS, score, decision, rounds=100)
    verdicts = decision.is_duplicate(score(PAIRS.left_texts, PAIRS.right_texts))
    assert (report.data, report.pairs, report.prevalence) == ("pairs", 300, PAIRS.prevalence)
    assert report.thresholds == (decision.threshold,)
    assert report.protocol == "threshold stored in the model, best for accuracy"
    assert list(report.figures) == FIGURES
    assert report.figures["accuracy"].value == pytest.approx((verdicts == PAIRS.labels).mean())
    assert report.confusion.true_positives == (verdicts & PAIRS.labels).sum()


def test_intervals_hold_the_value_and_narrow_with_more_pairs():
    widths = []
    for count in (100, 3000):
        pairs = pairs_of(count)
        report = evaluate(pairs, scorer_of(pairs), decision_on(OTHERS), rounds=200)
        for figure in report.figures.values():
            assert figure.low < figure.value < figure.high
        accuracy = report.figures["accuracy"]
        widths.append(accuracy.high - accuracy.low)
    deviation = np.sqrt(accuracy.value * (1 - accuracy.value) / count)
    assert widths[1] == pytest.approx(2 * 1.96 * deviation, rel=0.25)
    assert widths[0] > 3 * widths[1]


def test_a_seed_repeats_the_intervals():
    def figures(seed):
        return evaluate(PAIRS, scorer_of(PAIRS), decision_on(OTHERS), rounds=50, seed=seed).figures

    assert figures(3) == figures(3)
    assert figures(3) != figures(4)


def test_a_perfect_scorer():
    report = evaluate_by_halves(PAIRS, scorer_of(PAIRS, noise=0.0), rounds=10)
    assert {figure.value for figure in report.figures.values()} == {1.0}
    assert report.thresholds == (0.5, 0.5)


@pytest.mark.parametrize("label", [True, False])
def test_one_label_is_refused(label):
    pairs = PAIRS.select(PAIRS.labels == label)
    with pytest.raises(DataError, match="both labels, 0 and 1, are needed"):
        evaluate(pairs, scorer_of(PAIRS), decision_on(OTHERS))
    with pytest.raises(DataError, match="both labels, 0 and 1, are needed"):
        evaluate_by_halves(pairs, scorer_of(PAIRS))


@pytest.mark.parametrize("objective", ["accuracy", "f1"])
def test_each_half_is_judged_by_the_threshold_of_the_other(objective):
    score = scorer_of(PAIRS)
    report = evaluate_by_halves(PAIRS, score, objective=objective, rounds=10, seed=5)
    scores = score(PAIRS.left_texts, PAIRS.right_texts)
    half = hold_out(PairGraph.of(PAIRS), 0.5, 5).parts == 0
    first, second = (
        fit_decision(scores[rows], PAIRS.select(rows), objective).threshold
        for rows in (~half, half)
    )
    assert report.thresholds == (first, second)
    right = np.where(half, scores >= first, scores >= second) == PAIRS.labels
    assert report.figures["accuracy"].value == pytest.approx(right.mean())
    assert objective in report.protocol


def test_a_half_of_one_label_is_refused():
    pairs = Pairs.collect([QuestionPair("a", "b", True, 1), QuestionPair("c", "d", False, 2)])
    with pytest.raises(DataError, match=r"pairs of one half are all .*both labels"):
        evaluate_by_halves(pairs, scorer_of(pairs))
