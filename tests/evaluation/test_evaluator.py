import numpy as np
import pytest

from gemel.config import DecisionConfig
from gemel.data import PairGraph, Pairs, QuestionPair, hold_out
from gemel.decision import ANSWERS
from gemel.errors import DataError
from gemel.evaluation import Figure, evaluate, fit_decision, judge, judge_by_halves

FIGURES = [
    *("accuracy", "precision", "recall", "f1", "mcc", "average_precision", "roc_auc"),
    *("log_loss", "brier", "ece"),
]


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
JUDGED = judge(PAIRS, scorer_of(PAIRS), decision_on(OTHERS))


def test_report_of_a_stored_decision():
    decision, score = decision_on(OTHERS), scorer_of(PAIRS)
    report = evaluate(judge(PAIRS, score, decision), rounds=100)
    verdicts = decision.is_duplicate(score(PAIRS.left_texts, PAIRS.right_texts))
    assert (report.data, report.pairs, report.prevalence) == ("pairs", 300, PAIRS.prevalence)
    assert report.thresholds == (decision.threshold,)
    assert report.protocol == "stored in the model, best for accuracy"
    assert list(report.figures) == FIGURES
    assert report.figures["accuracy"].value == pytest.approx((verdicts == PAIRS.labels).mean())
    assert report.confusion.true_positives == (verdicts & PAIRS.labels).sum()


def test_intervals_hold_the_value_and_narrow_with_more_pairs():
    widths = []
    for count in (100, 3000):
        pairs = pairs_of(count)
        report = evaluate(judge(pairs, scorer_of(pairs), decision_on(OTHERS)), rounds=200)
        for figure in report.figures.values():
            assert figure.low < figure.value < figure.high
        accuracy = report.figures["accuracy"]
        widths.append(accuracy.high - accuracy.low)
    deviation = np.sqrt(accuracy.value * (1 - accuracy.value) / count)
    assert widths[1] == pytest.approx(2 * 1.96 * deviation, rel=0.25)
    assert widths[0] > 3 * widths[1]


def test_a_seed_repeats_the_intervals():
    def figures(seed):
        return evaluate(JUDGED, rounds=50, seed=seed).figures

    assert figures(3) == figures(3)
    assert figures(3) != figures(4)


def test_a_perfect_scorer():
    report = evaluate(judge_by_halves(PAIRS, scorer_of(PAIRS, noise=0.0)), rounds=10)
    perfect = {name: report.figures[name].value for name in FIGURES[:7]}
    assert set(perfect.values()) == {1.0}
    assert all(report.figures[name].value < 0.05 for name in FIGURES[7:])
    assert report.false_positives == report.false_negatives == ()
    assert report.thresholds == (0.5, 0.5)


@pytest.mark.parametrize("label", [True, False])
def test_one_label_is_refused(label):
    pairs = PAIRS.select(PAIRS.labels == label)
    with pytest.raises(DataError, match="both labels, 0 and 1, are needed"):
        judge(pairs, scorer_of(PAIRS), decision_on(OTHERS))
    with pytest.raises(DataError, match="both labels, 0 and 1, are needed"):
        judge_by_halves(pairs, scorer_of(PAIRS))


@pytest.mark.parametrize("objective", ["accuracy", "f1"])
def test_each_half_is_judged_by_the_threshold_of_the_other(objective):
    score = scorer_of(PAIRS)
    settings = DecisionConfig(objective=objective)
    report = evaluate(judge_by_halves(PAIRS, score, settings, seed=5), rounds=10)
    scores = score(PAIRS.left_texts, PAIRS.right_texts)
    half = hold_out(PairGraph.of(PAIRS), 0.5, 5).parts == 0
    first, second = (
        fit_decision(scores[rows], PAIRS.select(rows), settings).threshold for rows in (~half, half)
    )
    assert report.thresholds == (first, second)
    right = np.where(half, scores >= first, scores >= second) == PAIRS.labels
    assert report.figures["accuracy"].value == pytest.approx(right.mean())
    assert objective in report.protocol


def test_a_half_of_one_label_is_refused():
    pairs = Pairs.collect([QuestionPair("a", "b", True, 1), QuestionPair("c", "d", False, 2)])
    with pytest.raises(DataError, match=r"pairs of one half are all .*both labels"):
        judge_by_halves(pairs, scorer_of(pairs))


def test_probabilities_of_a_half_are_calibrated_on_the_other():
    score = scorer_of(PAIRS)
    judged = judge_by_halves(PAIRS, score, seed=5)
    half = hold_out(PairGraph.of(PAIRS), 0.5, 5).parts == 0
    for decision, rows in zip(judged.decisions, (half, ~half), strict=True):
        expected = decision.probability(judged.similarity[rows])
        np.testing.assert_array_equal(judged.probability[rows], expected)
        assert decision.data == PAIRS.select(~rows).digest


