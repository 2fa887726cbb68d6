import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.config import DecisionConfig
from gemel.evaluation import count_confusion, fit_cuts

NEXT = np.nextafter(np.float32(0.5), np.float32(1))  # nothing lies between it and 0.5
YES_OR_NO = st.sampled_from(["accuracy", "f1"])


@st.composite
def scored(draw, kinds=(np.float32, np.float64)):
    """Scores with ties and with neighbours that no number is between; both labels."""
    score = st.sampled_from([-1.0, 0.0, 0.5, float(NEXT), 0.75, 1.0]) | st.floats(-1, 1, width=32)
    rows = draw(st.lists(st.tuples(score, st.booleans()), min_size=2, max_size=14))
    scores, labels = zip(*rows, strict=True)
    labels = np.array([True, False, *labels[2:]])
    return np.array(scores, draw(st.sampled_from(kinds))), labels


def cuts_for(data, objective="accuracy", **settings):
    return fit_cuts(*data, DecisionConfig(objective=objective, **settings))


def quality(verdicts, labels, objective):
    return getattr(count_confusion(verdicts, labels), objective)


@given(scored(), YES_OR_NO)
def test_no_cut_is_better_than_the_threshold(data, objective):
    scores, labels = data
    verdicts = scores >= cuts_for(data, objective).threshold
    best = max(quality(scores >= cut, labels, objective) for cut in [*scores, np.inf])
    assert quality(verdicts, labels, objective) == best


@given(scored(), YES_OR_NO)
def test_of_equally_good_cuts_the_highest_is_taken(data, objective):
    scores, labels = data
    threshold = cuts_for(data, objective).threshold
    best = quality(scores >= threshold, labels, objective)
    higher = [
        cut
        for cut in [*scores, np.inf]
        if cut > threshold and (scores >= cut).sum() < (scores >= threshold).sum()
    ]
    assert all(quality(scores >= cut, labels, objective) < best for cut in higher)


@given(scored(), YES_OR_NO)
def test_yes_or_no_asks_no_one(data, objective):
    cuts = cuts_for(data, objective)
    assert cuts.lower == cuts.threshold == cuts.upper


@given(scored(), st.sampled_from(["accuracy", "f1", "precision", "costs"]))
def test_every_cut_is_between_scores_and_ties_stay_together(data, objective):
    scores, _ = data
    cuts = cuts_for(data, objective)
    assert cuts.lower <= cuts.threshold <= cuts.upper
    for cut in (cuts.lower, cuts.threshold, cuts.upper):
        reached = scores >= cut
        for score in scores:
            assert len(set(reached[scores == score])) == 1
        above, below = scores[reached], scores[~reached]
        if len(above) and len(below):
            middle = (float(above.min()) + float(below.max())) / 2
            assert below.max() < cut <= above.min()
            assert cut == pytest.approx(middle, abs=1e-7)


@given(scored(kinds=(np.float32,)), YES_OR_NO)
def test_float32_and_float64_scores_are_judged_alike(data, objective):
    scores, _ = data
    threshold = cuts_for(data, objective).threshold
    np.testing.assert_array_equal(
        scores.astype(np.float32) >= threshold, scores.astype(np.float64) >= threshold
    )


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_neighbours_that_nothing_is_between(kind):
    # both orders: rounding the middle to even goes up in one pair and down in the other
    for lower in (kind(0.5), np.nextafter(kind(0.5), kind(1))):
        scores = np.array([lower, np.nextafter(lower, kind(1))])
        threshold = cuts_for((scores, np.array([False, True]))).threshold
        assert (scores >= threshold).tolist() == [False, True]


def test_nothing_is_called_a_duplicate_where_that_is_best():
    scores = np.array([0.9, 0.8, 0.7, 1.0], np.float32)
    labels = np.array([False, True, False, False])
    assert not (scores >= cuts_for((scores, labels)).threshold).any()


def test_all_are_called_duplicates_where_that_is_best():
    scores = np.array([0.9, 0.8, -1.0], np.float32)
    labels = np.array([True, False, True])
    assert (scores >= cuts_for((scores, labels), "f1").threshold).all()


