import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemel.config import DecisionConfig
from gemel.decision import Decision, Evidence, Verdict

cosines = st.lists(st.floats(-1, 1, width=32), max_size=8)


def decision_of(threshold=0.5, slope=10.0, intercept=-5.0, lower=None, upper=None):
    return Decision(
        threshold=threshold,
        lower=threshold if lower is None else lower,
        upper=threshold if upper is None else upper,
        slope=slope,
        intercept=intercept,
        settings=DecisionConfig(),
        pairs=10,
        prevalence=0.5,
        data="",
    )


@given(cosines, st.floats(-1, 1, width=32))
def test_a_similarity_that_reaches_the_threshold_is_a_duplicate(values, threshold):
    similarity = np.array([*values, threshold], np.float32)
    expected = [value >= threshold for value in similarity.tolist()]
    assert decision_of(threshold).is_duplicate(similarity).tolist() == expected


@given(cosines, st.floats(-50, 50), st.floats(-50, 50))
def test_probability_is_the_logistic_function(values, slope, intercept):
    expected = [1 / (1 + math.exp(-(slope * value + intercept))) for value in values]
    probability = decision_of(slope=slope, intercept=intercept).probability(
        np.array(values, np.float32)
    )
    expected = [
        max(likely, 0.99) if value == 1 else likely
        for value, likely in zip(values, expected, strict=True)
    ]
    assert probability.tolist() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("threshold", "slope"), [(0.5, -9.0), (1.5, 0.1), (3.0, 9.0), (1.0, 2.0)])
def test_copies_are_the_same_whatever_was_fitted(threshold, slope):
    decision = decision_of(threshold, slope=slope, intercept=-4.0)
    almost = np.nextafter(np.float32(1), np.float32(0))
    copy, other = decision.verdicts(np.array([1, almost], np.float32))
    assert copy.answer == "the same"
    assert copy.is_duplicate
    assert copy.probability >= 0.99
    assert other.probability < 0.99 or slope > 4
    assert other.is_duplicate is bool(almost >= threshold)


@pytest.mark.parametrize("slope", [1e6, -1e6, 1e300])
def test_probability_of_steep_calibrations_is_finite(slope):
    probability = decision_of(slope=slope).probability(np.array([-1.0, 0.0, 1.0]))
    assert ((probability >= 0) & (probability <= 1)).all()


@given(cosines)
def test_verdicts_say_all_in_order(values):
    similarity = np.array(values, np.float32)
    decision = decision_of(threshold=0.25, lower=-0.5, upper=0.5)
    assert decision.verdicts(similarity) == [
        Verdict(
            answer="not the same"
            if value < -0.5
            else "ask a person"
            if value < 0.5
            else "the same",
            similarity=value,
            probability=likely,
            is_duplicate=value >= 0.25,
            threshold=0.25,
        )
        for value, likely in zip(
            similarity.tolist(), decision.probability(similarity).tolist(), strict=True
        )
    ]


@pytest.mark.parametrize("name", ["threshold", "lower", "upper", "slope", "intercept"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_not_finite_are_refused(tiny_model, name, value):
    with pytest.raises(ValueError, match="must be finite"):
        dataclasses.replace(tiny_model.decision, **{name: value})


@pytest.mark.parametrize(("lower", "upper"), [(0.6, 0.7), (0.4, 0.45)])
def test_cuts_that_fall_are_refused(lower, upper):
    with pytest.raises(ValueError, match="must not fall"):
        decision_of(lower=lower, upper=upper)


@pytest.mark.parametrize("prevalence", [float("nan"), -3.0, 7.0])
def test_what_is_no_share_is_refused(tiny_model, prevalence):
    with pytest.raises(ValueError, match="prevalence must be from 0 to 1"):
        dataclasses.replace(tiny_model.decision, prevalence=prevalence)


def test_evidence_of_other_pairs_is_refused(tiny_model):
    similarity, labels = np.array([0.5, -0.5]), np.array([True, False])
    with pytest.raises(ValueError, match="must be of the 1234 pairs it was fitted on, not of 2"):
        dataclasses.replace(tiny_model.decision, evidence=Evidence.of(similarity, labels))