def test_the_worst_mistakes_come_first():
    report = evaluate(JUDGED, rounds=2)
    lines = {int(line): row for row, line in enumerate(PAIRS.lines)}
    for mistakes, called, sign in (
        (report.false_positives, True, -1),
        (report.false_negatives, False, 1),
    ):
        rows = [lines[mistake.line] for mistake in mistakes]
        assert all(JUDGED.verdicts[row] == called != PAIRS.labels[row] for row in rows)
        assert [mistake.similarity for mistake in mistakes] == JUDGED.similarity[rows].tolist()
        order = sign * JUDGED.similarity[rows]
        assert (np.diff(order) >= 0).all()
        others = (JUDGED.verdicts == called) & (PAIRS.labels != called)
        others[rows] = False
        assert len(rows) == 20 or not others.any()
        assert (sign * JUDGED.similarity[others] >= order.max()).all()
        assert [mistake.left for mistake in mistakes] == [PAIRS.left_texts[row] for row in rows]


def test_the_answers_are_counted():
    settings = DecisionConfig(objective="costs", review_cost=0.1)
    decision = fit_decision(JUDGED.similarity, PAIRS, settings)
    judged = judge(PAIRS, scorer_of(PAIRS), decision)
    shares = evaluate(judged, rounds=2).answers
    assert [share.answer for share in shares] == list(ANSWERS)
    for place, share in enumerate(shares):
        rows = judged.answers == place
        assert share.pairs == rows.sum()
        assert share.share == pytest.approx(rows.mean())
        assert share.prevalence == pytest.approx(PAIRS.labels[rows].mean())
    assert shares[1].pairs > 0


def test_a_prevalence_weighs_as_if_pairs_were_repeated():
    copies = np.where(PAIRS.labels, 3, 1)
    rows = np.repeat(np.arange(len(PAIRS)), copies)
    more = Pairs.collect(
        QuestionPair(PAIRS.left_texts[row], PAIRS.right_texts[row], bool(PAIRS.labels[row]), 1)
        for row in rows
    )
    decision = decision_on(OTHERS)
    plain = evaluate(judge(more, scorer_of(PAIRS), decision), rounds=2)
    weighed = evaluate(
        judge(PAIRS, scorer_of(PAIRS), decision, prevalence=more.prevalence), rounds=2
    )
    for name in FIGURES:
        assert weighed.figures[name].value == pytest.approx(plain.figures[name].value), name
    assert (weighed.prevalence, weighed.weighed_as) == (PAIRS.prevalence, more.prevalence)


def test_another_scorer_is_measured_on_the_same_pairs_and_resamples():
    rival = scorer_of(PAIRS, noise=2.0)
    scores = {"rival": rival(PAIRS.left_texts, PAIRS.right_texts), "twin": JUDGED.similarity}
    report = evaluate(JUDGED, baselines=scores, rounds=50)
    alone = evaluate(judge(PAIRS, rival, decision_on(OTHERS)), rounds=50)
    first, twin = report.baselines
    assert (first.name, twin.name) == ("rival", "twin")
    for name, figure in first.figures.items():
        assert figure == alone.figures[name]
        gain = first.gains[name]
        assert gain.value == report.figures[name].value - figure.value
        assert 0 < gain.low < gain.value < gain.high
        assert twin.gains[name] == Figure(value=0.0, low=0.0, high=0.0)
    assert report.figures == evaluate(JUDGED, rounds=50).figures


def test_halves_are_fitted_for_the_prevalence_that_they_are_weighed_as():
    stored = DecisionConfig(prevalence=0.9)
    judged = judge_by_halves(PAIRS, scorer_of(PAIRS), stored, prevalence=0.1, seed=5)
    half = hold_out(PairGraph.of(PAIRS), 0.5, 5).parts == 0
    wanted = DecisionConfig(prevalence=0.1)
    expected = tuple(
        fit_decision(judged.similarity[rows], PAIRS.select(rows), wanted) for rows in (~half, half)
    )
    assert judged.decisions == expected
    own = judge_by_halves(PAIRS, scorer_of(PAIRS), stored)
    assert [each.settings.prevalence for each in own.decisions] == [0, 0]


@pytest.mark.parametrize("prevalence", [-0.1, 1.0, float("nan")])
def test_what_is_no_share_is_no_prevalence(prevalence):
    judged = judge(PAIRS, scorer_of(PAIRS), decision_on(OTHERS), prevalence=prevalence)
    with pytest.raises(ValueError, match="prevalence must be"):
        evaluate(judged, rounds=1)


def test_an_interval_takes_a_resample():
    with pytest.raises(
        ValueError, match="rounds must be a whole number from 1 to 1,000,000, not 0"
    ):
        evaluate(JUDGED, rounds=0)


def test_in_every_resample_duplicates_weigh_what_is_wanted():
    judged = judge(PAIRS, scorer_of(PAIRS), decision_on(OTHERS), prevalence=0.1)
    random = np.random.default_rng(0)
    for _ in range(5):
        times = random.integers(0, 4, len(PAIRS)).astype(float)
        weights = judged.weigh(times)
        assert weights[PAIRS.labels].sum() / weights.sum() == pytest.approx(0.1)
        assert weights.sum() == pytest.approx(times.sum())
        assert ((weights > 0) == (times > 0)).all()
    one_label = np.where(PAIRS.labels, 1.0, 0.0)
    np.testing.assert_array_equal(judged.weigh(one_label), one_label)
