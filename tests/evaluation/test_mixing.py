"""How much of a second score pays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.evaluation import fit_share


def _pairs(count, first_noise, second_noise, seed=0):
    rng = np.random.default_rng(seed)
    labels = rng.random(count) < 0.4
    labels[:2] = True, False
    truth = np.where(labels, 0.5, -0.5)
    first, second = (
        truth + noise * rng.normal(size=count) for noise in (first_noise, second_noise)
    )
    return first, second, labels


def test_what_knows_more_gets_more():
    assert fit_share(*_pairs(3000, 0.3, 5)) < 0.1
    assert fit_share(*_pairs(3000, 5, 0.3)) > 0.9


def test_two_that_know_as_much_share_alike():
    assert fit_share(*_pairs(5000, 1, 1)) == pytest.approx(0.5, abs=0.07)


def test_few_pairs_leave_it_near_the_middle():
    few, many = fit_share(*_pairs(20, 0.8, 3)), fit_share(*_pairs(5000, 0.8, 3))
    assert many < few < 0.6


def test_a_second_score_that_agrees_leaves_it_in_the_middle():
    first, _, labels = _pairs(50, 1, 1)
    assert fit_share(first, first, labels) == pytest.approx(0.475)


@given(st.integers(0, 1000), st.integers(4, 60))
def test_it_is_a_share(seed, count):
    assert 0 <= fit_share(*_pairs(count, 1, 2, seed)) <= 0.95
