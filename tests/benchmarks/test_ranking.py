import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ranking import MEASURES, figures, score_ranking

NUMBERS = st.lists(st.integers(0, 20), min_size=10, max_size=12, unique=True)


@given(NUMBERS, st.sets(st.integers(0, 20), min_size=1))
def test_scores_are_those_of_the_formulas(ranked, relevant):
    gains = [1 / math.log2(place + 2) for place, each in enumerate(ranked[:10]) if each in relevant]
    best = sum(1 / math.log2(place + 2) for place in range(min(10, len(relevant))))
    first = next((1 / (p + 1) for p, each in enumerate(ranked[:10]) if each in relevant), 0.0)
    found = sum(each in relevant for each in ranked[:10]) / len(relevant)
    assert score_ranking(ranked, relevant) == pytest.approx((sum(gains) / best, found, first))


def test_a_perfect_ranking_and_a_useless_one():
    assert score_ranking([3, 5, 9], {3, 5}) == pytest.approx((1, 1, 1))
    assert score_ranking([1, 2], {3}) == (0, 0, 0)


def test_intervals_hold_the_mean_and_groups_stay_together():
    random = np.random.default_rng(0)
    scores, groups = random.random((60, 3)), np.arange(60) // 3
    found = figures(scores, groups)
    assert list(found) == list(MEASURES)
    for each, figure in enumerate(found.values()):
        assert figure["value"] == pytest.approx(scores[:, each].mean())
        assert figure["low"] < figure["value"] < figure["high"]
    alike = figures(np.ones((60, 3)), groups)["mrr@10"]
    assert alike == {"value": 1, "low": 1, "high": 1}
