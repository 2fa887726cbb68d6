import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.config import OBJECTIVES
from gemel.data import Pairs, QuestionPair
from gemel.errors import DataError
from gemel.evaluation import (
    count_confusion,
    fit_calibration,
    fit_decision,
    fit_threshold,
)

NEXT = np.nextafter(np.float32(0.5), np.float32(1))  # nothing lies between it and 0.5


@st.composite
def scored(draw, kinds=(np.float32, np.float64)):
    """Scores with ties and with neighbours that no number lies between; both labels."""
    score = st.sampled_from([-1.0, 0.0, 0.5, float(NEXT), 0.75, 1.0]) | st.floats(-1, 1, width=32)
    rows = draw(st.lists(st.tuples(score, st.booleans()), min_size=2, max_size=14))
    scores, labels = zip(*rows, strict=True)
    labels = np.array([True, False, *labels[2:]])
    return np.array(scores, draw(st.sampled_from(kinds))), labels


def quality(verdicts, labels, objective):
    return getattr(count_confusion(verdicts, labels), objective)


@given(scored(), st.sampled_from(OBJECTIVES))
def test_no_cut_is_better_than_the_threshold(data, objective):
    scores, labels = data
    verdicts = scores >= fit_threshold(scores, labels, objective)
    best = max(quality(scores >= cut, labels, objective) for cut in [*scores, np.inf])
    assert quality(verdicts, labels, objective) == best


@given(scored(), st.sampled_from(OBJECTIVES))
def test_of_equally_good_cuts_the_highest_is_taken(data, objective):
    scores, labels = data
    threshold = fit_threshold(scores, labels, objective)
    best = quality(scores >= threshold, labels, objective)
    higher = [
        cut
        for cut in [*scores, np.inf]
        if cut > threshold and (scores >= cut).sum() < (scores >= threshold).sum()
    ]
    assert all(quality(scores >= cut, labels, objective) < best for cut in higher)


@given(scored(), st.sampled_from(OBJECTIVES))
def test_the_threshold_lies_between_scores_and_ties_stay_together(data, objective):
    scores, labels = data
    threshold = fit_threshold(scores, labels, objective)
    verdicts = scores >= threshold
    for score in scores:
        assert len(set(verdicts[scores == score])) == 1
    above, below = scores[verdicts], scores[~verdicts]
    if len(above) and len(below):
        middle = (float(above.min()) + float(below.max())) / 2
        assert below.max() < threshold <= above.min()
        assert threshold == pytest.approx(middle, abs=1e-7)


@given(scored(kinds=(np.float32,)), st.sampled_from(OBJECTIVES))
def test_float32_and_float64_scores_are_judged_alike(data, objective):
    scores, labels = data
    threshold = fit_threshold(scores, labels, objective)
    np.testing.assert_array_equal(
        scores.astype(np.float32) >= threshold, scores.astype(np.float64) >= threshold
    )


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_neighbours_that_nothing_lies_between(kind):
    # both orders: rounding the middle to even goes up in one pair and down in the other
    for lower in (kind(0.5), np.nextafter(kind(0.5), kind(1))):
        scores = np.array([lower, np.nextafter(lower, kind(1))])
        threshold = fit_threshold(scores, np.array([False, True]))
        assert (scores >= threshold).tolist() == [False, True]


def test_nothing_is_called_a_duplicate_where_that_is_best():
    scores = np.array([0.9, 0.8, 0.7, 1.0], np.float32)
    labels = np.array([False, True, False, False])
    assert not (scores >= fit_threshold(scores, labels)).any()


def test_all_are_called_duplicates_where_that_is_best():
    scores = np.array([0.9, 0.8, -1.0], np.float32)
    labels = np.array([True, False, True])
    assert (scores >= fit_threshold(scores, labels, "f1")).all()


def test_unknown_objective():
    with pytest.raises(ValueError, match="objective must be one of accuracy, f1, not 'f2'"):
        fit_threshold(np.array([0.1, 0.2]), np.array([True, False]), "f2")


@pytest.mark.parametrize("fit", [fit_threshold, fit_calibration])
@pytest.mark.parametrize(
    ("labels", "found"),
    [([], "0 there are only none"), ([1, 1], "only duplicates"), ([0], "only non-duplicates")],
)
def test_one_label_fits_nothing(fit, labels, found):
    with pytest.raises(DataError, match=f"pairs of both labels.*{found}"):
        fit(np.zeros(len(labels)), np.array(labels, bool))


@given(scored())
def test_calibration_is_of_maximum_likelihood(data):
    scores, labels = data
    slope, intercept = fit_calibration(scores, labels)
    assert np.isfinite([slope, intercept]).all()
    positives, negatives = labels.sum(), (~labels).sum()
    target = np.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(slope, intercept):
        odds = slope * scores.astype(float) + intercept
        return (np.logaddexp(0, odds) - target * odds).sum()

    for step in (0.01, -0.01):
        assert loss(slope, intercept) <= loss(slope + step, intercept) + 1e-9
        assert loss(slope, intercept) <= loss(slope, intercept + step) + 1e-9


@given(
    st.lists(st.floats(0.5, 1, width=32), min_size=1, max_size=20),
    st.lists(st.floats(-1, 0.375, width=32), min_size=1, max_size=20),
)
def test_calibration_of_separable_pairs_is_finite_and_rises(duplicates, others):
    scores = np.array(duplicates + others, np.float32)
    labels = np.arange(len(scores)) < len(duplicates)
    slope, intercept = fit_calibration(scores, labels)
    assert slope > 0
    assert np.isfinite([slope, intercept]).all()
    likely = 1 / (1 + np.exp(-(slope * scores + intercept)))
    assert likely[labels].min() > likely[~labels].max()
    assert ((likely > 0) & (likely < 1)).all()


def test_calibration_finds_the_probability_again():
    random = np.random.default_rng(0)
    scores = random.uniform(-1, 1, 50_000)
    labels = random.random(50_000) < 1 / (1 + np.exp(-(6 * scores - 2)))
    assert fit_calibration(scores, labels) == pytest.approx((6, -2), abs=0.15)


def test_calibration_of_scores_that_say_nothing_is_the_prevalence():
    slope, intercept = fit_calibration(np.full(400, 0.5), np.arange(400) < 100)
    assert 1 / (1 + np.exp(-(0.5 * slope + intercept))) == pytest.approx(0.25, abs=0.01)


def test_a_decision_keeps_how_it_came_about():
    pairs = Pairs.collect(QuestionPair(f"q{n}", "r", n < 2, n) for n in range(6))
    scores = np.array([0.9, 0.8, 0.4, 0.3, 0.2, 0.1], np.float32)
    decision = fit_decision(scores, pairs, "f1")
    assert decision.is_duplicate(scores).tolist() == pairs.labels.tolist()
    assert decision.threshold == pytest.approx(0.6)
    assert (decision.slope, decision.intercept) == fit_calibration(scores, pairs.labels)
    assert (decision.objective, decision.pairs, decision.data) == ("f1", 6, pairs.digest)
    assert decision.prevalence == pytest.approx(1 / 3)
