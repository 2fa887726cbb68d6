import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from gemel.evaluation import BINS, Probabilities

numbers = st.sampled_from([0.0, 0.1, 0.3, 0.7, 0.95, 1.0]) | st.floats(0, 1)


@st.composite
def weighed(draw):
    rows = draw(
        st.lists(st.tuples(numbers, st.booleans(), st.integers(0, 3)), min_size=2, max_size=20)
    )
    probability, labels, weights = (np.array(column) for column in zip(*rows, strict=True))
    labels[0], labels[1] = True, False
    weights[:2] = 1
    return probability, labels, weights.astype(float)


@given(weighed())
def test_log_loss_and_brier_are_as_in_scikit_learn(data):
    probability, labels, weights = data
    ours = Probabilities(probability, labels)
    kept = probability.clip(1e-12, 1 - 1e-12)
    assert ours.log_loss(weights) == pytest.approx(
        sklearn.metrics.log_loss(labels, kept, sample_weight=weights)
    )
    assert ours.brier(weights) == pytest.approx(
        sklearn.metrics.brier_score_loss(labels, probability, sample_weight=weights)
    )


@given(weighed())
def test_calibration_by_a_slow_loop(data):
    probability, labels, weights = data
    ours = Probabilities(probability, labels)
    error = 0.0
    for number, found in enumerate(ours.bins(weights)):
        low, high = number / BINS, (number + 1) / BINS
        rows = [
            row
            for row, p in enumerate(probability)
            if int(p * BINS) == number or (number == BINS - 1 and p == 1)
        ]
        total = sum(weights[row] for row in rows)
        assert (found.low, found.high, found.weight) == (low, high, total)
        if not total:
            assert np.isnan([found.promised, found.found]).all()
            continue
        promised = sum(weights[row] * probability[row] for row in rows) / total
        right = sum(weights[row] * labels[row] for row in rows) / total
        assert (found.promised, found.found) == pytest.approx((promised, right))
        error += total * abs(promised - right)
    assert ours.ece(weights) == pytest.approx(error / weights.sum(), abs=1e-12)


def test_what_is_predicted_without_doubt_and_wrong_costs_much_but_not_all():
    ours = Probabilities(np.array([0.0, 1.0]), np.array([True, False]))
    assert ours.log_loss(np.ones(2)) == pytest.approx(-np.log(1e-12), rel=1e-4)
