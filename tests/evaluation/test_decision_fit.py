import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gemel.config import DecisionConfig
from gemel.data import Pairs, QuestionPair
from gemel.decision import Evidence
from gemel.errors import DataError
from gemel.evaluation import fit_calibration, fit_cuts, fit_decision


def pairs_of(labels):
    return Pairs.collect(QuestionPair(f"q{n}", "r", bool(y), n) for n, y in enumerate(labels))


@st.composite
def scored(draw):
    """Scores and labels, of which both occur."""
    rows = draw(st.lists(st.tuples(st.floats(-1, 1, width=32), st.booleans()), min_size=2))
    scores, labels = zip(*rows, strict=True)
    return np.array(scores, np.float32), np.array([True, False, *labels[2:]])


@pytest.mark.parametrize("labels", [[], [1, 1], [0]])
def test_one_label_fits_nothing(labels):
    with pytest.raises(DataError, match="pairs to fit a decision on"):
        fit_decision(np.zeros(len(labels)), pairs_of(labels))


@given(scored())
def test_a_decision_keeps_what_it_was_fitted_on_as_counts(data):
    scores, labels = data
    decision = fit_decision(scores, pairs_of(labels))
    assert decision.evidence == Evidence.of(scores, labels)


@given(scored(), st.sampled_from([0.0, 0.3]))
def test_a_steady_cut_is_where_both_are_as_likely(data, prevalence):
    scores, labels = data
    settings = DecisionConfig(prevalence=prevalence)
    plain = fit_decision(scores, pairs_of(labels), settings)
    steady = fit_decision(scores, pairs_of(labels), settings, steady=True)
    assert (steady.slope, steady.intercept) == (plain.slope, plain.intercept)
    if steady.slope <= 0:
        assert steady.threshold == plain.threshold
        return
    assert -1 <= steady.threshold <= 1
    if -1 < steady.threshold < 1:
        assert steady.probability(np.array([steady.threshold])) == pytest.approx(0.5, abs=1e-6)


def test_a_steady_cut_is_for_accuracy_alone():
    scores, labels = np.array([0.1, 0.2, 0.4, 0.9], np.float32), [0, 1, 0, 1]
    for objective in ("f1", "precision", "costs"):
        settings = DecisionConfig(objective=objective)
        plain = fit_decision(scores, pairs_of(labels), settings)
        assert fit_decision(scores, pairs_of(labels), settings, steady=True) == plain


@given(scored())
@example((np.array([0, 1e-6], np.float32), np.array([True, False])))  # as good as flat
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
        assert loss(slope, intercept) <= loss(slope + step, intercept) + 1e-7
        assert loss(slope, intercept) <= loss(slope, intercept + step) + 1e-7


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


@given(scored(), st.integers(2, 5))
def test_a_prevalence_calibrates_as_if_pairs_were_repeated(data, times):
    scores, labels = data
    copies = np.where(labels, times, 1)
    prevalence = float(np.repeat(labels, copies).mean())
    slope, intercept = fit_calibration(scores, labels, prevalence)
    assert np.isfinite([slope, intercept]).all()
    weights = copies * len(labels) / copies.sum()
    positives, negatives = labels.sum(), (~labels).sum()
    target = np.where(labels, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(slope, intercept):
        odds = slope * scores.astype(float) + intercept
        return (weights * (np.logaddexp(0, odds) - target * odds)).sum()

    for step in (0.01, -0.01):
        assert loss(slope, intercept) <= loss(slope + step, intercept) + 1e-7
        assert loss(slope, intercept) <= loss(slope, intercept + step) + 1e-7


def test_a_prevalence_moves_the_odds_and_not_the_slope():
    random = np.random.default_rng(0)
    scores = random.uniform(-1, 1, 50_000)
    labels = random.random(50_000) < 1 / (1 + np.exp(-6 * scores))
    slope, intercept = fit_calibration(scores, labels, prevalence=0.1)
    assert slope == pytest.approx(6, abs=0.2)
    assert intercept == pytest.approx(np.log(0.1 / 0.9), abs=0.1)


@pytest.mark.parametrize("settings", [DecisionConfig(objective="costs", prevalence=0.2), None])
def test_a_decision_keeps_how_it_came_about(settings):
    labels = np.array([True, False, True, False, False, False])
    scores = np.array([0.9, 0.8, 0.4, 0.3, 0.2, 0.1], np.float32)
    pairs = pairs_of(labels)
    decision = fit_decision(scores, pairs, settings)
    given = settings or DecisionConfig()
    cuts = fit_cuts(scores, labels, given)
    assert (decision.lower, decision.threshold) == (cuts.lower, cuts.threshold)
    assert decision.upper == cuts.upper
    calibration = fit_calibration(scores, labels, given.prevalence)
    assert (decision.slope, decision.intercept) == calibration
    assert (decision.settings, decision.pairs, decision.data) == (given, 6, pairs.digest)
    assert decision.prevalence == pytest.approx(given.prevalence or 1 / 3)


def test_a_question_asks_the_same_as_itself_whatever_was_fitted():
    scores = np.array([1.0, 1.0, 0.5], np.float32)
    for objective in ("accuracy", "precision", "costs"):
        decision = fit_decision(
            scores, pairs_of([False, False, True]), DecisionConfig(objective=objective)
        )
        assert decision.upper <= 1