def every_cut(scores):
    return [*sorted(set(scores.tolist())), np.inf]


@given(scored(), st.sampled_from([0.5, 2 / 3, 0.75, 0.9, 1.0]))
def test_a_wanted_precision_is_reached_with_the_most_recall(data, precision):
    scores, labels = data
    cuts = cuts_for(data, "precision", precision=precision)
    called = scores >= cuts.upper
    assert not called.any() or labels[called].mean() >= precision
    for cut in every_cut(scores):
        if (scores >= cut).any() and labels[scores >= cut].mean() >= precision:
            assert labels[called].sum() >= labels[scores >= cut].sum()
    assert cuts.threshold == cuts.upper


@given(scored(), st.sampled_from([0.5, 2 / 3, 0.75, 0.9, 1.0]))
def test_what_is_called_not_the_same_has_it_too_and_is_the_most(data, precision):
    scores, labels = data
    cuts = cuts_for(data, "precision", precision=precision)
    refused = scores < cuts.lower
    assert not refused.any() or (~labels[refused]).mean() >= precision
    for cut in every_cut(scores):
        below = scores < cut
        if (below & (scores < cuts.upper) == below).all() and below.any():
            assert (~labels[below]).mean() < precision or below.sum() <= refused.sum()


def spent(scores, labels, lower, upper, costs):
    false_positive, false_negative, review = costs
    return (
        false_positive * (~labels & (scores >= upper)).sum()
        + false_negative * (labels & (scores < lower)).sum()
        + review * ((scores >= lower) & (scores < upper)).sum()
    )


@given(scored(), st.tuples(*[st.sampled_from([0.25, 0.5, 1.0, 4.0])] * 3))
def test_no_other_cuts_cost_less(data, costs):
    scores, labels = data
    cuts = cuts_for(
        data,
        "costs",
        false_positive_cost=costs[0],
        false_negative_cost=costs[1],
        review_cost=costs[2],
    )
    least = spent(scores, labels, cuts.lower, cuts.upper, costs)
    for lower, upper in itertools.product(every_cut(scores), repeat=2):
        assert lower > upper or least <= spent(scores, labels, lower, upper, costs)
    inside = [cut for cut in every_cut(scores) if cuts.lower <= cut <= cuts.upper]
    without = spent(scores, labels, cuts.threshold, cuts.threshold, costs)
    assert all(without <= spent(scores, labels, cut, cut, costs) for cut in inside)


def test_a_person_who_costs_more_than_an_error_is_not_asked():
    data = (np.array([0.1, 0.4, 0.6, 0.9]), np.array([False, True, False, True]))
    costly, cheap = (cuts_for(data, "costs", review_cost=cost) for cost in (1.0, 0.1))
    assert costly.lower == costly.upper
    assert (cheap.lower, cheap.upper) == (0.25, 0.75)


@given(scored(), st.integers(2, 5))
def test_a_prevalence_weighs_as_if_pairs_were_repeated(data, times):
    scores, labels = data
    copies = np.where(labels, times, 1)
    more = (np.repeat(scores, copies), np.repeat(labels, copies))
    prevalence = float(more[1].mean())
    # Of equally good cuts rounding may choose another, so what they are worth is compared.
    for objective in ("accuracy", "f1"):
        ours, theirs = cuts_for(data, objective, prevalence=prevalence), cuts_for(more, objective)
        one, other = (
            quality(more[0] >= cuts.threshold, more[1], objective) for cuts in (ours, theirs)
        )
        assert one == pytest.approx(other, abs=1e-12)
    costs = DecisionConfig()
    weights = (costs.false_positive_cost, costs.false_negative_cost, costs.review_cost)
    ours, theirs = cuts_for(data, "costs", prevalence=prevalence), cuts_for(more, "costs")
    one, other = (spent(*more, cuts.lower, cuts.upper, weights) for cuts in (ours, theirs))
    assert one == pytest.approx(other, abs=1e-12)
